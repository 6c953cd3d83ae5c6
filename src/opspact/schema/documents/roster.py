"""The kind `roster`: who is on duty when.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Check, Parse, Rewrite
from opspact.schema.codes import Code
from opspact.schema.direction import ANY_OF, FEWER, FEWER_HOURS, GROWN, LATER_CHOICE, LESS, MORE
from opspact.schema.documents.contract import Zone
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
    not_empty,
    text_schema,
)
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.schedules import parse_handover
from opspact.values.schedule import Schedule


class Hours(Part):
    """Hours to cover: those of one calendar, except those of others."""

    calendar: Name = Field(
        json_schema_extra=FEWER_HOURS,
        default="always",
        description="the calendar whose hours must be covered",
        examples=["always"],
    )
    except_: Several[Name] = Field(
        json_schema_extra=GROWN,
        default=(),
        alias="except",
        description="calendars whose hours are excluded",
        examples=["desk-5x8"],
    )


Handover = Annotated[
    Schedule,
    Parse(parse_handover),
    text_schema("a schedule, or every so many weeks", "every 2 weeks on monday at 09:00", patterns.HANDOVER),
]


class Rotation(Part):
    """People on duty in turn; each handover moves on by one."""

    people: Annotated[Distinct[Name], Check(not_empty), SchemaWords(minItems=1)] = Field(
        description="the people, in order", examples=[["zhang-wei", "li-na", "wang-fang"]]
    )
    handover: Handover = Field(description="when the next person takes over", examples=["weekly on monday at 09:00"])
    since: Start = Field(
        description="the rotation starts with the first handover on or after this day", examples=["2026-01-05"]
    )
    zone: Zone | None = Field(
        default=None,
        description="the time zone of since and of the handover; the contract's by default",
        examples=["Europe/Berlin"],
    )


class Requires(Part):
    """Requirements for everybody on duty."""

    teams: Several[Name] = Field(
        json_schema_extra=ANY_OF,
        default=(),
        description="member of at least one of these teams",
        examples=[["customer-service"]],
    )
    trainings: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="trainings completed beforehand",
        examples=[["resident-induction"]],
    )
    certificates: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="valid certificates", examples=[["database-administrator"]]
    )


class Limits(Part):
    """Limits on one person's duty."""

    per_shift: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="maximum length of duty without a break", examples=["24h"]
    )
    per_week: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="maximum duty from Monday to Sunday", examples=["60h"]
    )
    rest: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="minimum rest between two shifts", examples=["11h"]
    )


class IntendedGap(Part):
    """Hours that are intentionally not covered."""

    from_: Instant = Field(alias="from", description="start of the gap", examples=["2026-10-01T00:00"])
    to: Instant = Field(description="end of the gap", examples=["2026-10-02T00:00"])
    reason: Line = Field(description="the reason", examples=["the building is closed"])
    agreed_by: Line = Field(description="who agreed on the customer's side", examples=["Office of Example"])


def _one_or_several(value: object) -> object:
    """Given one rotation or a list, return a list."""
    return (value,) if isinstance(value, dict) else value


class Roster(Document):
    """Who is on duty, and when."""

    model_config = ConfigDict(json_schema_extra=one_of("rotation", "people"))
    kind: Literal["roster"] = Field(description="the kind of this policy")
    hours: Hours = Field(
        default_factory=lambda: Hours.model_validate({}),
        description="the hours to cover; 24x7 by default",
        examples=[{"calendar": "always", "except": "desk-5x8"}],
    )
    on_duty: int = Field(
        json_schema_extra=LESS,
        default=1,
        ge=1,
        le=1000,
        description="minimum number of people on duty at once",
        examples=[1],
    )
    by: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="channels on which everybody on duty must be reachable",
        examples=["mobile"],
    )
    rotation: Annotated[
        tuple[Rotation, ...],
        Rewrite(_one_or_several, accepted=Rotation | tuple[Rotation, ...]),
    ] = Field(
        default=(),
        description="people taking turns; a list if one rotation replaces another, each from its own since",
        examples=[
            {
                "people": ["zhang-wei", "li-na", "wang-fang"],
                "handover": "weekly on monday at 09:00",
                "since": "2026-01-05",
            }
        ],
    )
    people: Distinct[Name] = Field(
        default=(),
        description="without a rotation: people who are all on duty all the time",
        examples=[["zhang-wei", "li-na"]],
    )
    presence: Literal["at_work", "standby"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="at_work",
        description="standby: on call from home; these hours do not count towards the limits of other rosters",
        examples=["standby"],
    )
    requires: Requires = Field(
        default_factory=lambda: Requires.model_validate({}),
        description="requirements for everybody on duty",
        examples=[{"teams": ["customer-service"], "trainings": ["resident-induction"]}],
    )
    limits: Limits = Field(
        default_factory=lambda: Limits.model_validate({}),
        description="limits on one person's duty",
        examples=[{"per_shift": "24h", "per_week": "60h", "rest": "11h"}],
    )
    gaps_intended: tuple[IntendedGap, ...] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="hours that are intentionally not covered",
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
            hint = "rotation: people taking turns; people: all of them on duty all the time"
            raise InvalidValueError(Code.BAD_FORM, message, hint=hint)
        return self

    @model_validator(mode="after")
    def _enough(self) -> "Roster":
        groups = [("rotation", each.people) for each in self.rotation] or [("people", self.people)]
        for field, people in groups:
            if len(people) < self.on_duty:
                message = f"on_duty is {self.on_duty}, but {field} has only {len(people)}"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("on_duty",))
        return self
