"""The kind `training`: who is trained in what, when and by whom.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Parse
from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, FEWER, LATER, LESS
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
    """A training; with `before: first duty`, nobody in its audience may be on duty until they have completed it."""

    model_config = ConfigDict(json_schema_extra=any_of("audience", "users"))
    kind: Literal["training"] = Field(description="the kind of this policy")
    audience: Distinct[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the provider's teams and people",
        examples=[["implementation"]],
    )
    users: tuple[Text, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the customer's people, by role",
        examples=[[{"zh": "系统管理人员", "en": "system administrators"}]],
    )
    before: Annotated[
        Schedule | None,
        Parse(_parse_before),
        text_schema("first duty, or a schedule", FIRST_DUTY, patterns.FIRST_DUTY_OR_SCHEDULE),
    ] = Field(json_schema_extra=LATER, description="first duty, or a schedule", examples=[FIRST_DUTY])
    stage: Text | None = Field(
        default=None, description="the stage of service that it belongs to", examples=[{"en": "operation"}]
    )
    content: Text = Field(
        json_schema_extra=CHANGED, description="what is taught", examples=[{"zh": "驻场规范", "en": "conduct on site"}]
    )
    trainer: Name = Field(description="the team or person that teaches", examples=["training-team"])
    takes: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="the duration of one session", examples=["4h"]
    )
    done: Mapping[Name, Day] = Field(
        default_factory=dict, description="who has completed it, and when", examples=[{"li-na": "2026-01-03"}]
    )

    @model_validator(mode="after")
    def _somebody(self) -> "Training":
        if not self.audience and not self.users:
            hint = "audience: the provider's teams; users: the customer's people"
            raise InvalidValueError(Code.FIELD_MISSING, "no audience or users are given", hint=hint)
        if self.before is None and not self.audience:
            message = "before: first duty requires an audience"
            raise InvalidValueError(Code.BAD_FORM, message, hint="write a schedule", below=("before",))
        return self
