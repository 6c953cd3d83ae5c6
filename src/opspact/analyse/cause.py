"""What violations rest on: small keys by which a finding is recognised as the consequence of another one.

A rule says of each violation what it states (`Uncovered(roster/night, these hours)`) and what it rests on. Where other
findings state all that one rests on, they are its causes. Comes in: keys. Goes out: what of a key others leave over.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from opspact.model.time.calendar import Interval
from opspact.model.time.intervals import difference, union
from opspact.structs import Struct


class Condition(StrEnum):
    """What may be the case with something, and what the names of an `Affected` are."""

    ABSENT = "absent"  # policy and field that say so: `person/NAME until`, `person/NAME from`, `override/NAME away`
    BLACKOUT_WITHOUT_END = "blackout without end"  # window
    CALENDAR_REDUCED = "calendar reduced"  # calendar
    CALENDAR_UNKNOWN = "calendar unknown"  # calendar
    CERTIFICATE_ENDS = "certificate ends"  # `PERSON CERTIFICATE`
    CLAUSE_DROPPED = "clause dropped"  # clause
    NOT_COPIED = "not copied"  # `HOST DATABASE-OR-FOLDER`
    NOT_ENCRYPTED = "not encrypted"  # backup
    NO_BACKUP = "no backup"  # host
    NO_CHANNEL = "no channel"  # `PERSON CHANNEL`
    NO_INSPECTION = "no inspection"  # host
    NO_SERVICE = "no service"  # host
    NO_TRAINING = "no training"  # `PERSON TRAINING`
    ON_TWO_ROSTERS = "on two rosters"  # `PERSON ROSTER ROSTER`, the rosters in order
    SAME_MACHINE = "same machine"  # `HOST SERVER`
    SAME_SITE = "same site"  # `HOST SERVER`
    SAME_STORAGE = "same storage"  # `HOST SERVER`


class Uncovered(Struct):
    """Spells (UTC, half open, as `union` returns them) in which none of `whom` is there as was promised.

    `whom`: `roster/NAME`, `team/NAME`, `person/NAME`. Who is one of several would have been enough.
    """

    whom: frozenset[str]
    spells: tuple[Interval, ...]


class Affected(Struct):
    """A condition, and the names of all that it is the case with."""

    condition: Condition
    names: frozenset[str]


Cause = Uncovered | Affected


def uncovered(whom: Iterable[str], spells: Iterable[Interval]) -> Uncovered:
    """Given who should have been there and spells in any order, return the key for them."""
    return Uncovered(frozenset(whom), tuple(union(spells)))


def affected(condition: Condition, *names: str) -> Affected:
    """Given a condition and names, return the key for them."""
    return Affected(condition, frozenset(names))


def topics(cause: Cause) -> tuple[str, ...]:
    """Return what a key is about: only keys with a common topic can have anything to do with each other."""
    match cause:
        case Uncovered():
            return tuple(sorted(cause.whom))
        case Affected():
            return (cause.condition,)
        case _:
            assert_never(cause)


def without(cause: Cause, stated: Cause) -> Cause:
    """Given a key and one that a finding states, return what of the first the finding does not account for."""
    match cause, stated:
        case Uncovered(), Uncovered() if stated.whom <= cause.whom:
            return Uncovered(cause.whom, tuple(difference(cause.spells, stated.spells)))
        case Affected(), Affected() if stated.condition is cause.condition:
            return Affected(cause.condition, cause.names - stated.names)
    return cause


def is_empty(cause: Cause) -> bool:
    """Whether nothing is left of a key."""
    match cause:
        case Uncovered():
            return not cause.spells
        case Affected():
            return not cause.names
        case _:
            assert_never(cause)
