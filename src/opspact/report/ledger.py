"""Events of the ledger, said in a line each, and what its verification came to.

Comes in: events. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import assert_never

from opspact.ledger.access_events import AccessEvent, AccessGranted, AccessReported
from opspact.ledger.apply_events import (
    ApplyEvent,
    ApplyFinished,
    ApplyStarted,
    ChangeGuarded,
    HostChecked,
    HostRetired,
    PolicyApplied,
    VerifyFinished,
)
from opspact.ledger.approval_events import ApprovalEvent, ApprovalReceived, ApprovalSkipped
from opspact.ledger.canonical import time_text
from opspact.ledger.event import SealedEvent
from opspact.ledger.events import AnyEvent, Recorded
from opspact.ledger.freeze_events import FreezeEvent, FreezeStarted
from opspact.ledger.job_events import HostReach, JobEvent, JobResult, ResultsLost
from opspact.ledger.person_events import PersonEvent
from opspact.ledger.redaction_events import RedactionEvent
from opspact.ledger.review_events import LogBaseline, LogsReviewed, ReviewEvent
from opspact.ledger.run_events import (
    HostTaken,
    LeaseReleased,
    LeaseTaken,
    RunEvent,
    RunFinished,
    RunRenewed,
    RunStarted,
    StageFinished,
    StageStarted,
)
from opspact.ledger.runbook_events import RunbookEvent
from opspact.ledger.verify import Verified
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.runbook_events import runbook_event_words
from opspact.steps.check import Reach
from opspact.text.counts import format_count
from opspact.text.names import join_names

_SHORT = 12
_MOST_REVERSALS = 20


def event_lines(events: Iterable[Recorded[AnyEvent]]) -> Iterator[Line]:
    """Given events, yield a line for each: number, time (UTC), who, what, from which commit, and what came of it."""
    for each in events:
        commit, plus, _ = each.commit.partition("+")
        said = ", ".join(filter(None, _said(each.event)))
        yield line(
            (f"{each.sequence:>6}  ", "quiet"),
            f"{time_text(each.at)[:19]}Z  ",
            (f"{each.event.kind}  ", "title"),
            "  ".join(part for part in (each.actor, commit[:_SHORT] + plus, said) if part),
            hang=8,
        )


def _said(event: AnyEvent) -> tuple[str, ...]:
    """Return what an event comes to, in a few words."""
    if isinstance(event, RunEvent):
        return _of_run(event)
    if isinstance(event, RunbookEvent):
        return runbook_event_words(event)
    if isinstance(event, JobEvent):
        return _of_job(event)
    if isinstance(event, AccessEvent | ApprovalEvent | FreezeEvent | PersonEvent | ReviewEvent):
        return _of_people(event)
    if isinstance(event, RedactionEvent):
        lines = format_count(len(event.planted), "sample line")
        found = f"unmasked in event {join_names(list(map(str, event.found)))}" if event.found else ""
        return (event.policy, f"{lines} recorded", found)
    return _of_apply(event)


def _of_people(event: AccessEvent | ApprovalEvent | FreezeEvent | PersonEvent | ReviewEvent) -> tuple[str, ...]:
    if isinstance(event, PersonEvent):
        found = "" if event.found is None else f"{event.found} counted"
        return (event.policy, event.what, event.day.isoformat(), event.person, found, event.note)
    if isinstance(event, ApprovalEvent):
        return _of_approval(event)
    if isinstance(event, FreezeEvent):
        until = f"until {time_text(event.until)[:19]}Z" if isinstance(event, FreezeStarted) else ""
        return (event.freeze, until, event.reason)
    return _of_review(event) if isinstance(event, ReviewEvent) else _of_access(event)


def _of_approval(event: ApprovalEvent) -> tuple[str, ...]:
    match event:
        case ApprovalReceived():
            return (f"plan {event.plan[:_SHORT]} of {event.requester}", event.person, event.fingerprint)
        case ApprovalSkipped():
            return (event.policy, event.run, event.person, format_count(len(event.hosts), "host"), event.reason)
        case _:
            assert_never(event)


def _of_review(event: ReviewEvent) -> tuple[str, ...]:
    match event:
        case LogBaseline():
            known = format_count(len(event.accounts), "account")
            return (event.policy, event.host, f"edition {event.edition}", known)
        case LogsReviewed():
            accepted = f"{format_count(len(event.accepted), 'use')} accepted" if event.accepted else ""
            return (event.policy, event.host, event.person, accepted, event.note)
        case _:
            assert_never(event)


def _of_access(event: AccessEvent) -> tuple[str, ...]:
    match event:
        case AccessGranted():
            until, hosts = f"until {time_text(event.until)[:19]}Z", format_count(len(event.hosts), "host")
            return (event.policy, event.grant, event.person, until, hosts, event.reason)
        case AccessReported():
            return (event.policy, event.grant, event.host, event.outcome, event.detail)
        case _:
            assert_never(event)


def _of_apply(event: ApplyEvent) -> tuple[str, ...]:
    match event:
        case ApplyStarted():
            said: tuple[str, ...] = (format_count(len(event.hosts), "host"),)
        case ApplyFinished():
            said = (format_count(len(event.hosts), "host"), "converged" if event.is_converged else "not converged")
        case HostChecked():
            unreached = "" if event.reach is Reach.REACHED else str(event.reach)
            said = (event.host, event.source, unreached or f"{event.ok} of {event.planned} ok", event.manifest)
        case VerifyFinished(ok=ok, failed=failed, unknown=unknown):
            bad = [f"{len(hosts)} {word}" for hosts, word in ((failed, "failed"), (unknown, "unknown")) if hosts]
            said = (format_count(len(ok) + len(failed) + len(unknown), "host"), *(bad or ["ok"]))
        case HostRetired():
            said = (event.host, event.reason)
        case ChangeGuarded():
            said = (event.host, event.state, event.why)
        case PolicyApplied():
            version = f"version {event.digest[:_SHORT]}" if event.digest else "no longer in the contract"
            where = format_count(len(event.hosts), "host") if event.hosts else ""
            removed = f"removed from {format_count(len(event.removed_from), 'host')}" if event.removed_from else ""
            said = (event.policy, version, where, removed)
        case _:
            assert_never(event)
    return said


def _of_job(event: JobEvent) -> tuple[str, ...]:
    match event:
        case JobResult():
            result = event.result
            return (result.job, result.host, result.outcome, result.verdict)
        case ResultsLost():
            return (event.job, event.host, f"results {event.first} to {event.last} lost")
        case HostReach():
            return (event.host, event.reach, event.detail)
        case _:
            assert_never(event)


def _of_run(event: RunEvent) -> tuple[str, ...]:
    match event:
        case RunStarted():
            return (event.procedure, format_count(len(event.hosts), "host"))
        case StageStarted():
            return (event.stage,)
        case StageFinished():
            return (event.stage, event.outcome, event.detail)
        case RunFinished():
            return (event.outcome, event.detail)
        case RunRenewed():
            return (f"until {time_text(event.until)[:19]}Z",)
        case HostTaken() | LeaseTaken() | LeaseReleased():
            by = f"by run {event.by or 'unknown'}" if isinstance(event, HostTaken) else ""
            return (event.host, f"token {event.token}", by)
        case _:
            assert_never(event)


def events_json(events: Iterable[SealedEvent]) -> str:
    """Given events, return one JSON object with all of them, as they are sealed."""
    return document("ledger-show", {"events": [event.as_json() for event in events]})


def verified_lines(outcome: str, verified: Verified) -> Iterator[Line]:
    """Given the words for what was done and what holds, yield its lines; times that run backwards are listed."""
    yield line((outcome, "good"), f": {format_count(verified.count, 'event')}")
    if reversals := verified.reversals:
        yield line(
            ("timestamps out of order", "doubt"), f": {format_count(len(reversals), 'event')}; the hash chain is intact"
        )
        yield from (line(str(each), indent=2) for each in islice(reversals, _MOST_REVERSALS))
        if len(reversals) > _MOST_REVERSALS:
            yield line(f"and {len(reversals) - _MOST_REVERSALS:,} more: use --format json to list all", indent=2)
    yield line(f"head {verified.head}")


def verified_data(verified: Verified) -> dict[str, object]:
    """Given what holds, return it as plain data."""
    reversals = [
        {"sequence": each.sequence, "at": time_text(each.at), "before": time_text(each.before)}
        for each in verified.reversals
    ]
    return {"events": verified.count, "head": str(verified.head), "times_run_backwards": reversals}


def verified_json(name: str, verified: Verified) -> str:
    """Given a document's name and what holds, return one JSON object."""
    return document(name, verified_data(verified))
