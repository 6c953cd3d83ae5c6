"""Runs of a runbook with everything that can happen in one, as the ledger has them: always the same, to the byte.

In: nothing. Out: a ledger, a contract, transcripts.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from building import tree
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from ledgers import context

from opspact.fleet.ssh_signature import sign
from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.runbook_events import (
    Attachment,
    RunbookAnswered,
    RunbookNotice,
    RunbookStarted,
    RunbookStepEnded,
    StepOutcome,
)
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract import Contract
from opspact.model.names import RUNBOOK_NAMESPACE
from opspact.resolve.contract import resolve
from opspact.runbook.approval_statement import SignedApproval, Statement
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.history import read_run
from opspact.runbook.procedure import procedure
from opspact.runbook.run_text import RunText
from opspact.runbook.transcript import Transcript, transcript

AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
RUN = "runbook-20260302T190000Z-5f3c01"
HOSTILE = (
    "<script>alert('x')</script> & <img src=http://192.0.2.1/x>\n"
    "| a | `b` | **c** | [d](http://192.0.2.1) @everyone\n"
    "```\n# no heading\n"
    "\x1b[31mred\x1b[0m \u202egnp.exe\n"
    f"{'0123456789' * 30}\n"
    "数据库 oa 的表 document：共 12,345 行\n"
)
"""Output that tries to be something else, and a line too long for any page."""
POLICIES = """\
kind: clause
name: G1
section: "5.2"
text: {zh: 应急处理流程, en: Emergency procedure}
kept_by: opspact
evidence_within: 31 days
---
kind: clause
name: H4
section: "6.4"
text: {zh: 操作前确保数据安全, en: Data is safe before work begins}
kept_by: opspact
evidence_within: 31 days
---
kind: approval
name: replace
needs: {role: customer, count: 1, expires: 12h}
for: [restore]
---
kind: person
name: li-na
text: {zh: 李娜, en: Li Na}
teams: [operations]
from: 2026-01-01
account: lina
---
kind: person
name: wang-fang
text: {zh: 王芳, en: Wang Fang}
teams: [operations]
from: 2026-01-01
account: wangfang
"""
PERSON = """\
kind: person
name: he-jing
text: {zh: 何静, en: He Jing}
teams: [customer]
from: 2026-01-01
signing_keys: [{key: %s}]
"""
RUNBOOK = """\
kind: runbook
name: restore-table
clauses: [G1, H4]
text: {zh: 恢复误删的表, en: Restore a table that was dropped}
symptoms: {zh: [表不存在], en: [relation does not exist]}
risk: destructive
hosts: db
restore_point: daily
inputs:
  table: {text: {zh: 表名, en: name of the table}, pattern: "[a-z_]+"}
  password: {text: {zh: 数据库口令, en: password of the database}, secret: secret:env:DB_PASSWORD}
preconditions:
  - {text: {zh: 数据库已启动, en: The database is running}, check: [{unit: postgresql.service}]}
steps:
  - name: count
    text: {zh: 还剩多少行, en: Count the rows that are left}
    command: [psql, "--command", "SELECT count(*) FROM {{ table }}"]
    idempotent: true
    capture: {rows: {pattern: "[0-9]+"}}
  - name: photograph
    text: {zh: 记录现场, en: Record what is seen}
    manual: {zh: 拍下错误提示, en: Photograph the error message}
    attach: photo
    ask: {seen: {text: {zh: 现象, en: what is seen}}}
  - name: agree
    text: {zh: 等待用户批准, en: Wait for the customer}
    approve: replace
  - name: replace
    text: {zh: 换回备份中的表, en: Put the table of the backup in place}
    script: |
      psql --command "DROP TABLE IF EXISTS $table"
      pg_restore --table "$table" /srv/restored/oa.dump
    destructive: true
    retries: 1
    on_failure: rollback
    rollback: {command: [psql, "--command", "ALTER TABLE {{ table }}_before RENAME TO {{ table }}"]}
  - name: report
    text: {zh: 通知项目经理, en: Notify the operations team}
    notify: {to: team operations, message: {zh: 表已恢复, en: The table is restored}}
  - name: only-on-failure
    text: {zh: 联系厂家, en: Call the vendor}
    manual: {zh: 联系厂家, en: Call the vendor}
    when: {rows: "-1"}
