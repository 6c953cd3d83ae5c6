"""A secret in any text that a run records is in no byte of the ledger, and in no document made of it."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from building import tree
from ledgers import context
from runbook_transcripts import AT, BACKUP, POLICIES, RUN, RUNBOOK

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.runbook_events import (
    RunbookAbandoned,
    RunbookAnswered,
    RunbookNotice,
    RunbookStarted,
    RunbookStepEnded,
    StepOutcome,
)
from opspact.ledger.store import open_ledger
from opspact.report.lines import plain
from opspact.report.page_html import page_html
from opspact.report.page_markdown import page_markdown
from opspact.report.page_text import page_lines
from opspact.report.runbook_list import run_lines, runs_json
from opspact.report.runbook_transcript import transcript_page
from opspact.report.transcript_json import transcript_json
from opspact.resolve.contract import resolve
from opspact.runbook.history import newest_runs
from opspact.runbook.run_text import RunText
from opspact.runbook.transcript import transcript
from opspact.workspace.workspace import redactor

REDACTION = """\
kind: redaction
name: phones
patterns: ['(?<![0-9])1[3-9][0-9]{9}(?![0-9])']
hides: ["联系电话 13000000000"]
"""
CANARY, PHONE = "Kanarien7-vogel", "13912345678"
"""What anybody would know as a secret by the word before it, and what only the contract's policy says is one."""
TEXTS = (
    f"password={CANARY}",
    f"口令\uff1a{CANARY}",
    f"Authorization: Bearer {CANARY}",
    f"postgresql://oa:{CANARY}@db1/oa",
    f"联系电话 {PHONE}",
)


def events(text: str) -> list[EventType]:
    step = RunbookStepEnded(
        RUN,
        "count",
        "db1",
        1,
        "command",
        StepOutcome.FAILED,
        AT,
        AT,
        command=("psql", text),
        output=f"line\n{text}\nline\n",
        error_output=text,
        values={"seen": text},
        detail=text,
    )
    return [
        RunStarted(RUN, "runbook", ("count",), AT, ("db1",), {"runbook": "restore-table"}),
        RunbookStarted(RUN, "restore-table", "d" * 64, ("db1",), {"table": text}),
        StageStarted(RUN, "count"),
        step,
        RunbookAnswered(RUN, "count", "seen", text),
        RunbookNotice(RUN, "count", "team operations", text, 1),
        StageFinished(RUN, "count", RunOutcome.FAILED, text),
        RunFinished(RUN, RunOutcome.FAILED, text),
        RunbookAbandoned(RUN, text),
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_is_in_no_byte_of_the_ledger_and_in_no_document(text: str, tmp_path: Path) -> None:
    contract = resolve(tree(POLICIES, REDACTION, RUNBOOK, BACKUP))
    of = context(AT, contract="office", redactor=redactor(contract))
    with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        ledger.record_all(events(text), context=of)
        (run,) = newest_runs(ledger, "office", "", now=AT, limit=5)
        found = transcript(ledger, contract, run, text=RunText())
        page = transcript_page(found, contract, "zh-CN")
        documents = [
            transcript_json(found),
            page_html(page),
            page_markdown(page),
            plain(page_lines(page)),
            runs_json([run]),
            plain(run_lines([run], ZoneInfo("UTC"))),
            *(sealed.as_line() for sealed in ledger.sealed()),
        ]
    written = [file.read_bytes() for file in tmp_path.iterdir()]
    assert written
    for secret in (CANARY, PHONE):
        assert not any(secret in each for each in documents)
        assert not any(secret.encode() in each for each in written)
    assert len(found.steps[0].results) == 1
