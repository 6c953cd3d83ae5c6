"""A contract with a runbook that has to be approved, people with keys, and runs of it as the ledger has them.

In: what happened. Out: a ledger that says so, and what people sign.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from building import tree
from ledgers import context
from signing import make_key, public_line

from opspact.fleet.ssh_signature import sign
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunStarted, StageStarted
from opspact.ledger.runbook_events import RunbookStarted, RunbookStepEnded, StepOutcome
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract import Contract
from opspact.model.names import RUNBOOK_NAMESPACE
from opspact.resolve.contract import resolve
from opspact.runbook.approval_statement import SignedApproval, Statement
from opspact.runbook.approvals import RunApprovals

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
RUN = "restore-1"
RUNBOOK = """\
kind: runbook
name: restore
text: {zh: 恢复数据库, en: Restore the database}
risk: destructive
hosts: db
inputs:
  database: {text: {zh: 数据库, en: the database}, pattern: "[a-z]+"}
steps:
  - name: count
    text: {zh: 有多少记录, en: Count the records}
    command: [psql, "{{ database }}"]
    idempotent: true
  - name: agree
    text: {zh: 等待批准, en: Wait for approval}
    approve: replace
  - name: replace
    text: {zh: 替换数据库, en: Replace the database}
    script: mv oa_restored oa
    destructive: true
"""
APPROVAL = """\
kind: approval
name: replace
needs: {role: customer, count: %d, expires: 12h, not_requester: %s}
for: [restore]
"""
PERSON = """\
kind: person
name: %s
teams: [%s]
from: 2026-01-01
channels: {email: %s@example.com}
account: %s
%s"""


class People:
    """People with keys, and the contract in which they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._policies: dict[str, str] = {"runbook": RUNBOOK}
        self.approval()
        self.add("he-jing")
        self.add("li-na", account="lina")

    def approval(self, *, count: int = 1, not_requester: str = "true") -> None:
        self._policies["approval"] = APPROVAL % (count, not_requester)

    def key(self, name: str) -> Path:
        file = self.folder / name
        return file if file.exists() else make_key(self.folder, name)

    def add(self, name: str, team: str = "customer", *, account: str = "", line: str = "", of_key: str = "") -> None:
        key = f"signing_keys: [{{key: {line or public_line(self.key(name))}{of_key}}}]\n"
        self._policies[name] = PERSON % (name, team, name, account or name.replace("-", ""), key)

    def contract(self, *, name: str = "office") -> Contract:
        found = tree(*self._policies.values())
        written = found["policies/contract.yaml"].replace(b"name: office\n", f"name: {name}\n".encode())
        return resolve({**found, "policies/contract.yaml": written})


class Runs:
    """A ledger in which runs are recorded as they go on, by a clock of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.at = ledger, AT

    def record(self, events: Iterable[EventType], *, actor: str = "li-na", **fields: Any) -> None:
        self.at += timedelta(minutes=1)
        self.ledger.record_all(list(events), context=context(self.at, actor=actor, contract="office", **fields))

    def begin(
        self, *, actor: str = "li-na", run: str = RUN, inputs: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        """Record that a run began and has come to the step that has to be approved."""
        until = self.at + timedelta(hours=1)
        stages = ("count", "agree", "replace")
        started = RunbookStarted(run, "restore", "d" * 64, ("db1",), {"database": "oa"} if inputs is None else inputs)
        arguments = {"runbook": "restore", "targets": ["db1"], "drill": "", **fields}
        self.record([RunStarted(run, "runbook", stages, until, ("db1",), arguments), started], actor=actor)
        self.record([StageStarted(run, "count")], actor=actor)
        self.end("count", actor=actor, run=run)
        self.record([StageStarted(run, "agree")], actor=actor)

    def resume(self, *, actor: str, attempt: int = 2, **arguments: Any) -> None:
        until = self.at + timedelta(hours=1)
        self.record([RunStarted(RUN, "runbook", (), until, ("db1",), arguments, attempt)], actor=actor)

    def end(self, step: str, *, actor: str = "li-na", run: str = RUN, **fields: Any) -> None:
        ended = {"host": "db1", "attempt": 1, "action": "command", "outcome": StepOutcome.DONE, **fields}
        self.record([RunbookStepEnded(run, step, started=self.at, ended=self.at, **ended)], actor=actor)

    def approvals(self, contract: Contract, run: str = RUN) -> RunApprovals:
        (started,) = self.ledger.read(RunbookStarted, contract="office", subject=f"run/{run}")
        return RunApprovals(self.ledger, contract, started)


@contextmanager
def runs(folder: Path) -> Iterator[Runs]:
    with open_ledger(folder / "ledger.sqlite3") as ledger:
        yield Runs(ledger)


def signed(approvals: RunApprovals, key: Path, at: datetime, *, step: str = "agree") -> SignedApproval:
    """Return the approval of a step as the run stands now."""
    statement = Statement(approvals.to_approve(step, "replace"), at.replace(microsecond=0))
    return SignedApproval(statement, sign(statement.signed_bytes(), RUNBOOK_NAMESPACE, key=key), "he-jing.approval")
