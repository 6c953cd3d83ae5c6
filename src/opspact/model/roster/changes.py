"""Who changes when: duty before and after a change of the policies.

Comes in: two contracts, two instants (aware, half open). Goes out: the hours in which other people are on duty.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from opspact.model.contract import Contract
from opspact.model.roster.duty import DutyInterval, duty_intervals
from opspact.structs import Struct, replace

People = tuple[str, ...]


class DutyChange(Struct):
    """From when to when (UTC, half open) other people are on duty than before; hours not covered may lie between.

    Nobody in `before` or `after`: nobody was or is on duty; None: these hours were not or are not to be covered.
    """

    roster: str
    start: datetime
    end: datetime
    before: People | None
    after: People | None


def duty_changes(before: Contract, after: Contract, *, start: datetime, end: datetime) -> list[DutyChange]:
    """Given a contract before and after, return where duty differs between two instants, by roster, then in order."""
    names = sorted({*before.rosters, *after.rosters})
    found: list[DutyChange] = []
    for name in names:
        one, other = (_watches(contract, name, start, end=end) for contract in (before, after))
        if one != other:
            found += _differing(name, one, other)
    return found


def _watches(contract: Contract, name: str, start: datetime, *, end: datetime) -> list[DutyInterval]:
    roster = contract.rosters.get(name)
    return duty_intervals(contract, roster, start=start, end=end) if roster else []


def _differing(name: str, one: Sequence[DutyInterval], other: Sequence[DutyInterval]) -> list[DutyChange]:
    """Return the differences; those with the same people before and after are one, unless duty agrees in between."""
    found: list[DutyChange] = []
    going_on = False
    for start, end, before, after in _side_by_side(one, other):
        if before is not None and after is not None and set(before) == set(after):
            going_on = False
        elif going_on and (found[-1].before, found[-1].after) == (before, after):
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(DutyChange(name, start, end, before, after))
            going_on = True
    return found


def _side_by_side(
    one: Sequence[DutyInterval], other: Sequence[DutyInterval]
) -> Iterator[tuple[datetime, datetime, People | None, People | None]]:
    """Yield who is on duty on either side, wherever somebody is to be."""
    cuts = sorted({at for side in (one, other) for interval in side for at in (interval.start, interval.end)})
    places = [0, 0]
    for start, end in pairwise(cuts):
        people: list[People | None] = []
        for side, watches_there in enumerate((one, other)):
            while places[side] < len(watches_there) and watches_there[places[side]].end <= start:
                places[side] += 1
            at = watches_there[places[side]] if places[side] < len(watches_there) else None
            people.append(at.people if at is not None and at.start <= start else None)
        if people != [None, None]:
            yield start, end, people[0], people[1]
