"""Rosters: who is on duty when, and when too few are.

Comes in: a contract, one of its rosters, two instants (aware, half open). Goes out: watches, shifts and gaps, with
instants in UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter

from opspact.model.contract import Contract
from opspact.model.policies.roster import Roster
from opspact.model.roster.rotation import Absence, Ready, Spell, ready
from opspact.model.time import calendar
from opspact.model.time.intervals import difference, union
from opspact.structs import Struct, replace

NOT_STARTED = "its rotation has not started"
"""Why nobody is on duty before the first handover of a rotation."""

_MOMENT = timedelta(microseconds=1)


class Reason(StrEnum):
    """Why hours that were promised are not covered."""

    EMPTY = "empty"
    TOO_FEW = "too few"
    UNREACHABLE = "unreachable"


class DutyInterval(Struct):
    """From when to when (UTC, half open) the same people are on duty, in the hours that are to be covered."""

    start: datetime
    end: datetime
    ready: Ready

    @property
    def people(self) -> tuple[str, ...]:
        """Who is on duty."""
        return self.ready.people


class Shift(Struct, order=True):
    """One person's duty without a break (UTC, half open); `instead_of` whom they stand in for, if for anybody."""

    start: datetime
    end: datetime
    roster: str
    person: str
    instead_of: str = ""


IN_ORDER = attrgetter("start", "end", "roster", "person", "instead_of")
"""The order of shifts: the same as theirs, compared sooner."""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Hours in which a roster is not covered (UTC, half open); `why` in words; `absent`: whose turn it would be."""

    start: datetime
    end: datetime
    roster: str
    reason: Reason
    why: str
    absent: tuple[Absence, ...] = field(default=(), compare=False)


def hours(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[calendar.Interval]:
    """Given two instants, return what is to be covered between them, in UTC.

    Of days that a calendar does not know: what is to be covered whatever their holidays turn out to be.
    """
    return required_hours(contract, roster, start=start, end=end)[0]


def required_hours(
    contract: Contract, roster: Roster, *, start: datetime, end: datetime
) -> tuple[list[calendar.Interval], list[calendar.Interval]]:
    """Given two instants, return what is to be covered between them in any case, and what may have to be, in UTC.

    The second depends on holidays of days that a calendar does not know yet.
    """
    calendars = contract.calendars
    wanted, wanted_perhaps = calendar.known_and_possible(calendars[roster.calendar], start, end)
    closed = [calendar.known_and_possible(calendars[name], start, end) for name in roster.closed]
    required = difference(wanted, union(*(possible for _, possible in closed)))
    possible = difference(wanted_perhaps, union(*(known for known, _ in closed)))
    return required, difference(possible, required)


def known_until(contract: Contract, roster: Roster) -> datetime | None:
    """Given a roster, return the instant in UTC after which its calendars know nothing; None: they know everything."""
    least = least_known(contract, roster)
    return least.known_until if least else None


def least_known(contract: Contract, roster: Roster) -> calendar.Calendar | None:
    """Given a roster, return the one of its calendars of which the least is known; None: they know everything."""
    calendars = (contract.calendars[name] for name in (roster.calendar, *roster.closed))
    known = [(at, each.name, each) for each in calendars if (at := each.known_until) is not None]
    return min(known)[2] if known else None


def duty_intervals(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[DutyInterval]:
    """Given two instants, return who is on duty in all hours to be covered between them, in order."""
    covered = hours(contract, roster, start=start, end=end)
    return _in_hours(ready(contract, roster, start=start, end=end) if covered else [], covered)


def possible_duty(
    contract: Contract, roster: Roster, *, start: datetime, end: datetime
) -> tuple[list[DutyInterval], list[DutyInterval]]:
    """Given two instants, return who is on duty between them, days included that calendars do not know yet.

    First in hours to be covered in any case, then in those that depend on holidays not announced.
    """
    required, possible = required_hours(contract, roster, start=start, end=end)
    spells = ready(contract, roster, start=start, end=end) if required or possible else []
    return _in_hours(spells, required), _in_hours(spells, possible)


def _in_hours(spells: list[Spell], covered: list[calendar.Interval]) -> list[DutyInterval]:
    found: list[DutyInterval] = []
    position = 0
    for begin, finish in covered:
        while spells[position][1] <= begin:
            position += 1
        ahead = position
        while ahead < len(spells) and spells[ahead][0] < finish:
            first, last, who = spells[ahead]
            found.append(DutyInterval(max(begin, first), min(finish, last), who))
            ahead += 1
    return found


def on_duty(contract: Contract, roster: Roster, at: datetime) -> tuple[str, ...]:
    """Given an instant, return who is on duty then; nobody outside the roster's hours."""
    found = duty_intervals(contract, roster, start=at, end=at + _MOMENT)
    return found[0].people if found else ()


