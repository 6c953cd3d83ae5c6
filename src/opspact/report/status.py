"""One screen for the person on duty: what is failed, late or unknown, what is due soon, where to look next.

Comes in: an assessment. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Assessment, Judged
from opspact.evidence.open_finding import OpenFinding
from opspact.obligations.obligation import Scheduled, State
from opspact.report.document import document
from opspact.report.freeze import freeze_data
from opspact.report.lines import Line, Part, line
from opspact.report.obligations import (
    MEANINGS,
    Group,
    count_text,
    group_lines,
    grouped,
    is_within_tolerance,
    obligation_data,
    state_counts,
)
from opspact.report.open_findings import open_finding_lines, open_findings_data
from opspact.rollout.freeze import Freeze
from opspact.text.counts import format_count
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset

SOON = timedelta(hours=24)
"""What is due within so long is shown."""
_MOST = 6  # groups of one state, so that the whole stays on a screen
_URGENT = (State.FAILED, State.LATE, State.UNKNOWN)


def due_soon(assessment: Assessment) -> list[Judged]:
    """Given an assessment, return what comes due, or late, within the next 24 hours, the first first."""
    end = assessment.now + SOON
    soon = [(at, each) for each in assessment.judged if (at := _next_instant(each)) and at <= end]
    return [each for _, each in sorted(soon, key=lambda one: (one[0], one[1].obligation.policy))]


def _next_instant(judged: Judged) -> datetime | None:
    """Return when something is to be done of it by: it is due, or was due and is late; None: nothing says when."""
    instants = (judged.judgement.next_due, judged.judgement.deadline)
    return min((at for at in instants if at), default=None)


def status_lines(assessment: Assessment, name: str, zone: ZoneInfo) -> Iterator[Line]:
    """Given an assessment, the contract's name and the zone for people, yield the screen."""
    yield line((name, "title"), f"  {format_minute_with_offset(assessment.now, zone)}")
    for state in _URGENT:
        yield from _state_lines(state, [each for each in assessment.judged if each.state is state], zone)
    yield from _finding_lines(assessment.findings, zone)
    yield from _due_lines(due_soon(assessment), zone)
    yield from _clause_lines(assessment)
    yield line()
    yield line(f"{format_count(len(assessment.judged), 'obligation')}: {count_text(assessment.count())}")
    yield from (line((text, "quiet")) for text in _next_commands(assessment))


def _state_lines(state: State, judged: list[Judged], zone: ZoneInfo) -> Iterator[Line]:
    if not judged:
        return
    yield line()
    yield line((f"{state.value} ({len(judged):,})", MEANINGS[state]))
    groups = grouped(judged)
    for group in groups[:_MOST]:
        for each in group_lines(group, zone, state=False):
            yield Line(each.parts, each.indent + 2, each.hang)
    yield from _more(groups)


def _more(groups: Sequence[Group]) -> Iterator[Line]:
    """Yield how many obligations are not shown: the heading counts obligations, and a group holds several."""
    if left := sum(map(len, groups[_MOST:])):
        yield line((f"and {left:,} more: opspact status --format json", "quiet"), indent=2)


def _finding_lines(findings: Sequence[OpenFinding], zone: ZoneInfo) -> Iterator[Line]:
    if not findings:
        return
    yield line()
    yield line((f"open findings of inspections and log reviews ({len(findings):,})", "doubt"))
    yield from open_finding_lines(findings[:_MOST], zone)
    if len(findings) > _MOST:
        yield line((f"and {len(findings) - _MOST:,} more: opspact inspect show", "quiet"), indent=2)


def _due_lines(soon: list[Judged], zone: ZoneInfo) -> Iterator[Line]:
    yield line()
    if not soon:
        yield line("due in the next 24 hours: nothing")
        return
    yield line(f"due in the next 24 hours ({len(soon):,})")
    at: dict[tuple[str, str, str], list[Judged]] = {}
    for each in soon:
        instant = _next_instant(each)
        assert instant is not None, "chosen by it"
        key = (format_minute_with_offset(instant, zone), each.obligation.policy, each.obligation.what)
        at.setdefault(key, []).append(each)
    for (when, policy, what), alike in list(at.items())[:_MOST]:
        number = f" ({format_count(len(alike), 'subject')})" if len(alike) > 1 else f": {alike[0].obligation.subject}"
        yield line(f"{when}  ", (policy, "title"), f"  {what}{number}", _due_note(alike[0]), indent=2, hang=4)
    yield from _more(list(at.values()))


def _due_note(judged: Judged) -> Part:
    """Return what else is to be known of what is due: that nobody does it, or that it is late by then."""
    if isinstance(judged.obligation.due, Scheduled) and not judged.obligation.source:
        return ("  not carried out by opspact", "doubt")
    if is_within_tolerance(judged.judgement) and _next_instant(judged) == judged.judgement.deadline:
        return ("  late from then", "doubt")
    return ""


def _clause_lines(assessment: Assessment) -> Iterator[Line]:
    """Yield the clauses that what is failed, late or unknown touches, and how many stand how."""
    touched = {state: [name for name, of in assessment.clauses.items() if of is state] for state in State}
    if not assessment.clauses:
        return
    yield line()
    for state in _URGENT:
        if touched[state]:
            yield line((f"clauses {state.value}: ", MEANINGS[state]), ", ".join(touched[state]), hang=4)
    counts = {state: len(names) for state, names in touched.items()}
    yield line(f"{format_count(len(assessment.clauses), 'clause')}: {count_text(counts)}")


def _next_commands(assessment: Assessment) -> Iterator[str]:
    """Yield the commands that show more of what is wrong."""
    urgent = [each.obligation for each in assessment.judged if each.state in _URGENT]
    if not urgent:
        return
    yield f"next: opspact trace {urgent[0].policy}"
    if any(each.proof.value == "check" for each in urgent):
        yield "next: opspact verify"
    if any(each.proof.value == "result" for each in urgent):
        yield "next: opspact inspect collect   (fetches pending results from hosts)"


def status_json(assessment: Assessment, frozen: Sequence[Freeze] = ()) -> str:
    """Given an assessment and the freezes that hold, return one JSON object; times in UTC."""
    return document(
        "status",
        {
            "at": format_instant_in_utc(assessment.now),
            "obligations": [obligation_data(each) for each in assessment.judged],
            "due_soon": [
                [each.obligation.policy, each.obligation.subject, each.obligation.what] for each in due_soon(assessment)
            ],
            "findings": open_findings_data(assessment.findings),
            "freezes": freeze_data(frozen),
            "clauses": {name: state.key for name, state in assessment.clauses.items()},
            "summary": state_counts(each.state for each in assessment.judged),
        },
    )
