"""Who changes when: duty before and after a change of the policies.

Comes in: two contracts, two instants (aware, half open). Goes out: the hours in which other people are on duty.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from operator import attrgetter

from opspact.model.contract import Contract
from opspact.model.roster.duty import possible_duty
from opspact.structs import Struct, replace

People = tuple[str, ...]


class DutyChange(Struct):
    """From when to when (UTC, half open) other people are on duty than before; hours not covered may lie between.

    Nobody in `before` or `after`: nobody was or is on duty; None: these hours were not or are not to be covered.
    `uncertain`: whether all of them are to be covered depends on holidays that are not announced yet.
    """

    roster: str
    start: datetime
    end: datetime
    before: People | None
    after: People | None
    uncertain: bool = False


class _Watch(Struct):
    """From when to when the same people are on duty; `uncertain`: if these hours are to be covered."""

    start: datetime
    end: datetime
    people: People
    uncertain: bool


def duty_changes(before: Contract, after: Contract, *, start: datetime, end: datetime) -> list[DutyChange]:
    """Given a contract before and after, return where duty differs between two instants, by roster, then in order.

    Hours of which a calendar does not know on one side whether they are to be covered are no change where they are not
    to be covered on the other side: what was announced meanwhile changes nobody's duty.
    """
    names = sorted({*before.rosters, *after.rosters})
    found: list[DutyChange] = []
    for name in names:
        one, other = (_watches(contract, name, start, end=end) for contract in (before, after))
        if one != other:
            found += _differing(name, one, other)
    return found


def _watches(contract: Contract, name: str, start: datetime, *, end: datetime) -> list[_Watch]:
    roster = contract.rosters.get(name)
    if roster is None:
        return []
    required, possible = possible_duty(contract, roster, start=start, end=end)
    found = [
        _Watch(each.start, each.end, each.people, uncertain)
        for several, uncertain in ((required, False), (possible, True))
        for each in several
    ]
    return sorted(found, key=attrgetter("start"))


def _differing(name: str, one: Sequence[_Watch], other: Sequence[_Watch]) -> list[DutyChange]:
    """Return the differences; those with the same people before and after are one, unless duty agrees in between."""
    found: list[DutyChange] = []
    going_on = False
    for start, end, before, after in _side_by_side(one, other):
        change = _change(name, start, end, before=before, after=after)
        if change is None:
            going_on = going_on and (before is None or after is None)
        elif going_on and (found[-1].before, found[-1].after) == (change.before, change.after):
            found[-1] = replace(found[-1], end=end, uncertain=found[-1].uncertain and change.uncertain)
        else:
            found.append(change)
            going_on = True
    return found


def _change(
    name: str, start: datetime, end: datetime, *, before: _Watch | None, after: _Watch | None
) -> DutyChange | None:
    """Return what changes between two instants for which watches are the same; None: nothing, as far as is known."""
    sides = [watch for watch in (before, after) if watch is not None]
    uncertain = any(watch.uncertain for watch in sides)
    if len(sides) == 1 and uncertain:
        return None
    if before is not None and after is not None and set(before.people) == set(after.people):
        return None
    people = (before.people if before else None, after.people if after else None)
    return DutyChange(name, start, end, *people, uncertain=uncertain)


def _side_by_side(
    one: Sequence[_Watch], other: Sequence[_Watch]
) -> Iterator[tuple[datetime, datetime, _Watch | None, _Watch | None]]:
    """Yield who is on duty on either side, wherever somebody is to be, or may be."""
    cuts = sorted({at for side in (one, other) for watch in side for at in (watch.start, watch.end)})
    places = [0, 0]
    for start, end in pairwise(cuts):
        there: list[_Watch | None] = []
        for side, watches in enumerate((one, other)):
            while places[side] < len(watches) and watches[places[side]].end <= start:
                places[side] += 1
            at = watches[places[side]] if places[side] < len(watches) else None
            there.append(at if at is not None and at.start <= start else None)
        if there != [None, None]:
            yield start, end, there[0], there[1]
