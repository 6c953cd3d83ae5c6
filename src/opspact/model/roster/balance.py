"""How duty is shared out: hours, nights and free days for each person.

Comes in: a contract, one of its rosters, two instants (aware, half open). Goes out: figures.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opspact.model.contract import Contract
from opspact.model.policies.roster import Roster
from opspact.model.roster.duty import Shift, shifts
from opspact.structs import Struct

_DAY = timedelta(days=1)
_NIGHT_ENDS = time(6)
_SATURDAY = 5


class Balance(Struct):
    """One person's share of a roster.

    `seconds` on duty; `nights`: days on which they are on duty between 00:00 and 06:00; `free_days`: days off on which
    they are on duty. Days are those of the contract's zone.
    """

    person: str
    seconds: float
    nights: int
    free_days: int


def balance(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[Balance]:
    """Given two instants, return the share of everybody named on the roster or standing in, the largest first.

    Days off are those on which the calendars that the roster excepts are closed all day (weekends and holidays, less
    make-up days); where it excepts none, Saturdays and Sundays.
    """
    by_person: dict[str, list[Shift]] = {name: [] for name in roster.named}
    for shift in shifts(contract, roster, start=start, end=end):
        by_person.setdefault(shift.person, []).append(shift)
    found = [_balance(contract, roster, name, those=those) for name, those in by_person.items()]
    return sorted(found, key=lambda each: (-each.seconds, each.person))


def _balance(contract: Contract, roster: Roster, name: str, *, those: list[Shift]) -> Balance:
    zone = ZoneInfo(contract.zone)
    nights: set[date] = set()
    free: set[date] = set()
    for shift in those:
        for day in _days(shift, zone):
            midnight = datetime.combine(day, time(), zone)
            if shift.start < datetime.combine(day, _NIGHT_ENDS, zone) and midnight < shift.end:
                nights.add(day)
            if _is_free(contract, roster, day):
                free.add(day)
    seconds = sum((shift.end - shift.start).total_seconds() for shift in those)
    return Balance(name, seconds, len(nights), len(free))


def _days(shift: Shift, zone: ZoneInfo) -> Iterator[date]:
    """Yield the days, in the zone, on which some of a shift lies."""
    day, last = shift.start.astimezone(zone).date(), shift.end.astimezone(zone)
    while datetime.combine(day, time(), zone) < last:
        yield day
        day += _DAY


def _is_free(contract: Contract, roster: Roster, day: date) -> bool:
    if not roster.closed:
        return day.weekday() >= _SATURDAY
    return not any(contract.calendars[name].hours_on(day) for name in roster.closed)