evidence: {photo: {zh: 错误提示的照片, en: a photo of the error message}}
"""
BACKUP = """\
kind: backup
name: daily
hosts: db
what: {paths: [/etc]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
encryption: none
keep: {daily: 7}
rpo: 26h
rto: 4h
"""


def _key(folder: Path) -> tuple[Path, str]:
    """Return a key that is always the same: its file, its public line."""
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"he-jing").digest())
    file = folder / "he-jing"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    file.chmod(0o600)
    return file, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


class Recorder:
    """Records a run as the engine does, by a clock of its own."""

    def __init__(self, ledger: Ledger, contract: Contract) -> None:
        self.ledger, self.contract, self.at, self.actor, self.attempt = ledger, contract, AT, "lina", 0
        self.made = procedure(contract, contract.runbooks[0], ("db1",), inputs={})

    def record(self, *events: EventType, actor: str = "") -> None:
        self.at += timedelta(seconds=7)
        of = context(self.at, actor=actor or self.actor, contract="office", commit="3f" * 20)
        self.ledger.record_all(events, context=of)

    def begin(self, stage: str, actor: str) -> None:
        self.actor, self.attempt = actor, self.attempt + 1
        stages = tuple(each.name for each in self.made.steps)
        started = RunStarted(RUN, "runbook", stages, self.at, ("db1",), {"people": []}, self.attempt)
        self.record(started, StageStarted(RUN, stage, self.attempt))

    def end(self, outcome: RunOutcome, detail: str = "", signal: int = 0) -> None:
        self.record(RunFinished(RUN, outcome, detail, signal, self.attempt))

    def step(self, name: str, then: str = "", *, host: str = "db1", **fields: Any) -> None:
        """Record how a stage ended, and that the next one begins."""
        given = {"action": "command", "outcome": StepOutcome.DONE, "changed": False, "started": self.at, **fields}
        given |= {"host": host, "attempt": self.attempt, "ended": self.at + timedelta(seconds=5)}
        self.record(RunbookStepEnded(RUN, name, **given))
        next_ = [StageStarted(RUN, then, self.attempt)] if then else []
        self.record(StageFinished(RUN, name, RunOutcome.DONE, attempt=self.attempt), *next_)

    def approve(self, key: Path) -> None:
        (began,) = self.ledger.read(RunbookStarted, contract="office", subject=f"run/{RUN}")
        approvals = RunApprovals(self.ledger, self.contract, began)
        statement = Statement(approvals.to_approve("agree", "replace"), self.at)
        signature = sign(statement.signed_bytes(), RUNBOOK_NAMESPACE, key=key)
        self.at += timedelta(minutes=3)
        of = context(self.at, actor="he-jing", contract="office")
        approvals.receive([SignedApproval(statement, signature)], context=of)


def _to_approval(record: Recorder) -> None:
    """Three attempts: one was killed, one waited for an approval, one goes on after it."""
    inputs = {"table": "document", "password": "secret:env:DB_PASSWORD"}
    record.begin("preconditions", "lina")
    record.record(RunbookStarted(RUN, "restore-table", "d1" * 32, ("db1",), inputs, "li-na"))
    check = "done: unit postgresql.service is running\n"
    record.step("preconditions", "restore-point", action="preconditions", output=check)
    copy = "daily: the newest copy is 5h old and verified\ndone\n"
    record.step("restore-point", "count", action="restore point", output=copy, changed=True)
    command = ("psql", "--command", "SELECT count(*) FROM document")
    record.step(
        "count",
        "photograph",
        command=command,
        output=HOSTILE,
        size=len(HOSTILE.encode()),
        exit_code=0,
        values={"rows": "12345"},
        hidden=("token",),
    )
    record.at += timedelta(minutes=2)
    record.begin("photograph", "wangfang")  # the first attempt was killed
    photo = base64.b64encode(b"a photo").decode()
    attached = Attachment("photo", "错误<1>.jpg", hashlib.sha256(b"a photo").hexdigest(), 7, photo)
    record.record(RunbookAnswered(RUN, "photograph", "confirm", "done", (attached,)))
    record.record(RunbookAnswered(RUN, "photograph", "seen", 'ERROR: relation "document" does not exist'))
    record.step("photograph", "agree", host="", action="manual", values={"seen": "a | b"})
    why = "waiting: agree: approval replace is missing (run): 1 approver from customer, not the requester"
    record.record(StageFinished(RUN, "agree", RunOutcome.STOPPED, why, record.attempt))
    record.end(RunOutcome.STOPPED, why)


def _after_approval(record: Recorder, *, fails: bool) -> None:
    record.begin("agree", "lina")
    record.step("agree", "replace", host="", action="approve", output="approved by he-jing\n")
    script = 'psql --command "DROP TABLE IF EXISTS $table"\npg_restore --table "$table" /srv/restored/oa.dump\n'
    digest = hashlib.sha256(script.encode()).hexdigest()
    about: dict[str, Any] = {"action": "script", "command": (script,), "digest": digest}
    if fails:
        error = "pg_restore: error: could not open input file\n"
        about |= {"outcome": StepOutcome.FAILED, "exit_code": 1, "error_output": error, "detail": "exit code 1"}
        record.step("replace", "report", **about, changed=True, tries=2, following="rollback")
        return
    record.step("replace", "report", **about, exit_code=0, changed=True, tries=2)
    record.record(RunbookNotice(RUN, "report", "team operations", "表已恢复", record.attempt))
    record.step("report", "only-on-failure", host="", action="notify", output="team operations: 表已恢复\n")
    skipped: dict[str, Any] = {"outcome": StepOutcome.SKIPPED, "detail": "its condition does not hold", "changed": None}
    record.step("only-on-failure", "rollback-replace", host="", action="manual", **skipped)
    nothing: dict[str, Any] = {**skipped, "detail": "nothing is rolled back"}
    record.step("rollback-replace", "close", host="", **nothing)
    record.step("close", host="", action="close", changed=None)
    record.end(RunOutcome.DONE)


def _rolled_back(record: Recorder) -> None:
    skipped: dict[str, Any] = {"outcome": StepOutcome.SKIPPED, "detail": "the run is rolled back", "changed": None}
    record.step("report", "only-on-failure", host="", action="notify", **skipped)
    record.step("only-on-failure", "rollback-replace", host="", action="manual", **skipped)
    command = ("psql", "--command", "ALTER TABLE document_before RENAME TO document")
    record.step("rollback-replace", "close", command=command, exit_code=0, changed=True)
    failed: dict[str, Any] = {"outcome": StepOutcome.FAILED, "detail": "rolled back", "changed": None}
    record.step("close", host="", action="close", **failed)
    record.end(RunOutcome.FAILED, "rolled back")


CASES: Sequence[str] = ("done", "rolled-back", "waiting")


@contextmanager
def recorded_run(folder: Path, case: str = "done") -> Iterator[tuple[Ledger, Contract]]:
    """Yield a ledger with the run of a case, and its contract."""
    key, line = _key(folder)
    contract = resolve(tree(POLICIES, PERSON % line, RUNBOOK, BACKUP))
    with open_ledger(folder / "ledger.sqlite3") as ledger:
        record = Recorder(ledger, contract)
        _to_approval(record)
        if case != "waiting":
            record.approve(key)
            _after_approval(record, fails=case == "rolled-back")
        if case == "rolled-back":
            _rolled_back(record)
        yield ledger, contract


def transcript_of(ledger: Ledger, contract: Contract, *, is_same: bool = True) -> Transcript:
    """Return the transcript of the run; without its own text, by the names that the ledger has."""
    run = read_run(ledger, "office", RUN, now=AT + timedelta(days=1))
    made = procedure(contract, contract.runbooks[0], ("db1",), inputs={})
    return transcript(ledger, contract, run, text=RunText(made, is_same=True) if is_same else RunText())
