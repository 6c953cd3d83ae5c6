"""The kind `approval`: who must say yes, before what.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER, LESS, MORE, OFF, OTHER
from opspact.schema.fields import Distinct, Document, Elapsed, Name, Part
from opspact.schema.values.durations import parse_duration

Occasion = Literal["acceptance", "apply", "destructive", "pause", "restore", "solution", "weakening"]


class Needs(Part):
    """Whose yes, how many of them, and for how long it counts."""

    role: Name = Field(json_schema_extra=OTHER, description="customer, or a team", examples=["customer"])
    count: int = Field(
        json_schema_extra=LESS, default=1, ge=1, le=100, description="so many different people", examples=[1]
    )
    not_requester: bool = Field(
        json_schema_extra=OFF, default=True, description="whoever asks may not say yes themselves", examples=[True]
    )
    expires: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("7 days"),
        description="a yes counts for so long",
        examples=["7 days"],
    )


class Approval(Document):
    """A rule of approval; what it is for asks for it, and runbook steps may name it."""

    kind: Literal["approval"] = Field(description="what this document is")
    needs: Needs = Field(description="whose yes", examples=[{"role": "customer", "count": 1}])
    for_: Distinct[Occasion] = Field(
        json_schema_extra=FEWER,
        default=(),
        alias="for",
        description="what needs it",
        examples=[["weakening", "destructive"]],
    )
