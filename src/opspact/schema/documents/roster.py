"""The kind `roster`: who is on duty when.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check, Rewrite
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOURS, GROWN, LATER_CHOICE, LESS, MORE
from opspact.schema.editors import SchemaWords, one_of
from opspact.schema.fields import (
    Distinct,
    Document,
    Elapsed,
    Instant,
    Line,
    Name,
    Part,
    Several,
    Start,
    When,
    not_empty,
)
from opspact.schema.value_error import InvalidValueError


class Hours(Part):
    """What must be covered: one calendar's hours, less those of others."""

    calendar: Name = Field(
        json_schema_extra=FEWER_HOURS,
        default="always",
        description="the calendar whose hours are covered",
        examples=["always"],
    )
    except_: Several[Name] = Field(
        json_schema_extra=GROWN,
        default=(),
        alias="except",
        description="calendars whose hours are not",
        examples=["desk-5x8"],
    )


class Rotation(Part):
    """People who follow one another; each hand-over moves on by one."""

    people: Annotated[Distinct[Name], Check(not_empty), SchemaWords(minItems=1)] = Field(
        description="in the order of their turns", examples=[["zhang-wei", "li-na", "wang-fang"]]
    )
    handover: When = Field(description="when the next turn begins", examples=["weekly on monday at 09:00"])
    since: Start = Field(description="it begins with the first hand-over from then on", examples=["2026-01-05"])


class Requires(Part):
    """What everybody on duty must be, have learned and have shown."""

    teams: Several[Name] = Field(default=(), description="in one of these teams", examples=[["customer-service"]])
    trainings: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="trained before", examples=[["resident-induction"]]
    )
    certificates: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="certified", examples=[["database-administrator"]]
    )


class Limits(Part):
    """How much duty one person may have."""

    per_shift: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="at most, without a break", examples=["24h"]
    )
    per_week: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="at most, from Monday to Sunday", examples=["60h"]
    )
    rest: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="between two spells of duty, at least", examples=["11h"]
    )


class IntendedGap(Part):
    """Hours that are left open on purpose."""

    from_: Instant = Field(alias="from", description="from then on", examples=["2026-10-01T00:00"])
    to: Instant = Field(description="until then", examples=["2026-10-02T00:00"])
    reason: Line = Field(description="why", examples=["the building is closed"])
    agreed_by: Line = Field(description="who agreed at the customer's", examples=["Office of Example"])


def _one_or_several(value: object) -> object:
    """Given one rotation or a list, return a list."""
    return (value,) if isinstance(value, dict) else value


class Roster(Document):
    """Who answers, or is there, and when."""

    model_config = ConfigDict(json_schema_extra=one_of("rotation", "people"))
    kind: Literal["roster"] = Field(description="what this document is")
    hours: Hours = Field(
        default_factory=lambda: Hours.model_validate({}),
        description="what must be covered; always if nothing is said",
        examples=[{"calendar": "always", "except": "desk-5x8"}],
    )
    on_duty: int = Field(
        json_schema_extra=LESS, default=1, ge=1, le=1000, description="so many at once, at least", examples=[1]
    )
    by: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the channels by which everybody on duty must be reachable",
        examples=["mobile"],
    )
    rotation: Annotated[
        tuple[Rotation, ...],
        Rewrite(_one_or_several, accepted=Rotation | tuple[Rotation, ...]),
    ] = Field(
        default=(),
        description="who follows whom; a list where one rotation follows another, each from its own since",
        examples=[
            {
                "people": ["zhang-wei", "li-na", "wang-fang"],
                "handover": "weekly on monday at 09:00",
                "since": "2026-01-05",
            }
        ],
    )
    people: Distinct[Name] = Field(
        default=(), description="without a rotation: all of them, all the time", examples=[["zhang-wei", "li-na"]]
    )
    presence: Literal["at_work", "standby"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="at_work",
        description="standby: at home, and there when called; the limits of other rosters do not count such hours",
        examples=["standby"],
    )
    requires: Requires = Field(
        default_factory=lambda: Requires.model_validate({}),
        description="what everybody on duty must be and have",
        examples=[{"teams": ["customer-service"], "trainings": ["resident-induction"]}],
    )
    limits: Limits = Field(
        default_factory=lambda: Limits.model_validate({}),
        description="how much duty one person may have",
        examples=[{"per_shift": "24h", "per_week": "60h", "rest": "11h"}],
    )
    gaps_intended: tuple[IntendedGap, ...] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="hours left open on purpose",
        examples=[
            [
                {
                    "from": "2026-10-01T00:00",
                    "to": "2026-10-02T00:00",
                    "reason": "the building is closed",
                    "agreed_by": "Office of Example",
                }
            ]
        ],
    )

    @model_validator(mode="after")
    def _somebody(self) -> "Roster":
        if bool(self.rotation) == bool(self.people):
            message = "expected either a rotation or people" + (", got both" if self.people else ", got neither")
            hint = "rotation: who follows whom; people: all of them, all the time"
            raise InvalidValueError(Code.BAD_FORM, message, hint=hint)
        return self

    @model_validator(mode="after")
    def _enough(self) -> "Roster":
        groups = [("rotation", each.people) for each in self.rotation] or [("people", self.people)]
        for field, people in groups:
            if len(people) < self.on_duty:
                message = f"{self.on_duty} at once are more than the {len(people)} in {field}"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("on_duty",))
        return self
