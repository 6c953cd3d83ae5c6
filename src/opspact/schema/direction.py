"""Which way a field's value promises less: declared beside each field, for comparing a contract with the one before.

Comes in: nothing. Goes out: what a field declares, as part of its JSON Schema (`x-weaker-when`). Declared by the
documents, read by `resolve.strength`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

KEY: Final = "x-weaker-when"


class Weaker(StrEnum):
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
    OTHER = "other"
    """Another value than before, or none where there was one: which of the two promises more, nobody can tell."""


def weaker_when(way: Weaker) -> JsonDict:
    """Given what makes a value weaker, return what a field declares (`json_schema_extra`)."""
    return {KEY: way.value}


MORE = weaker_when(Weaker.MORE)
LESS = weaker_when(Weaker.LESS)
FEWER = weaker_when(Weaker.FEWER)
GROWN = weaker_when(Weaker.GROWN)
LOOSER = weaker_when(Weaker.LOOSER)
GIVEN = weaker_when(Weaker.GIVEN)
SHORTER = weaker_when(Weaker.SHORTER)
OFF = weaker_when(Weaker.OFF)
RARER = weaker_when(Weaker.RARER)
FEWER_HOSTS = weaker_when(Weaker.FEWER_HOSTS)
FEWER_HOURS = weaker_when(Weaker.FEWER_HOURS)
LATER_CHOICE = weaker_when(Weaker.LATER_CHOICE)
EARLIER_CHOICE = weaker_when(Weaker.EARLIER_CHOICE)
LIGHTER = weaker_when(Weaker.LIGHTER)
OTHER = weaker_when(Weaker.OTHER)


def declared(field: FieldInfo) -> Weaker | None:
    """Given a field, return what makes it weaker, as far as it is declared."""
    extra = field.json_schema_extra
    return Weaker(str(extra[KEY])) if isinstance(extra, Mapping) and KEY in extra else None
