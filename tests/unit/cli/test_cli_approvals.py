"""Plans that somebody has to approve: with real keys, real signatures, and applies to this machine."""

import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from calling import Call, Contract
from ledgers import context

from opspact.ledger.apply_events import ApplyFinished, HostOutcome
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped
from opspact.ledger.events import E
from opspact.ledger.store import open_ledger

pytestmark = pytest.mark.slow

APPROVAL = """\
kind: approval
name: {name}
clauses: [C1]
needs: {{role: customer, count: {count}, expires: {expires}{needs}}}
for: [{occasion}]
{more}"""
PERSON = """\
kind: person
name: {name}
teams: [{team}]
from: 2026-01-01
{more}signing_keys: [{{key: {key}{of_key}}}]
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPSPACT_ACTOR", "gitlab")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


class Approved:
    """The tiny contract in git, its people with keys, and opspact called for it."""

    def __init__(self, contract: Contract, opspact: Call, keys: Path) -> None:
        self.contract, self.opspact, self.keys = contract, opspact, keys
        self.plan = contract.folder.parent / "plan.json"

    def key(self, name: str) -> Path:
        file = self.keys / name
        if not file.exists():
            self.keys.mkdir(exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
        return file

    def person(self, name: str, team: str = "customer", *, more: str = "", of_key: str = "") -> None:
        public = self.key(name).with_name(f"{name}.pub").read_text().strip()
        text = PERSON.format(name=name, team=team, key=public, more=more, of_key=of_key)
        self.contract.write(f"policies/{name}.yaml", text)

    def approval(
        self, occasion: str, *, count: int = 1, expires: str = "7 days", more: str = "", needs: str = ""
    ) -> None:
        text = APPROVAL.format(name="change", count=count, expires=expires, needs=needs, occasion=occasion, more=more)
        self.contract.write("policies/approval.yaml", text)

    def note(self, text: str) -> None:
        self.contract.write("files/note", text)

    def commit(self, author: str = "test@example.com", *, signed_by: str = "") -> None:
        if not (self.contract.folder / ".git").exists():
            self.contract.git("init", "-q")
        self.contract.git("add", "-A")
        key = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={self.key(signed_by)}") if signed_by else ()
        signs = ("-S",) if signed_by else ()
        self.contract.git(*key, "commit", "-qm", "a change", f"--author=somebody <{author}>", *signs)

    def refused_commits(self, *options: str) -> dict[str, str]:
        """Return why commits do not count, by their first digits or what stands in their place, as plan says it."""
        said = json.loads(self.opspact("plan", *options, "--format", "json").out)
        return {each["commit"]: each["why"] for each in said["signed_commits"]["refused"]}

    def applied(self) -> None:
        """Commit, and record that this is what was applied last."""
        self.commit()
        event = ApplyFinished({"here": HostOutcome(1, 1)}, is_converged=True)
        of = context(datetime.now(UTC), contract="tiny", commit=self.contract.git("rev-parse", "HEAD"))
        (self.contract.folder / ".opspact").mkdir(exist_ok=True)
        with open_ledger(self.contract.folder / ".opspact/ledger.sqlite3") as ledger:
            ledger.record(event, context=of)

    def made(self) -> None:
        """Write the plan file of what is to be done now."""
        assert self.opspact("plan", "--live", "--out", str(self.plan)).code == 0

    def approve(self, name: str, *options: str) -> Path:
        said = self.opspact("plan", "approve", str(self.plan), "--key", str(self.key(name)), *options)
        assert said.code == 0, said.err
        return self.plan.with_name(f"{self.plan.name}.{name}.approval")

    def apply(self, *options: str) -> str:
        """Apply the plan file; return why that is refused, empty when it is not."""
        said = self.opspact("apply", str(self.plan), *options)
        assert said.code in {0, 2}, said.err
        return said.err if said.code else ""

    def events(self, kind: type[E]) -> list[E]:
        with open_ledger(self.contract.folder / ".opspact/ledger.sqlite3", create=False) as ledger:
            return [each.event for each in ledger.read(kind, contract="tiny")]

    @property
    def there(self) -> str:
        return self.contract.kept.read_text()


@pytest.fixture
def approved(contract: Contract, opspact: Call, tmp_path: Path) -> Approved:
    """A contract that was applied, and in which the customer's He Jing approves every apply."""
    made = Approved(contract, opspact, tmp_path / "keys")
    made.person("he-jing")
    made.person("zhang-wei", "operators")
    made.approval("apply")
    made.applied()
    made.note("second\n")
    made.commit()
    return made


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


def test_an_approval_of_another_plan_or_contract_counts_for_nothing(approved: Approved) -> None:
    approved.made()
    file = approved.approve("he-jing")
    approved.note("third\n")
    approved.commit()
    approved.made()
    assert "it is for another plan" in approved.apply()
    whole = json.loads(file.read_text())
    plan = json.loads(approved.plan.read_text())
    file.write_text(json.dumps({**whole, "plan": plan["digest"], "contract_digest": plan["contract"]}))
    assert "is not for this content" in approved.apply()
    file.write_text(json.dumps({**whole, "contract": "other"}))
    assert "it is for another contract, 'other'" in approved.apply()
    file.write_text(json.dumps({**whole, "note": "and this"}))
    assert "is not an opspact approval" in approved.apply()


def test_a_plan_file_that_was_altered_is_refused(approved: Approved) -> None:
    approved.made()
    approved.approve("he-jing")
    text = approved.plan.read_text()
    for was, now in (('"why": "', '"why": "!'), ('"digest": "', '"digest": "0'), ("file ", "file_")):
        altered = text.replace(was, now, 1)
        assert altered != text
        approved.plan.write_text(altered)
        assert approved.apply() != ""
    approved.plan.write_text(text)
    assert approved.apply() == ""


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
