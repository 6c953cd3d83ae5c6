"""Targets of quality: a comparison, a number and its unit.

Comes in: written text such as `>= 99 %`. Goes out: a `Target`.
"""

import re
from typing import get_args

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError, quote
from opspact.values.target import Comparison, Target

_TARGET = re.compile(r"(>=|<=|>|<|=) *([0-9]{1,9}(?:\.[0-9]{1,6})?) *(%|s|m|h|days?)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "day": 86_400.0, "days": 86_400.0}
_HINT = "for example >= 99 %, <= 30 m, < 4 h, <= 5 days, = 0"


def parse_target(value: object) -> Target:
    """Given a written value, return its target. Raise WrongValueError when it is none, or a share above 100 %."""
    match = _TARGET.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InvalidValueError(Code.BAD_FORM, f"expected a target, got {quote(value)}", hint=_HINT)
    number, unit = float(match[2]), match[3]
    if unit == "%" and number > 100:  # noqa: PLR2004 - per cent
        raise InvalidValueError(Code.OUT_OF_BOUNDS, f"expected 0 % to 100 %, got {quote(value)}")
    comparison = next(each for each in _COMPARISONS if each == match[1])
    if unit in _SECONDS:
        return Target(match[0], comparison, number * _SECONDS[unit], "seconds")
    return Target(match[0], comparison, number, "%" if unit == "%" else "")


_COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
