"""Rules about how much a person can carry: hours a week, rest, other work beside duty.

Comes in: a rule context. Goes out: violations.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from zoneinfo import ZoneInfo

from opspact.analyse.clock_changes import explain_length
from opspact.analyse.duty import called, instant, shifts_by_person
from opspact.analyse.recurrence import format_days, format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Recurrence, Severity
from opspact.model.roster.assigned_work import AssignedWork
from opspact.model.roster.duty import Shift, known_until
from opspact.model.time.calendar import Interval
from opspact.model.time.intervals import union
from opspact.model.time.occurrences import occurrences
from opspact.text.durations import format_hours
from opspact.values.duration import Duration

_WEEK = timedelta(days=7)
_DAY = 86_400.0
_MOMENT = timedelta(microseconds=1)
_LONGER_THAN_A_MONTH = timedelta(days=32)
_start = attrgetter("start")


def _per_week(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        for roster, most in _limits(context, shifts, "per_week").items():
            weeks = _seconds_by_week(context, _counted(context, shifts, roster))
            over = {week: seconds for week, seconds in weeks.items() if seconds > most.seconds}
            if over:
                first = min(over)
                repeats = Recurrence(len(over), first, "week") if len(over) > 1 else None
                message = (
                    f"{called(context, person)} has {format_hours(over[first])} of duty {format_days(repeats)}"
                    f"in the week of {first}; {roster} allows {most}"
                )
                yield Violation(f"roster/{roster}", message, ("limits", "per_week"), subject=person, repeats=repeats)


def _per_shift(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        for roster, most in _limits(context, shifts, "per_shift").items():
            spells = union([(shift.start, shift.end) for shift in _counted(context, shifts, roster)])
            own = {shift.start for shift in shifts if shift.roster == roster}
            long = [
                (start, end)
                for start, end in spells
                if (end - start).total_seconds() > most.seconds and any(start <= at < end for at in own)
            ]
            if long:
                hours = format_hours((long[0][1] - long[0][0]).total_seconds())
                message = (
                    f"{called(context, person)} is on duty for {hours} without a break "
                    f"{format_recurrence(context, long)}{explain_length(context, *long[0])}; {roster} allows {most}"
                )
                repeats = recurrence(context, long)
                yield Violation(f"roster/{roster}", message, ("limits", "per_shift"), subject=person, repeats=repeats)


def _rest(context: RuleContext) -> Iterator[Violation]:
    for person, shifts in shifts_by_person(context).items():
        limits = _limits(context, shifts, "rest")
        by_roster: dict[str, dict[datetime, float]] = {name: {} for name in limits}
        reported: set[datetime] = set()
        for roster in sorted(limits, key=lambda name: -limits[name].seconds):  # each rest once: by the strictest
            for rest, at in _too_short(_counted(context, shifts, roster), roster, limits[roster].seconds):
                if at not in reported:
                    by_roster[roster][at] = rest
            reported |= by_roster[roster].keys()
        for roster, short in by_roster.items():
            if short:
                begin = min(short)
                repeats = recurrence(context, [(at, at + _MOMENT) for at in sorted(short)])
                message = (
                    f"{called(context, person)} has {format_hours(short[begin])} of rest {format_days(repeats)}"
                    f"before {instant(context, begin)}; {roster} requires {limits[roster]}"
                )
                yield Violation(f"roster/{roster}", message, ("limits", "rest"), subject=person, repeats=repeats)


def _limits(context: RuleContext, shifts: Sequence[Shift], which: str) -> dict[str, Duration]:
    """Return the limits of the rosters on which somebody is."""
    rosters = context.contract.rosters
    names = sorted({shift.roster for shift in shifts})
    return {name: limit for name in names if (limit := getattr(rosters[name], which)) is not None}


def _counted(context: RuleContext, shifts: Sequence[Shift], roster: str = "") -> Sequence[Shift]:
    """Return the shifts at work, and those of the roster whose limits are asked about, if it is one on standby."""
    rosters = context.contract.rosters
    if not any(rosters[shift.roster].is_standby for shift in shifts):
        return shifts
    return [shift for shift in shifts if shift.roster == roster or not rosters[shift.roster].is_standby]


def _seconds_by_week(context: RuleContext, shifts: Iterable[Shift]) -> Counter[date]:
    """Return somebody's seconds of duty by week, said by its Monday."""
    return _seconds(context, shifts, lambda day: (_monday(day), _monday(day) + _WEEK))


def _seconds_by_month(context: RuleContext, shifts: Iterable[Shift]) -> Counter[date]:
    """Return somebody's seconds of duty by month, said by its first day."""
    return _seconds(context, shifts, lambda day: (_first(day), _first(_first(day) + _LONGER_THAN_A_MONTH)))


def _seconds(
    context: RuleContext, shifts: Iterable[Shift], part_of: Callable[[date], tuple[date, date]]
) -> Counter[date]:
    """Given how a day says from which day to which (not included) its part lasts, return the seconds by part.

    Two duties at once are one.
    """
    parts: Counter[date] = Counter()
    zone = context.zone
    for start, end in union([(shift.start, shift.end) for shift in shifts]):
        begin = start
        while begin < end:
            first, after = part_of(begin.astimezone(zone).date())
            finish = min(end, _midnight(after, zone))
            parts[first] += int((finish - begin).total_seconds())
            begin = finish
    return parts


