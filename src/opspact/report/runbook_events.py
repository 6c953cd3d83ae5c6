"""Events of runbooks, said in a few words each.

Comes in: events. Goes out: words.
"""

from typing import assert_never

from opspact.ledger.runbook_events import (
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
    match event:
        case RunbookStarted():
            drill = f"drill of {event.drill}" if event.drill else ""
            return (event.run, event.runbook, join_names(list(event.targets)), drill)
        case RunbookTarget():
            return (event.run, event.runbook, event.host)
        case RunbookStepEnded():
            code = "" if event.exit_code is None else f"exit code {event.exit_code}"
            return (event.run, event.step, event.host, event.outcome, code, event.detail)
        case RunbookAnswered():
            attached = format_count(len(event.attachments), "attachment") if event.attachments else ""
            return (event.run, event.step, f"{event.question}: {event.answer}", attached)
        case RunbookApproved():
            return (event.run, event.step, event.person, event.fingerprint)
        case RunbookNotice():
            return (event.run, event.step, event.recipient, event.message)
        case RunbookAbandoned():
            return (event.run, event.reason)
        case _:
            assert_never(event)
