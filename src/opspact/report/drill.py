"""Drills of emergencies: what came of each.

Comes in: drills. Goes out: lines, JSON; and how to cure what one has left behind.
"""

import shlex
from collections.abc import Iterator, Sequence

from opspact.errors import OpspactError
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed, RunbookStarted
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.runbook.drill import DrillResult
from opspact.runbook.rehearsal import PlannedRun
from opspact.structs import Struct
from opspact.text.durations import format_hours
from opspact.text.instants import format_instant_in_utc


class DrillReport(Struct):
    """A drill of an emergency; `noticed_by`: the inspection that had to notice its fault, or empty."""

    emergency: str
    noticed_by: str
    result: DrillResult


def drill_lines(reports: Sequence[DrillReport]) -> Iterator[Line]:
    """Given drills, yield what came of each."""
    for each in reports:
        event = each.result.event
        is_done = event.outcome is RunOutcome.DONE
        word = ("cured", "good") if is_done else (event.outcome.value, "bad")
        yield line((f"{each.emergency}  ", "title"), f"{event.host}  ", word, f"  {_words(each)}", hang=4)
        for name, run in (("fault", event.fault_run), ("cure", event.runbook_run)):
            if run:
                yield line(f"{name}: `opspact runbook show {run}`", indent=2)


def _words(report: DrillReport) -> str:
    event = report.result.event
    if event.outcome is not RunOutcome.DONE:
        return event.detail
    noticed = f"noticed by {report.noticed_by}, " if event.noticed else ""
    return f"{noticed}cured in {format_hours(round(recovery_seconds(event) or 0))}"


def recovery_seconds(event: EmergencyRehearsed) -> float | None:
    """Given a drill, return the time from the fault to the end of its runbook, in seconds; None: it was not cured."""
    return (event.cured - event.broken).total_seconds() if event.cured and event.broken else None


def refused_lines(emergency: str, error: OpspactError) -> Iterator[Line]:
    """Given an emergency that cannot be rehearsed, yield why."""
    yield line((f"{emergency}  ", "title"), ("not rehearsed", "doubt"), f"  {error}", hang=4)


def open_fault_lines(event: EmergencyRehearsed, cure: PlannedRun) -> Iterator[Line]:
    """Given a drill whose fault may still be there, yield that, and how to cure it."""
    yield line(("the fault may still be there", "bad"), f" on {event.host}")
    if event.runbook_run and event.cured is None:
        yield line(f"`opspact runbook resume {event.runbook_run}` goes on with the cure", indent=2)
    if event.cured or event.outcome is not RunOutcome.STOPPED or not event.runbook_run:
        yield _cure_line(event.host, cure)


def earlier_fault_lines(made: RunbookStarted, host: str, cure: PlannedRun | None) -> Iterator[Line]:
    """Given the run that made the fault of an earlier drill, and what cures it, yield that it may still be there."""
    words = f" on {host}: run {made.run} made it, and {made.drill} was not cured since"
    yield line(("the fault of an earlier drill may still be there", "doubt"), words, hang=4)
    if cure:
        yield _cure_line(host, cure)


def _cure_line(host: str, cure: PlannedRun) -> Line:
    inputs = [word for name, text in cure.inputs.items() for word in ("--input", f"{name}={text}")]
    command = shlex.join(["opspact", "runbook", "run", cure.runbook.name, "--host", host, *inputs])
    return line(f"`{command}` cures it", indent=2, hang=4)


def not_recorded_lines(emergency: str, error: OpspactError) -> Iterator[Line]:
    """Given an emergency whose drill could not be recorded, yield why."""
    yield line((f"{emergency}  ", "title"), ("the drill is not recorded", "bad"), f"  {error}", hang=4)


def drill_json(reports: Sequence[DrillReport]) -> str:
    """Given drills, return them as JSON."""
    return document("runbook-drill", {"drills": [_data(each) for each in reports]})


def _data(report: DrillReport) -> dict[str, object]:
    event = report.result.event
    instants = {name: getattr(event, name) for name in ("began", "broken", "noticed", "cured")}
    return {
        "emergency": report.emergency,
        "host": event.host,
        "outcome": event.outcome.value,
        "detail": event.detail,
        "noticed_by": report.noticed_by,
        **{name: format_instant_in_utc(at) if at else None for name, at in instants.items()},
        "fault_remains": report.result.fault_remains,
        "is_recorded": not report.result.unrecorded,
        "seconds_to_cure": recovery_seconds(event),
        "fault_run": event.fault_run,
        "runbook_run": event.runbook_run,
    }