@lru_cache(maxsize=4096)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC at which a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first(day: date) -> date:
    return day.replace(day=1)


def _too_short(shifts: Sequence[Shift], roster: str, least: float) -> Iterator[tuple[float, datetime]]:
    """Yield how long somebody rests beside duty on a roster and when that ends, where it is too short.

    In 24 hours there must be so much rest at a stretch (Directive 2003/88/EC, article 3): what lies between two such
    rests, breaks included, lasts for the other hours at most. Duty on one roster that touches is one spell. Shifts come
    in order.
    """
    for together in _between_rests(union([(shift.start, shift.end) for shift in shifts]), least):
        first, last = together[0][0], together[-1][1]
        if (last - first).total_seconds() <= _DAY - least:
            continue
        within = shifts[bisect_left(shifts, first, key=_start) : bisect_left(shifts, last, key=_start)]
        if len(within) == 1:
            continue
        if least:
            yield from ((0.0, at) for at in _straight_on(within, roster))
        of_roster = union([(shift.start, shift.end) for shift in within if shift.roster == roster])
        begins, ends = {start for start, _ in of_roster}, {end for _, end in of_roster}
        for (_, end), (begin, _) in pairwise(together):
            if begin in begins or end in ends:
                yield (begin - end).total_seconds(), begin


def _between_rests(spells: Sequence[Interval], least: float) -> Iterator[list[Interval]]:
    """Yield spells of duty in groups between which there is rest enough."""
    together: list[Interval] = []
    for spell_ in spells:
        if together and (spell_[0] - together[-1][1]).total_seconds() >= least:
            yield together
            together = []
        together.append(spell_)
    if together:
        yield together


def _straight_on(shifts: Sequence[Shift], roster: str) -> Iterator[datetime]:
    """Yield when somebody goes straight from a roster to another one, this one among them, and is then on no third."""
    ended: dict[datetime, set[str]] = {}
    for shift in shifts:
        ended.setdefault(shift.end, set()).add(shift.roster)
    for shift in shifts:
        before = ended.get(shift.start, set())
        if not before or shift.roster in before or roster not in {*before, shift.roster}:
            continue
        if not any(other.start < shift.start < other.end for other in shifts):
            yield shift.start


def _workload(context: RuleContext) -> Iterator[Violation]:
    by_who: dict[str, list[AssignedWork]] = {}
    for work in context.contract.assigned_work:
        by_who.setdefault(work.by, []).append(work)
    start, last = context.span
    for who, assigned_work in sorted(by_who.items()):
        end = min([last, *_known(context, assigned_work[0].people)])
        available: Counter[date] = Counter()
        for name in assigned_work[0].people:
            available += _seconds_by_month(context, _counted(context, shifts_by_person(context).get(name, ())))
        if not available:
            continue  # people without a roster: how many hours they have is not written
        by_work: dict[date, Counter[str]] = {}
        for work in assigned_work:
            for at in occurrences(work.schedule, context.zone, start, end=end):
                month = by_work.setdefault(_first(at.astimezone(context.zone).date()), Counter())
                month[work.policy] += int(work.takes.seconds)
        asked = {month: each.total() for month, each in by_work.items()}
        over = sorted(month for month, seconds in asked.items() if seconds > available[month])
        if over:
            first = over[0]
            repeats = Recurrence(len(over), max(first, start.date()), "month") if len(over) > 1 else None
            begins = start.astimezone(context.zone).date()
            when = f"{first:%Y-%m}{f' (from {begins} on)' if first < begins else ''}"
            message = (
                f"{who} has {format_hours(asked[first])} of inspections, visits and training {format_days(repeats)}"
                f"in {when}, but only {format_hours(available[first])} on duty"
            )
            ((longest, _),) = by_work[first].most_common(1)
            yield Violation(longest, message, ("takes",), subject=who, repeats=repeats)


def _known(context: RuleContext, people: Iterable[str]) -> Iterator[datetime]:
    """Yield until when the calendars of the rosters are known on which somebody of these people is."""
    rosters = {shift.roster for name in people for shift in shifts_by_person(context).get(name, ())}
    for name in rosters:
        known = known_until(context.contract, context.contract.rosters[name])
        if known is not None:
            yield known


RULES = (
    Rule(
        code="OP310",
        family="people",
        severity=Severity.WARNING,
        title="A person has more duty in a week than allowed",
        why="People who work too long make mistakes, and the law limits working hours.",
        remedy="Hand over more often, add people to the rotation, or add an override.",
        find=_per_week,
    ),
    Rule(
        code="OP311",
        family="people",
        severity=Severity.WARNING,
        title="A person has too little rest between two shifts",
        why="People without enough rest make mistakes, and the law requires rest periods.",
        remedy="Do not schedule people on both rosters in a row, or move the handover.",
        find=_rest,
    ),
    Rule(
        code="OP316",
        family="people",
        severity=Severity.WARNING,
        title="A person is on duty without a break for longer than allowed",
        why="People who work too long make mistakes, and the law limits working hours.",
        remedy="Hand over more often, or add an override.",
        find=_per_shift,
    ),
    Rule(
        code="OP315",
        family="people",
        severity=Severity.WARNING,
        title="More work is planned than hours on duty",
        why="Inspections, visits and training are postponed when there is no time for them.",
        remedy="Assign the work to others, do it less often, or put more people on duty.",
        find=_workload,
    ),
)
