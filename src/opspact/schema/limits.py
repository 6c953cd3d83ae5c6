"""Thresholds of checks: what is worse than which value, and when that counts.

Comes in: one mapping each. Goes out: frozen parts, used by the checks of inspections and devices.
"""

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import LESS, MORE
from opspact.schema.editors import any_of
from opspact.schema.fields import Elapsed, Part, Share
from opspact.schema.value_error import InvalidValueError
from opspact.values.duration import Duration
from opspact.values.percent import Percent

RECOVERS = "a reached threshold holds until the value has fallen to this"
After = Annotated[
    int,
    Field(
        json_schema_extra=MORE,
        ge=1,
        le=100,
        description="how many runs in a row must reach a threshold before it counts",
        examples=[2],
    ),
]


class PercentLimits(Part):
    """Thresholds for a share."""

    warn: Share = Field(json_schema_extra=MORE, description="warning threshold", examples=["80%"])
    critical: Share | None = Field(
        json_schema_extra=MORE, default=None, description="critical threshold", examples=["95%"]
    )
    recovers: Share | None = Field(json_schema_extra=MORE, default=None, description=RECOVERS, examples=["75%"])
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "PercentLimits":
        check_order(self.warn, self.critical, self.recovers)
        return self


class DurationLimits(Part):
    """Thresholds for a time."""

    warn: Elapsed = Field(json_schema_extra=MORE, description="warning threshold", examples=["1h"])
    critical: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="critical threshold", examples=["12h"]
    )
    recovers: Elapsed | None = Field(json_schema_extra=MORE, default=None, description=RECOVERS, examples=["30m"])
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "DurationLimits":
        check_order(self.warn, self.critical, self.recovers)
        return self


class AboveLimits(Part):
    """Thresholds for a number that gets worse as it grows."""

    model_config = ConfigDict(json_schema_extra=any_of("warn", "critical"))
    warn: float | None = Field(json_schema_extra=MORE, default=None, description="warning threshold", examples=[60])
    critical: float | None = Field(
        json_schema_extra=MORE, default=None, description="critical threshold", examples=[75]
    )
    recovers: float | None = Field(json_schema_extra=MORE, default=None, description=RECOVERS, examples=[55])
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "AboveLimits":
        lowest = self.critical if self.warn is None else self.warn
        if lowest is None:
            raise InvalidValueError(Code.FIELD_MISSING, "required field is missing: warn or critical", below=("warn",))
        check_order(lowest, None if self.warn is None else self.critical, self.recovers)
        return self


class BelowLimits(Part):
    """Thresholds for a number that gets worse as it falls."""

    model_config = ConfigDict(json_schema_extra=any_of("warn", "critical"))
    warn: float | None = Field(json_schema_extra=LESS, default=None, description="warn below this", examples=[80])
    critical: float | None = Field(
        json_schema_extra=LESS, default=None, description="critical below this", examples=[50]
    )
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "BelowLimits":
        if self.warn is None and self.critical is None:
            raise InvalidValueError(Code.FIELD_MISSING, "required field is missing: warn or critical", below=("warn",))
        if self.warn is not None and self.critical is not None and self.critical >= self.warn:
            message = f"critical ({text_of(self.critical)}) must be below warn ({text_of(self.warn)})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
        return self


def check_order(
    warn: Percent | Duration | float,
    critical: Percent | Duration | float | None,
    recovers: Percent | Duration | float | None,
) -> None:
    """Raise InvalidValueError unless `recovers` is below `warn`, and that below `critical`."""
    if critical is not None and number_of(critical) <= number_of(warn):
        message = f"critical ({text_of(critical)}) must be above warn ({text_of(warn)})"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
    if recovers is not None and number_of(recovers) >= number_of(warn):
        message = f"recovers ({text_of(recovers)}) must be below warn ({text_of(warn)})"
        raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("recovers",))


def number_of(limit: Percent | Duration | float) -> float:
    """Return a threshold as a number: per cent, seconds, or itself."""
    match limit:
        case Percent():
            return limit.value
        case Duration():
            return limit.seconds
        case _:
            return limit


def text_of(limit: Percent | Duration | float) -> str:
    """Return a threshold as messages show it."""
    return f"{limit:g}" if isinstance(limit, float | int) else str(limit)
