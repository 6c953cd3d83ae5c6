"""Which way a field's value promises less: declared beside each field, for comparing a contract with the one before.

Comes in: nothing. Goes out: what a field declares, as part of its JSON Schema (`x-reduced-when`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

KEY: Final = "x-reduced-when"


class Direction(StrEnum):
    """What makes a value promise less than another one."""

    MORE = "more"
    """A larger number, a longer time; or none where there was one."""
    LESS = "less"
    """A smaller number, a shorter time; or none where there was one."""
    FEWER = "fewer"
    """Something is taken out of a list or of a mapping."""
    GROWN = "grown"
    """Something is added to a list."""
    LOOSER = "looser"
    """A target that is met by values that did not meet it."""
    GIVEN = "given"
    """A condition where there was none, or another one."""
    SHORTER = "shorter"
    """A period without days that are still to come and were in it."""
    OFF = "off"
    """False where it was true."""
    RARER = "rarer"
    """A schedule that is due less often."""
    FEWER_HOSTS = "fewer hosts"
    """A host pattern that chooses not all the hosts that it chose."""
    FEWER_HOURS = "fewer hours"
    """A calendar that is not open in all the hours in which the other one was."""
    LATER_CHOICE = "later choice"
    """A choice that stands further back in the list of choices."""
    EARLIER_CHOICE = "earlier choice"
    """A choice that stands further to the front."""
    LIGHTER = "lighter"
    """A level of faults that stands after the other one in the service levels; or none where there was one."""
    LATER = "later"
    """A longer time, or something that is done at once where nothing is written: one where there was none."""
    NARROWER = "narrower"
    """Something is taken out of a list; or there is one where there was none, and everything was meant."""
    ANY_OF = "any of"
    """Something is added to a list of which one is enough; or nothing is left of it, and all will do."""
    ONLY_HOSTS = "only hosts"
    """A host pattern that limits to fewer hosts; or one where there was none, and all hosts were meant."""
    MORE_HOURS = "more hours"
    """A calendar that is open in hours in which the other one was not."""
    CHANGED = "changed"
    """Other words, or another number or address, than those that the customer knows: a note, as nobody can tell."""
    OTHER = "other"
    """Another value than before, or none where there was one: which of the two promises more, nobody can tell."""


def reduced_when(way: Direction) -> JsonDict:
    """Given the direction in which a value promises less, return what a field declares (`json_schema_extra`)."""
    return {KEY: way.value}


MORE = reduced_when(Direction.MORE)
LESS = reduced_when(Direction.LESS)
FEWER = reduced_when(Direction.FEWER)
GROWN = reduced_when(Direction.GROWN)
LOOSER = reduced_when(Direction.LOOSER)
GIVEN = reduced_when(Direction.GIVEN)
SHORTER = reduced_when(Direction.SHORTER)
OFF = reduced_when(Direction.OFF)
RARER = reduced_when(Direction.RARER)
FEWER_HOSTS = reduced_when(Direction.FEWER_HOSTS)
FEWER_HOURS = reduced_when(Direction.FEWER_HOURS)
LATER_CHOICE = reduced_when(Direction.LATER_CHOICE)
EARLIER_CHOICE = reduced_when(Direction.EARLIER_CHOICE)
LIGHTER = reduced_when(Direction.LIGHTER)
LATER = reduced_when(Direction.LATER)
NARROWER = reduced_when(Direction.NARROWER)
ANY_OF = reduced_when(Direction.ANY_OF)
ONLY_HOSTS = reduced_when(Direction.ONLY_HOSTS)
MORE_HOURS = reduced_when(Direction.MORE_HOURS)
CHANGED = reduced_when(Direction.CHANGED)
OTHER = reduced_when(Direction.OTHER)


def declared(field: FieldInfo) -> Direction | None:
    """Given a field, return the direction in which it promises less, as far as it is declared."""
    extra = field.json_schema_extra
    return Direction(str(extra[KEY])) if isinstance(extra, Mapping) and KEY in extra else None
