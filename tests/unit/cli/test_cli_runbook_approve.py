"""`opspact runbook approve` on the tiny contract: by people with real keys, into the ledger or a file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from calling import Call, Contract, Said
from ledgers import context
from runbook_runs import APPROVAL, PERSON, RUNBOOK
from signing import make_key, public_line

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.runbook_events import (
    RunbookAbandoned,
    RunbookApproved,
    RunbookStarted,
    RunbookStepEnded,
    StepOutcome,
)
from opspact.ledger.store import open_ledger
from opspact.resolve.contract import resolve
from opspact.runbook.procedure import procedure
from opspact.schema.contract_files import read_tree

pytestmark = pytest.mark.slow


class Waiting:
    """The tiny contract with a run that waits for an approval."""

    def __init__(self, contract: Contract, opspact: Call, keys: Path) -> None:
        self.contract, self.opspact = contract, opspact
        contract.write("runbooks/restore.yaml", RUNBOOK.replace("hosts: db", "hosts: here"))
        contract.write("policies/approval.yaml", APPROVAL % (1, "true"))
        keys.mkdir()
        self.keys = {name: make_key(keys, name) for name in ("he-jing", "li-na", "wang-fang")}
        for name, key in self.keys.items():
            line = f"signing_keys: [{{key: {public_line(key)}}}]\n"
            contract.write(f"policies/{name}.yaml", PERSON % (name, "customer", name, name.replace("-", ""), line))
        (contract.folder / ".opspact").mkdir()
        now = datetime.now(UTC)
        policies = resolve(read_tree(contract.folder))
        digest = procedure(policies, policies.runbooks[0], ("here",), inputs={}).digest
        self.record(
            RunStarted("r1", "runbook", ("count", "agree", "replace"), now + timedelta(hours=1), ("here",)),
            RunbookStarted("r1", "restore", digest, ("here",), {"database": "oa"}),
        )
        self.begin("count")

    @property
    def ledger(self) -> Path:
        return self.contract.folder / ".opspact/ledger.sqlite3"

    def record(self, *events: EventType, actor: str = "li-na") -> None:
        with open_ledger(self.ledger) as ledger:
            ledger.record_all(events, context=context(datetime.now(UTC), actor=actor, contract="tiny"))

    def begin(self, stage: str) -> None:
        self.record(StageStarted("r1", stage))

    def end(self, stage: str) -> None:
        now = datetime.now(UTC)
        ended = RunbookStepEnded("r1", stage, "here", 1, "command", StepOutcome.DONE, now, now)
        self.record(ended, StageFinished("r1", stage, RunOutcome.DONE))

    def wait(self) -> None:
        """The run comes to the step that has to be approved, and its process ends."""
        self.end("count")
        self.begin("agree")
        why = "waiting: agree: approval replace is missing"
        self.record(StageFinished("r1", "agree", RunOutcome.STOPPED, why), RunFinished("r1", RunOutcome.STOPPED, why))

    def approve(self, name: str, *options: str) -> Said:
        return self.opspact("runbook", "approve", "r1", *options, "--key", str(self.keys[name]))

    def approvers(self) -> list[str]:
        with open_ledger(self.ledger, create=False) as ledger:
            return [each.event.person for each in ledger.read(RunbookApproved, contract="tiny")]


@pytest.fixture
def waiting(contract: Contract, opspact: Call, tmp_path: Path) -> Waiting:
    return Waiting(contract, opspact, tmp_path / "keys")


def test_who_approves_sees_what_it_is_and_it_is_recorded(waiting: Waiting) -> None:
    waiting.wait()
    said = waiting.approve("he-jing", "agree")
    assert said.code == 0, said.err
    for shown in ("run r1 of li-na", "database: oa", "targets: here", "step: agree: 等待批准"):
        assert shown in said.out
    assert "approved by he-jing, recorded in the ledger" in said.out
    assert "the run uses commit a1b2c3; this directory has none" in said.out
    assert waiting.approvers() == ["he-jing"]


def test_the_requester_is_refused_and_nothing_is_recorded(waiting: Waiting) -> None:
    waiting.wait()
    said = waiting.approve("li-na")
    assert (said.code, "li-na: is the requester" in said.err) == (2, True)
    assert waiting.approvers() == []


def test_an_approval_is_written_to_a_file(waiting: Waiting, tmp_path: Path) -> None:
    waiting.wait()
    said = waiting.approve("he-jing", "--out", str(tmp_path / "yes"))
    assert said.code == 0, said.err
    written = json.loads((tmp_path / "yes").read_text())
    assert (written["schema"], written["step"], written["inputs"]) == (
        "opspact/runbook-approval",
        "agree",
        {"database": "oa"},
    )
    assert waiting.approvers() == []
    assert waiting.approve("he-jing", "--out", str(tmp_path / "no/yes")).code == 2


def test_only_the_step_that_waits_is_approved(waiting: Waiting) -> None:
    assert "does not wait for an approval" in (said := waiting.approve("he-jing").err)
    assert "it is at step count" in said
    waiting.end("count")
    assert "it is between two steps" in waiting.approve("he-jing").err
    waiting.begin("agree")
    assert "does not wait for step replace" in waiting.approve("he-jing", "replace").err
    assert waiting.approve("he-jing").code == 0
    waiting.end("agree")
    assert waiting.approve("he-jing").code == 2


def test_a_step_whose_approval_counts_no_more_is_approved_again(waiting: Waiting) -> None:
    waiting.end("count")
    waiting.begin("agree")
    assert waiting.approve("he-jing").code == 0
    waiting.end("agree")
    assert "it is between two steps" in waiting.approve("wang-fang").err
    until = datetime.now(UTC) + timedelta(hours=1)
    waiting.record(RunStarted("r1", "runbook", (), until, ("here",), {}, 2), actor="he-jing")
    waiting.begin("replace")
    assert "does not wait for step replace" in waiting.approve("wang-fang", "replace").err
    assert "he-jing: is the requester" in waiting.approve("he-jing").err
    said = waiting.approve("wang-fang")
    assert (said.code, "step agree of run r1 approved by wang-fang" in said.out) == (0, True), said
    assert "approved before, but that no longer counts; the run is at step replace now" in said.out
    assert "it is at step replace" in waiting.approve("wang-fang").err  # it counts


def test_a_runbook_that_is_another_one_here_is_not_approved(waiting: Waiting) -> None:
    waiting.wait()
    waiting.contract.write("runbooks/restore.yaml", RUNBOOK.replace("hosts: db", "hosts: here").replace("mv", "rm"))
    assert "was changed since run r1 began" in waiting.approve("he-jing").err


def test_a_run_that_is_over_needs_no_approval(waiting: Waiting) -> None:
    waiting.wait()
    waiting.record(RunbookAbandoned("r1", "no longer needed"))
    said = waiting.approve("he-jing")
    assert (said.code, "run r1 is abandoned" in said.err) == (2, True)


def test_a_run_that_the_ledger_does_not_have(waiting: Waiting) -> None:
    said = waiting.opspact("runbook", "approve", "r2")
    assert (said.code, "there is no run r2 of a runbook" in said.err) == (4, True)
    for file in waiting.ledger.parent.glob("ledger*"):
        file.unlink()
    said = waiting.opspact("runbook", "approve", "r1", "--out", "yes")
    assert (said.code, "there is no ledger" in said.err) == (4, True)
