"""The kind `training`: who learns what, before when, from whom.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Parse
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, LESS
from opspact.schema.editors import any_of
from opspact.schema.fields import Day, Distinct, Document, Elapsed, Name, Text, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.schedules import parse_schedule
from opspact.values.schedule import Schedule

FIRST_DUTY = "first duty"


def _parse_before(value: object) -> Schedule | None:
    """Given a schedule or `first duty`, return the schedule, or None for first duty."""
    return None if value == FIRST_DUTY else parse_schedule(value)


class Training(Document):
    """A training; `before: first duty` keeps everybody of its audience off the rosters until it is done."""

    model_config = ConfigDict(json_schema_extra=any_of("audience", "users"))
    kind: Literal["training"] = Field(description="what this document is")
    audience: Distinct[Name] = Field(
        json_schema_extra=FEWER, default=(), description="teams and people of ours", examples=[["implementation"]]
    )
    users: tuple[Text, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="who learns at the customer's, by their duties",
        examples=[[{"zh": "系统管理人员", "en": "system administrators"}]],
    )
    before: Annotated[
        Schedule | None,
        Parse(_parse_before),
        text_schema("first duty, or a schedule by which it is held", FIRST_DUTY, patterns.FIRST_DUTY_OR_SCHEDULE),
    ] = Field(description="first duty, or a schedule by which it is held", examples=[FIRST_DUTY])
    stage: Text | None = Field(default=None, description="the stage that it belongs to", examples=[{"en": "operation"}])
    content: Text = Field(description="what is taught", examples=[{"zh": "驻场规范", "en": "conduct on site"}])
    trainer: Name = Field(description="the team or person that teaches", examples=["training-team"])
    takes: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="how long it takes each time", examples=["4h"]
    )
    done: Mapping[Name, Day] = Field(
        default_factory=dict, description="who of ours has had it, and when", examples=[{"li-na": "2026-01-03"}]
    )

    @model_validator(mode="after")
    def _somebody(self) -> "Training":
        if not self.audience and not self.users:
            hint = "audience: teams of ours; users: people at the customer's"
            raise InvalidValueError(Code.FIELD_MISSING, "nobody is to be trained", hint=hint)
        if self.before is None and not self.audience:
            message = "before first duty is meant for people of ours"
            raise InvalidValueError(Code.BAD_FORM, message, hint="write a schedule", below=("before",))
        return self
