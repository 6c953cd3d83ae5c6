"""Plans that somebody has to approve: with real keys, real signatures, and applies to this machine."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from approving import Approved

from opspact.ledger.apply_events import ApplyFinished
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped

pytestmark = pytest.mark.slow


def test_an_approved_plan_is_applied_and_its_approval_recorded(approved: Approved) -> None:
    approved.made()
    assert "approval change is missing (apply): 1 approver from customer" in approved.apply()
    assert approved.opspact("plan", "approvals", str(approved.plan)).code == 1
    approved.approve("he-jing")
    listed = json.loads(approved.opspact("plan", "approvals", str(approved.plan), "--format", "json").out)
    assert (listed["complete"], listed["approvals"][0]["approved"]) == (True, ["he-jing"])
    assert approved.apply() == ""
    assert approved.there == "second\n"
    (event,) = approved.events(ApprovalReceived)
    assert (event.person, event.plan, event.roles) == (
        "he-jing",
        json.loads(approved.plan.read_text())["digest"],
        ("customer",),
    )


def test_approvals_are_found_in_notes_on_the_commit_and_rubbish_there_is_left_out(approved: Approved) -> None:
    approved.made()
    file = approved.approve("he-jing")
    notes = {"he-jing": file.read_text(), "eve": "{}", "loud": "x" * 2_000_000}
    file.unlink()
    for name, text in notes.items():
        (approved.keys / "note").write_text(text)
        approved.contract.git("notes", "--ref", f"opspact/approvals/{name}", "add", "-F", str(approved.keys / "note"))
    listed = json.loads(approved.opspact("plan", "approvals", str(approved.plan), "--format", "json").out)
    assert (listed["complete"], listed["approvals"][0]["approved"]) == (True, ["he-jing"])

    approved.contract.git("commit", "--allow-empty", "-qm", "later")  # a note belongs to a commit
    approved.made()
    assert "approval change is missing" in approved.apply()
    (approved.keys / "note").write_text(notes["he-jing"])
    approved.contract.git("notes", "--ref", "opspact/approvals/he-jing", "add", "-f", "-F", str(approved.keys / "note"))
    assert "it is for another plan" in approved.apply()


def test_without_a_plan_file_there_is_no_way_round(approved: Approved) -> None:
    said = approved.opspact("apply", "--yes")
    assert (said.code, "opspact plan approve" in said.err) == (2, True)
    assert not approved.contract.kept.exists()


def test_a_plan_says_which_approval_apply_will_ask_for(approved: Approved) -> None:
    words = "change (apply): 1 approver from customer"
    for options in (["--base", "HEAD~1"], ["--live"]):
        assert f"approval needed: {words}" in approved.opspact("plan", *options).out
        said = approved.opspact("plan", *options, "--format", "markdown").out
        assert f"**Approval needed:** {words}" in said.replace("\\", "")


def test_what_does_not_count_is_refused_with_its_reason(approved: Approved) -> None:
    approved.made()
    approved.approve("zhang-wei")
    approved.approve("eve")
    said = approved.apply()
    assert "zhang-wei: does not approve for customer" in said
    assert "is nobody's signing key" in said
    assert len(approved.events(ApplyFinished)) == 1


def test_whoever_made_or_wrote_the_change_does_not_approve_it(
    approved: Approved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSPACT_ACTOR", "he-jing")
    approved.made()
    monkeypatch.setenv("OPSPACT_ACTOR", "gitlab")
    approved.approve("he-jing")
    assert "he-jing: is the requester" in approved.apply()
    approved.note("third\n")
    approved.commit(author="he-jing")
    approved.made()
    approved.approve("he-jing")
    assert "he-jing: is the requester" in approved.apply()


def test_whoever_approves_may_start_the_apply_of_what_others_asked_for(
    approved: Approved, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved.made()
    approved.approve("he-jing")
    monkeypatch.setenv("OPSPACT_ACTOR", "he-jing")
    assert approved.opspact("plan", "approvals", str(approved.plan)).code == 0
    assert not approved.apply()


def test_an_approval_of_another_plan_or_contract_counts_for_nothing(approved: Approved) -> None:
    approved.made()
    file = approved.approve("he-jing")
    approved.note("third\n")
    approved.commit()
    approved.made()
    assert "it is for another plan" in approved.apply()
    whole = json.loads(file.read_text())
    plan = json.loads(approved.plan.read_text())
    of_plan = {"plan": plan["digest"], "contract_digest": plan["contract"], "seal": plan["seal"]}
    file.write_text(json.dumps({**whole, **of_plan}))
    assert "is not for this content" in approved.apply()
    file.write_text(json.dumps({**whole, "contract": "other"}))
    assert "it is for another contract, 'other'" in approved.apply()
    file.write_text(json.dumps({**whole, "note": "and this"}))
    assert "is not an opspact approval" in approved.apply()


def test_a_host_that_changed_since_makes_the_plan_stale(approved: Approved) -> None:
    approved.made()
    approved.approve("he-jing")
    approved.contract.kept.write_text("by hand\n")
    assert "is stale" in approved.apply()


def test_the_base_decides_and_not_the_branch_that_lifts_the_approval(approved: Approved) -> None:
    (approved.contract.folder / "policies/approval.yaml").unlink()
    approved.person("eve")
    approved.commit()
    approved.made()
    approved.approve("eve")
    assert "is nobody's signing key" in approved.apply()
    approved.approve("he-jing")
    assert approved.apply() == ""


def test_a_revocation_counts_for_what_is_first_seen_after_it(approved: Approved) -> None:
    approved.made()
    approved.approve("he-jing")
    assert approved.opspact("plan", "approvals", str(approved.plan), "--record").code == 0
    approved.person("he-jing", of_key=", revoked: 2026-02-01T00:00")
    approved.note("first line\nsecond line\n")
    approved.applied()
    approved.note("second\n")
    approved.commit()
    approved.made()
    approved.approve("he-jing")
    assert "not valid since 2026-01-31T16:00:00Z" in approved.apply()


def test_what_was_received_in_time_stays_when_the_key_is_revoked(approved: Approved) -> None:
    approved.made()
    approved.approve("he-jing")
    assert approved.opspact("plan", "approvals", str(approved.plan), "--record").code == 0
    before = approved.contract.git("rev-parse", "HEAD")
    approved.person("he-jing", of_key=", revoked: 2026-02-01T00:00")
    approved.applied()
    approved.contract.git("reset", "-q", "--hard", before)
    listed = json.loads(approved.opspact("plan", "approvals", str(approved.plan), "--format", "json").out)
    assert listed["approvals"][0]["approved"] == ["he-jing"]


def test_reduced_commitments_and_other_approvers_need_their_approval(approved: Approved) -> None:
    approved.approval("weakening")
    approved.applied()
    approved.note("third\n")
    approved.commit()
    assert approved.opspact("apply", "--yes").code == 0  # nothing is reduced
    approved.person("eve")
    approved.commit()
    said = approved.opspact("apply", "--yes")
    assert (said.code, "approval change is missing (weakening)" in said.err) == (2, True)


def test_an_emergency_is_for_policies_that_allow_it_and_is_recorded(approved: Approved) -> None:
    emergency = ("--emergency", "--reason", "the disk fills up")
    approved.made()
    assert "needed in an emergency too" in approved.apply(*emergency)
    approved.approval("apply", more="emergency: {review_within: 24h}\n")
    approved.applied()
    approved.note("third\n")
    approved.commit()
    approved.made()
    assert approved.apply("--emergency", "--reason", " ") != ""
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    assert approved.opspact("freeze", "--reason", "audit", "--until", tomorrow).code == 0
    assert "has frozen all changes" in approved.apply(*emergency)
    assert approved.events(ApprovalSkipped) == [], "nothing was changed"
    assert approved.opspact("freeze", "--end", "--reason", "the audit is over").code == 0
    assert approved.apply(*emergency) == ""
    assert approved.there == "third\n"
    (event,) = approved.events(ApprovalSkipped)
    assert (event.policy, event.approvers, event.hosts) == ("approval/change", ("he-jing",), ("here",))
    assert event.reason == "the disk fills up"


def test_an_expired_approval_is_none(approved: Approved) -> None:
    approved.approval("apply", expires="1s")
    approved.applied()
    approved.note("third\n")
    approved.commit()
    approved.made()
    approved.approve("he-jing")
    time.sleep(1)
    assert "he-jing: expired at" in approved.apply()


def test_drift_is_not_fixed_without_the_approval_that_every_apply_needs(approved: Approved) -> None:
    rollout = "kind: rollout\nname: default\nwaves: [{percent: 100}]\nfix_drift: [service/note]\n"
    approved.contract.write("policies/rollout.yaml", rollout)
    approved.commit()
    approved.made()
    approved.approve("he-jing")
    assert approved.apply() == ""
    approved.contract.kept.write_text("by hand\n")

    said = approved.opspact("drift", "--fix")
    assert (said.code, approved.there) == (2, "by hand\n")
    assert "approval change is missing (apply)" in said.err
    assert f"file {approved.contract.kept}" in said.out
