"""Whether one version of a field promises less than the one before, and why.

Comes in: a field's strength in two versions of a contract. Goes out: words.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.inventory.pattern import PatternRefused, select
from opspact.model.strength import Amount, Bounds, Direction, Strength
from opspact.model.time.calendar import Calendar, Interval, open_intervals
from opspact.model.time.intervals import difference
from opspact.model.time.occurrences import occurrences
from opspact.text.names import join_names
from opspact.values.period import Period
from opspact.values.schedule import Schedule

_YEARS = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
"""Four years, a leap year among them: schedules are compared by how often they are due in that time."""


_STRONGEST_WHEN_ABSENT = frozenset({"later", "only hosts"})
"""Directions of fields without which everything is meant, or is done at once."""

_STRONGER_WITHOUT = "the commitment is stronger without it"
_INCOMPARABLE = "the two values cannot be compared, so this counts as a reduction"


def explain_reduction(  # noqa: PLR0911 - one for each sort of value
    was: Strength, now: Strength, *, before: Contract, after: Contract, day: date
) -> str:
    """Given a field as it was and as it is on a day, return why the commitment is reduced; empty when it is not."""
    if was.direction == "given":
        return "the clock now starts later, with an event" if now.value is not None else ""
    if was.direction in _STRONGEST_WHEN_ABSENT and None in {was.value, now.value}:
        return _STRONGER_WITHOUT if now.value is not None else ""
    match was.value, now.value:
        case value, None:
            return "the commitment is removed" if value is not None else ""
        case Amount() as one, Amount() as other:
            return _amounts(was.direction, one, other)
        case Bounds() as one, Bounds() as other:
            return _targets(one, other)
        case Period() as one, Period() as other:
            return _days_to_come(one, other, day)
        case frozenset() as one, frozenset() as other:
            return _members(was.direction, one, other)
        case Schedule() as one, Schedule() as other:
            return "it runs less often" if _times(other) < _times(one) else ""
        case str() as one, str() as other:
            return _named(was.direction, (one, before), (other, after))
        case _:
            return ""


def _amounts(direction: Direction, was: Amount, now: Amount) -> str:
    if was.unit != now.unit:
        return _INCOMPARABLE
    match direction:
        case "more" | "later" if now.number > was.number:
            return "a higher value is a weaker commitment here"
        case "less" if now.number < was.number:
            return "a lower value is a weaker commitment here"
        case "later choice" if now.number > was.number:
            return "this is a weaker choice"
        case "earlier choice" | "off" if now.number < was.number:
            return "this is a weaker choice"
        case _:
            return ""


def _targets(was: Bounds, now: Bounds) -> str:
    if was.unit != now.unit:
        return _INCOMPARABLE
    return "the target is easier to meet" if now.exceeds(was) else ""


def _days_to_come(was: Period, now: Period, day: date) -> str:
    """Compare periods by the days from a day on: what lies behind is promised no more, and was kept or not."""
    begins = max(was.first, day)
    if was.last < begins:
        return ""
    if now.first > begins:
        return f"not covered from {begins} to {min(was.last, now.first - timedelta(days=1))}"
    if now.last < was.last:
        return f"not covered from {max(begins, now.last + timedelta(days=1))} to {was.last}"
    return ""


def _members(direction: Direction, was: frozenset[str], now: frozenset[str]) -> str:
    counts_lost = direction == "fewer" or (direction == "narrower" and now)
    counts_more = direction == "grown" or (direction == "any of" and now and was)
    if counts_lost and (lost := was - now):
        return f"removed: {join_names(sorted(lost))}"
    if counts_more and (more := now - was):
        return f"added: {join_names(sorted(more))}"
    if direction == "narrower" and now and not was:
        return _STRONGER_WITHOUT
    return "the commitment is removed" if direction == "any of" and was and not now else ""


def _named(direction: Direction, was: tuple[str, Contract], now: tuple[str, Contract]) -> str:
    """Compare what two names mean, each in its own version: host patterns, levels."""
    (one, before), (other, after) = was, now
    match direction:
        case "fewer hosts" | "only hosts":
            lost = ({*_hosts(one, before)} - {*_hosts(other, after)}) & after.inventory.hosts.keys()
            return f"removed: {join_names(sorted(lost))}" if lost else ""
        case "lighter" if one != other:
            return _lighter(one, other, (after, before))
        case "other" if one != other:
            return _INCOMPARABLE
        case _:
            return ""


def _lighter(was: str, now: str, contracts: Iterable[Contract]) -> str:
    """Compare levels of faults where both are levels of the same service."""
    for contract in contracts:
        for sla in contract.slas.values():
            order = tuple(sla.levels)
            if was in order and now in order:
                return f"{now} is a less severe level" if order.index(now) > order.index(was) else ""
    return _INCOMPARABLE


def lost_hours(was: Calendar | None, now: Calendar | None, contract: Contract) -> list[Interval]:
    """Given a calendar and the one in its place, return the hours of the period, in UTC, that are no longer in it.

    What a calendar does not know yet is not compared.
    """
    if was is None or now is None:
        return []
    zone = ZoneInfo(contract.zone)
    first, last = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (contract.period.first, contract.period.last)
    )
    known = [calendar.known_until for calendar in (was, now)]
    end = min([last + timedelta(days=1), *(until for until in known if until is not None)])
    if end <= first:
        return []
    return difference(open_intervals(was, first, end), open_intervals(now, first, end))


def _hosts(pattern: str, contract: Contract) -> tuple[str, ...]:
    try:
        return select(pattern, contract.inventory)
    except PatternRefused:
        return ()


def _times(schedule: Schedule) -> int:
    return sum(1 for _ in occurrences(schedule, ZoneInfo("UTC"), _YEARS[0], end=_YEARS[1]))
