"""Shares as written.

Comes in: written text such as `80%`. Goes out: a `Percent`.
"""

import re

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.values.percent import Percent


def parse_percent(value: object) -> Percent:
    """Given a written value, return its share. Raise WrongValueError when it is none, or above 100 %."""
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", value) if isinstance(value, str) else None
    if match is None:
        hint = (
            f"write {value}%" if isinstance(value, int | float) and not isinstance(value, bool) else "for example 80%"
        )
        raise InvalidValueError(Code.BAD_FORM, f"expected a percentage, got {quote(value)}", hint=hint)
    share = float(match[1])
    if share > 100:  # noqa: PLR2004 - per cent
        raise InvalidValueError(Code.OUT_OF_BOUNDS, f"expected 0% to 100%, got {quote(value)}")
    return Percent(match[0], share)