def shifts(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[Shift]:
    """Given two instants, return every person's duty between them, in order of their beginnings."""
    return shifts_of(roster.name, duty_intervals(contract, roster, start=start, end=end))


def shifts_of(roster: str, found: Iterable[DutyInterval]) -> list[Shift]:
    """Given a roster's name and its watches in order, return every person's duty: what touches is one shift."""
    done: list[Shift] = []
    current: dict[tuple[str, str], Shift] = {}
    for interval in found:
        instead = dict(interval.ready.instead)
        going = {(name, instead.get(name, "")) for name in interval.people}
        ended = [key for key, shift in current.items() if key not in going or shift.end < interval.start]
        done += [current.pop(key) for key in ended]
        for key in going:
            begun = current.get(key)
            start = begun.start if begun else interval.start
            current[key] = Shift(start, interval.end, roster, key[0], key[1])
    return sorted([*done, *current.values()], key=IN_ORDER)


def gaps(contract: Contract, roster: Roster, *, start: datetime, end: datetime) -> list[Gap]:
    """Given two instants, return where the roster is not covered between them, in order.

    What is left open on purpose is no gap; what touches and has the same reason is one.
    """
    return gaps_of(contract, roster, duty_intervals(contract, roster, start=start, end=end))


def gaps_of(contract: Contract, roster: Roster, found: Iterable[DutyInterval], *, intended: bool = False) -> list[Gap]:
    """Given a roster's watches in order, return its gaps; `intended`: those too that are meant."""
    meant = [] if intended else union([(gap.start, gap.end) for gap in roster.gaps_intended])
    gaps: list[Gap] = []
    for interval in found:
        reason = _reason(contract, roster, interval.ready)
        if reason is None:
            continue
        why = _why(contract, roster, interval.ready, reason=reason)
        for begin, finish in difference([(interval.start, interval.end)], meant):
            last = gaps[-1] if gaps else None
            if last and last.end == begin and (last.reason, last.why) == (reason, why):
                both = tuple(dict.fromkeys((*last.absent, *interval.ready.absent)))
                gaps[-1] = replace(last, end=finish, absent=both)
            else:
                gaps.append(Gap(begin, finish, roster.name, reason, why, interval.ready.absent))
    return gaps


def unreachable(contract: Contract, roster: Roster, name: str) -> list[str]:
    """Given somebody's name, return the channels promised by the roster that they do not have."""
    return [channel for channel in roster.by if channel not in contract.people[name].channels]


def _reason(contract: Contract, roster: Roster, who: Ready) -> Reason | None:
    if not who.people:
        return Reason.EMPTY
    if len(who.people) < roster.on_duty:
        return Reason.TOO_FEW
    if sum(not unreachable(contract, roster, name) for name in who.people) < roster.on_duty:
        return Reason.UNREACHABLE
    return None


def _why(contract: Contract, roster: Roster, who: Ready, *, reason: Reason) -> str:
    if not who.begun:
        return NOT_STARTED
    if reason is Reason.UNREACHABLE:
        missing = {name: unreachable(contract, roster, name) for name in who.people}
        return ", ".join(
            f"{contract.people[name].text.en} has no {' and no '.join(channels)} channel"
            for name, channels in missing.items()
            if channels
        )
    reasons = dict.fromkeys(describe_absence(contract, absence) for absence in who.absent)
    if not reasons:  # somebody stands in for two at once
        return f"{', '.join(contract.people[name].text.en for name in who.people)} cannot be on duty twice"
    return ", ".join(reasons)


def describe_absence(contract: Contract, absence: Absence) -> str:
    """Given an absence, return why somebody is not there, in words: `Li Na is on leave`."""
    person = contract.people[absence.person]
    name, override = person.text.en, absence.override
    if override is None:
        return f"{name}'s last day was {absence.day}" if absence.left else f"{name} starts on {absence.day}"
    if override.reason.lower() == "leave":
        return f"{name} is on leave"
    return f"{name} is away ({override.reason})"
