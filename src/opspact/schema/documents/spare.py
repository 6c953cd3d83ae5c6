"""The kind `spare`: spare parts, counted on a schedule.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, LESS, MORE, RARER
from opspact.schema.editors import any_of
from opspact.schema.fields import Document, Elapsed, Name, Part, Several, Text, When
from opspact.schema.value_error import InvalidValueError


class Replaced(Part):
    """The devices and services that the spare part can replace, or a part of them."""

    model_config = ConfigDict(json_schema_extra=any_of("device", "service"))
    device: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="one device, or a list", examples=["core-switch"]
    )
    service: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="one service policy, or a list", examples=["office-web"]
    )

    @model_validator(mode="after")
    def _something(self) -> "Replaced":
        if not self.device and not self.service:
            raise InvalidValueError(Code.FIELD_MISSING, "expected a device or a service", hint="device: core-switch")
        return self


class Spare(Document):
    """Spare parts in stock; somebody counts them on a schedule and records the number."""

    kind: Literal["spare"] = Field(description="the kind of this policy")
    for_: Replaced = Field(
        alias="for", description="the devices and services that it replaces", examples=[{"device": "core-switch"}]
    )
    where: Text = Field(
        description="the place where it is kept", examples=[{"zh": "备件库", "en": "spare parts store"}]
    )
    site: Name | None = Field(default=None, description="the site where it is kept", examples=["site-b"])
    owner: Name = Field(description="the team or person that counts", examples=["zhang-wei"])
    minimum: int = Field(
        json_schema_extra=LESS, default=1, ge=1, le=1_000_000, description="minimum number in stock", examples=[1]
    )
    ready_within: Elapsed = Field(
        json_schema_extra=MORE, description="time until it is in service in place of the original", examples=["4h"]
    )
    checked: When = Field(
        json_schema_extra=RARER, description="when it is counted", examples=["quarterly on day 10 at 10:00"]
    )
    takes: Elapsed | None = Field(default=None, description="the duration of one count", examples=["30m"])
