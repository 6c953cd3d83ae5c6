"""Commits that have to be signed before a plan of theirs is applied: with real keys, real signatures."""

import json

import pytest
from approving import Approved

pytestmark = pytest.mark.slow

SIGNED = ", signed_commits: true"


def test_where_commits_have_to_be_signed_each_new_one_is_by_a_person_of_the_base(approved: Approved) -> None:
    approved.approval("destructive", needs=SIGNED)
    approved.applied()
    approved.note("third\n")
    approved.commit()
    assert approved.opspact("apply", "--yes").code == 0, "only what is destructive asks for it"
    approved.approval("apply", needs=SIGNED, more="emergency: {review_within: 24h}\n")
    approved.applied()

    approved.note("unsigned\n")
    approved.commit()
    unsigned = approved.contract.git("rev-parse", "HEAD")
    approved.person("eve")
    approved.commit(signed_by="eve")  # who makes themself known in the change is not known to the base
    approved.note("fourth\n")
    approved.commit(signed_by="zhang-wei")
    approved.made()
    approved.approve("he-jing")

    for found in (approved.refused_commits("--live"), approved.refused_commits("--base", "HEAD~3")):
        assert found.pop(unsigned) == "it is not signed"
        (of_eve,) = found.values()
        assert "is nobody's signing key" in of_eve
    assert "Commits not signed as approval change asks (2)" in approved.opspact("plan", "--base", "HEAD~3").out
    markdown = approved.opspact("plan", "--base", "HEAD~3", "--format", "markdown").out
    assert "#### Commits not signed as approval change asks (2)" in markdown
    said = approved.apply()
    assert f"{unsigned[:12]}: it is not signed" in said
    assert "commits are not signed" in approved.apply("--emergency", "--reason", "the disk fills up")
    listed = approved.opspact("plan", "approvals", str(approved.plan))
    assert (listed.code, f"{unsigned[:12]}  it is not signed" in listed.out) == (1, True)
    assert approved.there == "third\n"


def test_a_change_whose_commits_are_signed_is_applied_but_not_approved_by_who_signed_it(approved: Approved) -> None:
    approved.approval("apply", needs=SIGNED)
    approved.applied()
    approved.note("third\n")
    approved.commit(signed_by="he-jing")
    approved.made()
    approved.approve("he-jing")
    assert "he-jing: is the requester" in approved.apply()
    approved.contract.git("reset", "-q", "--soft", "HEAD~1")
    approved.commit(signed_by="zhang-wei")
    approved.made()
    approved.approve("he-jing")
    assert approved.refused_commits("--live") == {}
    assert approved.apply() == ""
    assert approved.there == "third\n"


def test_files_that_are_not_committed_are_signed_by_nobody(approved: Approved) -> None:
    approved.approval("apply", needs=SIGNED)
    approved.applied()
    approved.note("third\n")
    approved.made()
    approved.approve("he-jing")
    assert "uncommitted: files differ from the commit" in approved.apply()


def test_a_key_of_somebody_who_left_or_that_was_revoked_signs_no_commit(approved: Approved) -> None:
    approved.approval("apply", needs=SIGNED)
    approved.person("zhang-wei", "operators", more="until: 2026-01-31\n")
    approved.person("li-na", "operators", of_key=", revoked: 2026-02-01T00:00")
    approved.applied()
    for name in ("zhang-wei", "li-na"):
        approved.note(f"by {name}\n")
        approved.contract.git("add", "-A")
        approved.commit(signed_by=name)
    found = approved.refused_commits("--base", "HEAD~2")
    assert sorted(found.values()) == [
        "the key of li-na is not valid since 2026-01-31T16:00:00Z",
        "the key of zhang-wei is not valid since 2026-01-31T16:00:00Z",
    ]


def test_what_the_repository_says_of_signatures_counts_for_nothing(approved: Approved) -> None:
    approved.approval("apply", needs=SIGNED)
    approved.applied()
    approved.note("third\n")
    approved.commit(signed_by="eve")
    signers = approved.keys / "signers"
    signers.write_text(f"eve {approved.key('eve').with_name('eve.pub').read_text()}")
    for name, value in (("gpg.format", "ssh"), ("gpg.ssh.allowedSignersFile", str(signers)), ("gpg.program", "true")):
        approved.contract.git("config", name, value)
    approved.contract.git("verify-commit", "HEAD")  # git is content
    (why,) = approved.refused_commits("--base", "HEAD~1").values()
    assert "is nobody's signing key" in why


def test_signed_commits_are_no_longer_asked_for_is_a_reduction(approved: Approved) -> None:
    approved.approval("apply", needs=SIGNED)
    approved.applied()
    approved.approval("apply")
    approved.commit()
    said = json.loads(approved.opspact("plan", "--base", "HEAD~1", "--format", "json").out)
    assert any("signed_commits" in each["message"] for each in said["reductions"])
    assert [(each["policy"], each["for"]) for each in said["approvals"]] == [("approval/change", ["apply"])]
