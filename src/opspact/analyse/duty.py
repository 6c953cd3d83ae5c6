"""What rules about people share: watches and shifts, computed once for a contract, and how instants are said.

Comes in: a rule context. Goes out: watches and shifts by roster and by person; words.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.rule import RuleContext
from opspact.model.policies.roster import Roster
from opspact.model.roster.duty import IN_ORDER, DutyInterval, Shift, duty_intervals, shifts_of
from opspact.model.roster.rotation import Absence
from opspact.model.time.calendar import Interval
from opspact.text.instants import format_instant

_DAY = timedelta(days=1)

DutyIntervals = Mapping[str, tuple[DutyInterval, ...]]


@lru_cache(maxsize=2)
def duty_by_roster(context: RuleContext) -> DutyIntervals:
    """Given a contract, return each roster's watches within the span looked at."""
    start, end = context.span
    contract = context.contract
    return {
        name: tuple(duty_intervals(contract, roster, start=start, end=end)) for name, roster in contract.rosters.items()
    }


@lru_cache(maxsize=2)
def shifts_by_person(context: RuleContext) -> Mapping[str, tuple[Shift, ...]]:
    """Given a contract, return everybody's shifts on all rosters within the span looked at, in order."""
    found: dict[str, list[Shift]] = {}
    for name, those in duty_by_roster(context).items():
        for shift in shifts_of(name, those):
            found.setdefault(shift.person, []).append(shift)
    return {person: tuple(sorted(those, key=IN_ORDER)) for person, those in sorted(found.items())}


def format_interval(context: RuleContext, start: datetime, end: datetime) -> str:
    """Given two instants, return them in words, in the contract's zone: `from … to …`."""
    return f"from {instant(context, start)} to {instant(context, end)}"


def days_interval(context: RuleContext, first: date, last: date) -> Interval:
    """Given two days, both included, return their instants in UTC, from midnight to midnight in the contract's zone."""
    begin, end = (datetime.combine(day, time(), context.zone) for day in (first, last + _DAY))
    return begin.astimezone(UTC), end.astimezone(UTC)


def instant(context: RuleContext, at: datetime) -> str:
    """Given an instant, return it in words, in the contract's zone: `2026-12-31 22:00`."""
    return format_instant(at, context.zone)


def called(context: RuleContext, person: str) -> str:
    """Given somebody's name, return what people call them."""
    return context.contract.people[person].text.en


def people_changes(context: RuleContext, names: Iterable[str]) -> str:
    """Given people, return who of them leaves or begins within the span, as the end of a message."""
    start, end = (at.date() for at in context.span)
    reasons = []
    for person in (context.contract.people[name] for name in names):
        for period in person.employed:
            if start < period.first < end:
                reasons.append(f"{called(context, person.name)} starts on {period.first}")
            if period.last is not None and start <= period.last + _DAY < end:
                reasons.append(f"{called(context, person.name)}'s last day is {period.last}")
    return f" ({', '.join(reasons)})" if reasons else ""


def start_of_span(context: RuleContext) -> datetime:
    """Given a contract, return the instant in UTC from which it is looked at."""
    return context.span[0].astimezone(UTC)


def absences(those: Iterable[Absence]) -> Affected:
    """Given absences, return the key for them: overrides, and people who have left or not begun."""
    return affected(Condition.ABSENT, *map(_said_by, those))


def _said_by(absence: Absence) -> str:
    if absence.override:
        return f"override/{absence.override.name} away"
    return f"person/{absence.person} {'until' if absence.left else 'from'} {absence.day}"


def who_path(roster: Roster) -> tuple[str | int, ...]:
    """Given a roster, return where it says who is on it."""
    return ("rotation",) if roster.rotations else ("people",)
