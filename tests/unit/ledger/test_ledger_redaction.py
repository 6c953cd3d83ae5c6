"""What is masked in events before they are sealed, and what never is."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opspact.ledger.apply_events import (
    ApplyFinished,
    ApplyStarted,
    CheckSource,
    HostChecked,
    HostOutcome,
    ManifestChanges,
)
from opspact.ledger.context import Context
from opspact.ledger.events import EVENT_TYPES, AnyEvent
from opspact.ledger.job_events import HostReach, JobResult
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.redaction import FREE_FIELDS, masked
from opspact.ledger.redaction_events import RedactionChecked
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStepEnded, StepOutcome
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.onhost.redaction import Redactor
from opspact.steps.check import Reach
from opspact.structs import fields

AT = datetime(2026, 3, 1, tzinfo=UTC)
SECRET = "Geheim7-lamp"
TEXT = f"it said password={SECRET}"
MASKED = "it said password=[redacted]"
REDACTOR = Redactor([{"patterns": [r"pin\d{4}"], "instead": "***"}])


def result(text: str, **facts: object) -> JobResult:
    item = Item(
        item="account", subject=text, verdict=Verdict.OK, message=text, facts={"commands": [["t", "root", text]]}
    )
    return JobResult(
        Result(
            job="log_review/daily",
            host="app1",
            spool="0" * 12,
            sequence=1,
            started=AT,
            ended=AT,
            outcome=Outcome.DONE,
            verdict=Verdict.OK,
            message=text,
            items=(item,),
            facts={"id": text, **facts},
        )
    )


EVENTS: dict[str, Callable[[str], AnyEvent]] = {
    "a check": lambda text: HostChecked(
        "app1", CheckSource.VERIFY, "d", detail=text, not_ok={f"file {TEXT}": f"failed: {text}"}, manifest=f"x: {text}"
    ),
    "a reach": lambda text: HostReach("app1", Reach.DOWN, text),
    "a record": lambda text: PersonRecorded("visit/a", TEXT, "li-na", AT.date(), note=text),
    "a stage": lambda text: StageFinished("run-1", TEXT, RunOutcome.FAILED, text),
    "a run": lambda text: RunFinished("run-1", RunOutcome.FAILED, text),
    "a start": lambda _: RunStarted("run-1", "apply", (TEXT,), AT, arguments={"message": TEXT}),
    "a plan": lambda _: ApplyStarted({}, manifests=ManifestChanges(steps=({"message": TEXT},))),
    "an apply": lambda text: ApplyFinished({"app1": HostOutcome(1, 0, why=text)}, is_converged=False, notes=(text,)),
    "a step": lambda text: RunbookStepEnded(
        run="r1",
        step=TEXT,
        host=TEXT,
        attempt=1,
        action="command",
        outcome=StepOutcome.DONE,
        started=AT,
        ended=AT,
        command=("echo", text),
        output=text,
        error_output=text,
        values={"said": text},
    ),
    "an answer": lambda text: RunbookAnswered("run-1", TEXT, "cause", text),
    "a redaction": lambda text: RedactionChecked("redaction/a", "0" * 12, (text,)),
}
"""Events by what is said in their free text; what else they hold stays as it is."""


@pytest.mark.parametrize("of", EVENTS.values(), ids=list(EVENTS))
def test_free_text_is_masked_and_what_identifies_or_is_gone_on_with_is_not(of: Callable[[str], AnyEvent]) -> None:
    assert masked(of(TEXT), REDACTOR) == of(MASKED)


def test_a_result_is_masked_in_its_messages_and_in_what_strangers_typed() -> None:
    found = masked(result(TEXT), REDACTOR).result
    (item,) = found.items
    assert (found.message, item.message, item.facts) == (MASKED, MASKED, {"commands": [["t", "root", MASKED]]})
    assert (item.subject, found.facts) == (TEXT, {"id": TEXT})


def test_an_event_without_secrets_is_the_same_one() -> None:
    clean = result("it said nothing")
    assert masked(clean, REDACTOR) is clean


def test_every_text_of_an_event_that_is_no_name_is_masked() -> None:
    """A new event with free text uses one of these names for it."""
    named = {each.name for kind in EVENT_TYPES.values() for each in fields(kind) if each.name in FREE_FIELDS}
    assert named >= {"detail", "note", "notes", "reason", "planted", "output", "values", "command", "answer"}
    plain = {each.name for kind in EVENT_TYPES.values() for each in fields(kind) if each.type is str} - FREE_FIELDS
    assert not plain & {"text", "output", "said", "comment", "description", "title", "stderr", "stdout"}


def test_what_is_recorded_is_masked_and_the_chain_holds(tmp_path: Path) -> None:
    context = Context(at=AT, actor="li-na", contract="office", redactor=REDACTOR)
    with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        recorded = ledger.record(result(f"{TEXT} pin4711"), context=context)
        ledger.record(HostReach("app1", Reach.DOWN, TEXT), context=Context(at=AT, actor="li-na", contract="office"))
        (sealed, _) = ledger.sealed()
        assert recorded.event.result.message == f"{MASKED} ***"
        assert ledger.walk().breaks() == ()
        assert next(iter(ledger.read(JobResult, contract="office"))).event == recorded.event
        assert (
            SECRET in sealed.body_text.replace(f'"subject":"{TEXT} pin4711"', "").replace(f'"id":"{TEXT} pin4711"', "")
        ) is False


@pytest.mark.parametrize(
    ("digest", "is_unmasked"), [(REDACTOR.digest, True), (Redactor().digest, False), (None, False)]
)
def test_a_result_says_that_its_host_did_not_mask_what_it_should_have(digest: str | None, is_unmasked: bool) -> None:
    facts = {} if digest is None else {"redaction": digest}
    assert result(TEXT, **facts).with_secrets_marked(REDACTOR).has_secrets is is_unmasked
    assert result("clean", **facts).with_secrets_marked(REDACTOR).has_secrets is False
