"""Rules about guard periods: what they ask of inspections, hosts that nothing watches more closely, overlaps.

Comes in: a rule context. Goes out: violations.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from opspact.analyse.host_sets import host_sets, union
from opspact.analyse.recurrence import overlap_occasion
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import days
from opspact.analyse.windows import window_times
from opspact.model.contract_jobs import inspection_job
from opspact.model.finding import Severity
from opspact.model.guard_periods import GuardInspection, guard_inspections
from opspact.model.job import INSPECTION
from opspact.model.policies.window import Window
from opspact.model.time.occupancy import taken
from opspact.model.time.occurrences import occurrences
from opspact.text.names import join_names
from opspact.values.period import Period
from opspact.values.schedule import Schedule

_DAY = timedelta(days=1)
_OF_EQUAL_INTERVALS = "database_growth"
"""The item that compares equal intervals: measured more often, volumes are no longer those of a day."""


def _denser(context: RuleContext) -> tuple[GuardInspection, ...]:
    return tuple(guard_inspections(context.contract))


def _not_denser(context: RuleContext) -> Iterator[Violation]:
    for each in context.once(_denser):
        if each.schedule.days is None:
            continue
        usual, asked = (
            _runs(schedule, each.schedule.days, context.zone) for schedule in (each.inspection.schedule, each.schedule)
        )
        if asked and len(asked) <= len(usual):
            message = (
                f'"{each.schedule}" runs {each.inspection.name} {len(asked)} times, its own schedule '
                f'"{each.inspection.schedule}" {len(usual)} times'
            )
            yield Violation(each.window.origin.policy, message, _path(each), subject=each.inspection.name)


def _runs(schedule: Schedule, within: Period, zone: ZoneInfo) -> list[datetime]:
    start, end = (datetime.combine(day, time(), zone) for day in (within.first, within.last + _DAY))
    return list(occurrences(schedule, zone, start, end=end))


def _path(each: GuardInspection) -> tuple[str, str]:
    return ("inspections", each.inspection.name)


def _not_inspected(context: RuleContext) -> Iterator[Violation]:
    sets = context.once(host_sets)
    by_window: dict[str, list[GuardInspection]] = defaultdict(list)
    for each in context.once(_denser):
        by_window[each.window.name].append(each)
        if not each.hosts:
            message = f"inspection {each.inspection.name} runs on none of the hosts of {each.window.title}"
            yield Violation(each.window.origin.policy, message, _path(each), subject=each.inspection.name)
    for of_window in by_window.values():
        window = of_window[0].window
        inspected = union(sets.of(each.hosts) for each in of_window if each.hosts)
        missing = sets.of(window.hosts) & ~inspected
        if inspected and missing:
            named = join_names([each.inspection.name for each in of_window], last="or")
            message = f"{sets.format(missing)}: not inspected more often in {window.title}, as not inspected by {named}"
            yield Violation(window.origin.policy, message, ("hosts",))


def _unequal_intervals(context: RuleContext) -> Iterator[Violation]:
    for each in context.once(_denser):
        if any(item.settings["item"] == _OF_EQUAL_INTERVALS for item in each.inspection.items):
            measures = f"inspection {each.inspection.name} measures {_OF_EQUAL_INTERVALS}"
            message = f"{measures}, and runs more often in {each.window.title}"
            yield Violation(each.window.origin.policy, message, _path(each), subject=each.inspection.name)


def _in_a_blackout(context: RuleContext) -> Iterator[Violation]:
    """Find inspections that a guard period has run during a blackout that does not allow them."""
    looked_at, sets = context.once(days), context.once(host_sets)
    closed = [each for each in context.contract.windows if each.blackout and INSPECTION.policy_kind not in each.allows]
    for each in context.once(_denser) if closed else ():
        runs = taken(each.schedule, looked_at, days=looked_at.due_days(each.schedule), seconds=0)
        for blackout in closed:
            common = sets.of(each.hosts) & sets.of(blackout.hosts) if each.hosts else 0
            met = overlap_occasion(runs, window_times(blackout, looked_at), looked_at) if common else None
            if met:
                job = inspection_job(each.inspection)
                message = f"{each.window.title} runs {job.title} on {sets.format(common)} during {blackout.title} {met}"
                yield Violation(
                    each.window.origin.policy,
                    message,
                    _path(each),
                    f"Set allows: [{INSPECTION.policy_kind}] in the blackout.",
                    subject=f"{each.inspection.name} {blackout.name}",
                    repeats=met.recurrence,
                )


def _two_at_once(context: RuleContext) -> Iterator[Violation]:
    sets = context.once(host_sets)
    for one, other in combinations([each for each in context.contract.windows if each.guard], 2):
        both, common = _common_days(one, other), sets.of(one.hosts) & sets.of(other.hosts)
        if both and common:
            message = f"{other.title} overlaps {one.title} on {sets.format(common)}: {both}"
            yield Violation(other.origin.policy, message, other.path, subject=one.origin.policy)


def _common_days(one: Window, other: Window) -> Period | None:
    """Return the days that two guard periods share."""
    periods = [each.days for each in (one, other) if each.days]
    first, last = max((each.first for each in periods), default=date.max), min(each.last for each in periods)
    return Period(first, last) if first <= last else None


RULES = (
    Rule(
        code="OP461",
        family="schedules",
        severity=Severity.WARNING,
        title="A guard period inspects no more often than usual",
        why="The inspection runs on both schedules; the customer expects it more often on these days.",
        remedy="Choose a schedule that runs more often than the inspection's own, or remove it from the guard period.",
        find=_not_denser,
    ),
    Rule(
        code="OP462",
        family="schedules",
        severity=Severity.WARNING,
        title="A guard period has hosts that it does not have inspected more often",
        why="The guard period covers these hosts, but none of the inspections that it lists runs there.",
        remedy="Add the hosts to one of the inspections, or list one that runs there.",
        find=_not_inspected,
    ),
    Rule(
        code="OP463",
        family="schedules",
        severity=Severity.WARNING,
        title="A guard period has growth measured more often",
        why="The item database_growth compares intervals of one length: shorter ones cause false alarms.",
        remedy="Move the item to an inspection of its own, which the guard period does not list.",
        find=_unequal_intervals,
    ),
    Rule(
        code="OP464",
        family="schedules",
        severity=Severity.ERROR,
        title="A guard period runs an inspection during a blackout",
        why="The customer was assured that nothing runs at this time; timers do not check blackouts.",
        remedy="Allow inspections in the blackout, or choose other days or hosts.",
        find=_in_a_blackout,
    ),
    Rule(
        code="OP465",
        family="schedules",
        severity=Severity.WARNING,
        title="Two guard periods overlap",
        why="Both hold: it is not clear which of them the customer relies on, and ending one does not end the other.",
        remedy="Make one guard period of them, or change the days or the hosts.",
        find=_two_at_once,
    ),
)
