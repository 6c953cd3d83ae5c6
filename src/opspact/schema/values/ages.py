"""Ages: how long something is kept or how old it may be, in calendar months where people count in them.

Comes in: written text such as `24 months`, `7 years`, `180 days`. Goes out: an `Age`.
"""

import re
from typing import Annotated

from opspact.schema import patterns
from opspact.schema.annotations import Parse
from opspact.schema.codes import Code
from opspact.schema.fields import text_schema
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values.durations import parse_duration
from opspact.values.age import Age

_CALENDAR = re.compile(r"([0-9]{1,4}) +(month|year)s?")
_MONTHS = {"month": 1, "year": 12}
_LONGEST = 1200
_HINT = "for example 24 months, 7 years, 180 days"


def parse_age(value: object) -> Age:
    """Given a written value, return its age. Raise WrongValueError when it is none, is nothing, or has no unit."""
    match = _CALENDAR.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        duration = parse_duration(value)
        if duration.kind != "elapsed":
            raise InvalidValueError(Code.BAD_DURATION, f"expected elapsed time, got {quote(value)}", hint=_HINT)
        return Age(str(value), 0, duration.seconds)
    months = int(match[1]) * _MONTHS[match[2]]
    if not 0 < months <= _LONGEST:
        message = f"expected more than zero and at most 100 years, got {quote(value)}"
        raise InvalidValueError(Code.BAD_DURATION, message, hint=_HINT)
    return Age(match[0], months, 0)


HowLong = Annotated[
    Age, Parse(parse_age), text_schema("a duration, also in months or years", "24 months", patterns.AGE)
]
