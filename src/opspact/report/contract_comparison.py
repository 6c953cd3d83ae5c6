"""What a change does to the contract itself, shown before the changes on hosts.

In: a comparison of two contracts. Out: lines, rows, JSON.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from zoneinfo import ZoneInfo

from opspact.analyse.deadline_comparison import DeadlineChange
from opspact.analyse.finding_comparison import FindingComparison
from opspact.model.finding import Finding, Severity
from opspact.model.policies.sla import Milestone
from opspact.model.time.calendar import Interval
from opspact.obligations.obligation import AfterEach, Due, Obligation, Scheduled, Within
from opspact.plan.obligation_comparison import ObligationChange, ObligationDifference
from opspact.report.lines import Line, line
from opspact.report.oncall import DutyChanges, duty_data, duty_lines
from opspact.report.reductions import finding_data, reduction_lines
from opspact.rollout.contract_comparison import ContractComparison
from opspact.text.counts import format_count
from opspact.text.durations import format_duration
from opspact.text.instants import format_instant, format_instant_in_utc
from opspact.text.names import join_names, list_names

MOST_ROWS = 30
"""Rows of each section that are shown for people; JSON has them all."""
MOST_SUBJECTS = 4

ADDED, REMOVED, CHANGED = ("+", "good"), ("-", "bad"), ("~", "doubt")
FOUND, NO_LONGER_FOUND = ("+", "bad"), ("-", "good")
_OF_OBLIGATIONS: Mapping[ObligationDifference, tuple[str, str]] = {
    ObligationDifference.NEW: ADDED,
    ObligationDifference.GONE: REMOVED,
    ObligationDifference.DUE: CHANGED,
    ObligationDifference.TERMS: CHANGED,
}

Row = tuple[tuple[str, str], str]
"""The sign of a difference with its meaning, and its words."""


def duty_of(comparison: ContractComparison) -> DutyChanges:
    """Given a comparison, return who changes when, with what names them."""
    return DutyChanges(comparison.before, comparison.after, comparison.duty)


def contract_lines(comparison: ContractComparison) -> Iterator[Line]:
    """Given a comparison, yield it for people: what is reduced first; nothing where the contracts are equal."""
    yield from reduction_lines(comparison.reductions)
    yield from duty_lines(duty_of(comparison))
    for heading, rows in parts(comparison):
        yield line((heading, "title"))
        for policy, of_policy in groupby(rows[:MOST_ROWS], key=lambda row: row[0]):
            yield line((policy, "quiet"), indent=2)
            for _, ((sign, meaning), words) in of_policy:
                yield line((f"{sign} ", meaning), words, indent=4)
        if (more := len(rows) - MOST_ROWS) > 0:
            yield line(f"and {more:,} more: use --format json to list all", indent=2)
        yield line()


def contract_summary(comparison: ContractComparison) -> list[str]:
    """Given a comparison, return how much of each kind differs, in words: what is reduced first."""
    new = sum(finding.severity is not Severity.NOTE for finding in comparison.findings.new)
    counts = (
        (len(comparison.reductions), "reduced commitment", "reduced commitments"),
        (len(comparison.duty), "change of duty", "changes of duty"),
        (len(comparison.deadlines), "changed deadline", "changed deadlines"),
        (new, "new error or warning", "new errors and warnings"),
        (len(comparison.findings.gone), "finding gone", "findings gone"),
        (len(comparison.obligations), "changed obligation", "changed obligations"),
    )
    return [format_count(number, one, many) for number, one, many in counts if number]


def parts(comparison: ContractComparison) -> Iterator[tuple[str, list[tuple[str, Row]]]]:
    """Given a comparison, yield each section that is not empty: its heading, and its rows with their policies."""
    zone = ZoneInfo(comparison.after.zone)
    found = (
        ("deadlines that change", [(f"sla/{each.sla}", _deadline(each, zone)) for each in comparison.deadlines]),
        ("findings that change", _findings(comparison.findings)),
        ("obligations that change", [(_policy(each), _obligation(each)) for each in comparison.obligations]),
    )
    return ((heading, rows) for heading, rows in found if rows)


def equal_words(comparison: ContractComparison) -> str:
    """Given a comparison without differences, return what is the same; and the policies that say something else."""
    names = comparison.policies
    changed = [*names.new, *names.gone, *names.changed]
    beside = f"; policies with other texts: {list_names(changed)}" if changed else ""
    return f"the steps, obligations, findings, deadlines and duty are the same{beside}"


def _policy(change: ObligationChange) -> str:
    obligation = change.obligation
    return f"{obligation.policy}  [{', '.join(obligation.clauses)}]" if obligation.clauses else obligation.policy


def _obligation(change: ObligationChange) -> Row:
    obligation, subjects = change.obligation, list_names(change.subjects, MOST_SUBJECTS)
    of = "" if subjects == obligation.policy else f" of {subjects}"
    return _OF_OBLIGATIONS[change.difference], f"{obligation.what}{of}: {_terms(change)}"


def _terms(change: ObligationChange) -> str:
    match change.before, change.after:
        case Obligation() as before, Obligation() as after if change.difference is ObligationDifference.DUE:
            return f"{due_words(before.due, after.due)} → {due_words(after.due, before.due)}"
        case Obligation() as before, Obligation() as after:
            return "; ".join(f"{name}: {was} → {now}" for name, was, now in _other_terms(before, after))
        case Obligation() as before, None:
            return f"no longer owed ({due_words(before.due)})"
        case _:
            return _carried_out(change.obligation, due_words(change.obligation.due))


def _carried_out(obligation: Obligation, words: str) -> str:
    return words if obligation.source else f"{words}; not carried out: {obligation.reason}"


def _other_terms(before: Obligation, after: Obligation) -> Iterator[tuple[str, str, str]]:
    for name, was, now in (
        ("proof", before.proof.value, after.proof.value),
        ("clauses", ", ".join(before.clauses) or "none", ", ".join(after.clauses) or "none"),
        ("carried out", *("yes" if each.source else f"no ({each.reason})" for each in (before, after))),
        ("evidence", *(_evidence_words(each) for each in (before, after))),
    ):
        if was != now:
            yield name, was, now


def _evidence_words(obligation: Obligation) -> str:
    limit = obligation.evidence_within
    return f"within {format_duration(limit.total_seconds())}" if limit else "of any age"


def due_words(due: Due | None, other: Due | None = None) -> str:
    """Given when something is due, return it in words; given also when it was or will be, say what distinguishes it."""
    match due:
        case Scheduled():
            zone = f" ({due.zone.key})" if isinstance(other, Scheduled) and other.zone != due.zone else ""
            is_tolerance = isinstance(other, Scheduled) and other.tolerance != due.tolerance
            late = f", late after {format_duration(due.tolerance.total_seconds())}" if is_tolerance else ""
            return f"due {due.schedule}{zone}{late}"
        case Within():
            late = f", {due.overdue.value} then" if isinstance(other, Within) and other.overdue != due.overdue else ""
            return f"due within {due.text or format_duration(due.time.total_seconds())}{late}"
        case AfterEach():
            return f"due within {due.text or format_duration(due.time.total_seconds())} after each"
        case None:
            return "due at no set time"


def _deadline(change: DeadlineChange, zone: ZoneInfo) -> Row:
    name = f"level {change.level} {change.milestone}"
    match change.before, change.after:
        case Milestone() as before, Milestone() as after:
            one, other = _milestone_words(before, after), _milestone_words(after, before)
            hours = _hours_words(after.calendar, change.hours, zone) if change.hours else ""
            return CHANGED, f"{name}: {' and '.join(filter(None, (f'{one} → {other}' if one != other else '', hours)))}"
        case None, Milestone() as after:
            return ADDED, f"{name}: {_milestone_words(after, None)}"
        case before, _:
            return REMOVED, f"{name}: no longer promised ({_milestone_words(before, None) if before else ''})"


def _hours_words(calendar: str, hours: Interval, zone: ZoneInfo) -> str:
    start, end = (format_instant(at, zone) for at in hours)
    return f"calendar {calendar} has other hours, first from {start} to {end}"


def _milestone_words(milestone: Milestone, other: Milestone | None) -> str:
    """Return when a milestone is due; what the other one has in the same way is left out, but for the time."""
    parts = [f"within {milestone.within}"]
    if other is None or other.calendar != milestone.calendar:
        parts.append(f"calendar {milestone.calendar}")
    if milestone.after and (other is None or other.after != milestone.after):
        parts.append(f"after {milestone.after}")
    if other is not None and not milestone.after and other.after:
        parts.append("after the report")
    if other is not None and set(other.pauses) != set(milestone.pauses):
        parts.append(f"paused by {join_names(milestone.pauses)}" if milestone.pauses else "never paused")
    return ", ".join(parts)


def _findings(findings: FindingComparison) -> list[tuple[str, Row]]:
    rows = [(finding.policy, (FOUND, _finding(finding))) for finding in findings.new]
    rows += [
        (now.policy, (CHANGED, f"{now.code} {was.severity.value} → {_finding(now).partition(' ')[2]}"))
        for was, now in findings.changed
    ]
    rows += [(finding.policy, (NO_LONGER_FOUND, f"{_finding(finding)} (in the base)")) for finding in findings.gone]
    return sorted(rows, key=lambda row: row[0])


def _finding(finding: Finding) -> str:
    accepted = f" ({finding.accepted})" if finding.accepted else ""
    return f"{finding.code} {finding.severity.value} {finding.place}: {finding.message}{accepted}"


def contract_data(comparison: ContractComparison) -> dict[str, object]:
    """Given a comparison, return it for scripts, as keys of a plan."""
    names = comparison.policies
    return {
        "duty": duty_data(duty_of(comparison)),
        **({"reductions": list(map(finding_data, comparison.reductions))} if comparison.reductions else {}),
        "deadlines": [_deadline_data(each) for each in comparison.deadlines],
        "findings": {
            "new": [finding_data(finding) for finding in comparison.findings.new],
            "gone": [finding_data(finding) for finding in comparison.findings.gone],
            "changed": [
                {**finding_data(now), "severity_before": was.severity.value} for was, now in comparison.findings.changed
            ],
        },
        "obligations": [_obligation_data(each) for each in comparison.obligations],
        "policies": {"new": list(names.new), "gone": list(names.gone), "changed": list(names.changed)},
    }


def _deadline_data(change: DeadlineChange) -> dict[str, object]:
    sides = (("before", change.before), ("after", change.after))
    return {
        "sla": change.sla,
        "level": change.level,
        "milestone": change.milestone,
        **{side: _milestone_data(milestone) if milestone else None for side, milestone in sides},
        "other_hours": [format_instant_in_utc(at) for at in change.hours] if change.hours else None,
    }


def _milestone_data(milestone: Milestone) -> dict[str, object]:
    return {
        "within": str(milestone.within),
        "calendar": milestone.calendar,
        "after": milestone.after,
        "pauses": list(milestone.pauses),
    }


def _obligation_data(change: ObligationChange) -> dict[str, object]:
    sides = (("before", change.before), ("after", change.after))
    return {
        "policy": change.obligation.policy,
        "obligation": change.obligation.what,
        "difference": change.difference.value,
        "subjects": list(change.subjects),
        **{side: _owed_data(obligation) if obligation else None for side, obligation in sides},
    }


def _owed_data(obligation: Obligation) -> dict[str, object]:
    return {
        "due": due_words(obligation.due).removeprefix("due "),
        "proof": obligation.proof.value,
        "carried_out": obligation.source is not None,
        "clauses": list(obligation.clauses),
    }
