"""Events of runbooks, said in a few words each.

Comes in: events. Goes out: words.
"""

from typing import assert_never

from opspact.ledger.runbook_events import (
    EmergencyRehearsed,
    RunbookAbandoned,
    RunbookAnswered,
    RunbookApproved,
    RunbookEvent,
    RunbookNotice,
    RunbookStarted,
    RunbookStepEnded,
    RunbookTarget,
)
from opspact.text.counts import format_count
from opspact.text.names import join_names


def runbook_event_words(event: RunbookEvent) -> tuple[str, ...]:
    """Given an event of a runbook, return what it comes to."""
    if isinstance(event, EmergencyRehearsed):
        return (event.host, event.outcome, event.detail)
    return (event.run, *_said(event))


_OfRun = (
    RunbookAbandoned
    | RunbookAnswered
    | RunbookApproved
    | RunbookNotice
    | RunbookStarted
    | RunbookStepEnded
    | RunbookTarget
)


def _said(event: _OfRun) -> tuple[str, ...]:
    match event:
        case RunbookStarted():
            drill = f"drill of {event.drill}" if event.drill else ""
            return (event.runbook, join_names(list(event.targets)), drill)
        case RunbookTarget():
            return (event.runbook, event.host)
        case RunbookAbandoned():
            return (event.reason,)
        case _:
            return _at_step(event)


def _at_step(event: RunbookStepEnded | RunbookAnswered | RunbookApproved | RunbookNotice) -> tuple[str, ...]:
    match event:
        case RunbookStepEnded():
            code = "" if event.exit_code is None else f"exit code {event.exit_code}"
            return (event.step, event.host, event.outcome, code, event.detail)
        case RunbookAnswered():
            attached = format_count(len(event.attachments), "attachment") if event.attachments else ""
            return (event.step, f"{event.question}: {event.answer}", attached)
        case RunbookApproved():
            return (event.step, event.person, event.fingerprint)
        case RunbookNotice():
            return (event.step, event.recipient, event.message)
        case _:
            assert_never(event)
