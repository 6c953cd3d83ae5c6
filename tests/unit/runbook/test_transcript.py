"""Transcripts: what is in them, and that a change of the ledger is seen."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import context
from runbook_transcripts import AT, HOSTILE, RUN, recorded_run, transcript_of

from opspact.errors import LedgerBroken
from opspact.ledger.runbook_events import RunbookApproved, RunbookStarted, StepOutcome
from opspact.runbook.approvals import RunApprovals


def tamper(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.sqlite3")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()


def test_everything_of_a_run_is_in_it(tmp_path: Path) -> None:
    with recorded_run(tmp_path) as (ledger, contract):
        found = transcript_of(ledger, contract)
        events = {event.hash for event in ledger.sealed()}
    assert [(each.interrupted_in, each.end is not None) for each in found.attempts] == [
        ("photograph", False),
        ("", True),
        ("", True),
    ]
    steps = {each.name: each for each in found.steps}
    assert found.text.procedure is not None
    assert list(steps) == [each.name for each in found.text.procedure.steps]
    assert steps["count"].results[0].event.output == HOSTILE
    assert [each.name for each in steps["photograph"].attachments] == ["photo"]
    assert steps["photograph"].answers[0].event.answer == "done"
    (approval,) = steps["agree"].approvals
    assert approval.proof is not None
    assert (approval.proof.person, approval.proof.why) == ("he-jing", "")
    assert steps["only-on-failure"].results[0].event.outcome is StepOutcome.SKIPPED
    assert steps["report"].notices[0].event.recipient == "team operations"
    assert (found.seconds_to_cure, found.run.word, found.breaks) == (496.0, "done", ())
    assert {found.first.hash, found.last.hash} <= events


def test_a_run_that_waits_has_no_end_and_one_that_was_rolled_back_no_cure(tmp_path: Path) -> None:
    for case, word in (("waiting", "waiting"), ("rolled-back", "rolled back")):
        (tmp_path / case).mkdir()
        with recorded_run(tmp_path / case, case) as (ledger, contract):
            found = transcript_of(ledger, contract)
        assert (found.run.word, found.seconds_to_cure, found.ended is None) == (word, None, case == "waiting")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE opspact_events SET actor = 'eve' WHERE sequence = 13", "event 13 was changed"),
        ("DELETE FROM opspact_events WHERE sequence = 19", "event 19 is missing"),
        ("UPDATE opspact_events SET previous = hash WHERE sequence = 30", "event 30"),
    ],
)
def test_a_changed_or_missing_event_between_the_first_and_the_last_is_seen(
    tmp_path: Path, statement: str, why: str
) -> None:
    with recorded_run(tmp_path) as (ledger, contract):
        assert not transcript_of(ledger, contract).breaks
        tamper(tmp_path, statement)
        try:
            breaks = " ".join(each.message for each in transcript_of(ledger, contract).breaks)
        except LedgerBroken as broken:  # an event of the run itself: nothing is shown that does not give its hash
            breaks = " ".join(each.message for each in broken.breaks)
    assert why in breaks


def test_a_forged_approval_is_shown_as_one(tmp_path: Path) -> None:
    with recorded_run(tmp_path, "waiting") as (ledger, contract):
        (began,) = ledger.read(RunbookStarted, contract="office", subject=f"run/{RUN}")
        thing = RunApprovals(ledger, contract, began).to_approve("agree", "replace")
        forged = RunbookApproved(RUN, "agree", "he-jing", "SHA256:x", AT, ("customer",), "lina", thing.own_digest, "x")
        ledger.record(forged, context=context(AT, contract="office"))
        (step,) = (each for each in transcript_of(ledger, contract).steps if each.name == "agree")
    (approval,) = step.approvals
    assert approval.proof is not None
    assert approval.proof.why == "it is not an SSH signature"
