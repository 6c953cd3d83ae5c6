"""The kind `ladder`: who is notified, and who is next if nobody acknowledges.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER, LATER, LATER_CHOICE, LESS, NARROWER
from opspact.schema.fields import AnyRecipient, Document, Elapsed, Name, NotEmpty, Part, Several


class Rung(Part):
    """One level: who is notified, on which channels, and how long to wait for an acknowledgement."""

    tell: AnyRecipient = Field(description="who is notified", examples=["roster hotline-day"])
    by: Several[Name] = Field(
        json_schema_extra=NARROWER,
        default=(),
        description="the channels to use; all of the person's channels by default",
        examples=[["mobile", "email"]],
    )
    wait: Elapsed | None = Field(
        json_schema_extra=LATER, default=None, description="how long to wait before notifying them", examples=["5m"]
    )
    acknowledge_within: Elapsed | None = Field(
        json_schema_extra=LATER,
        default=None,
        description="notify the next level if nobody acknowledges within this time; at once by default",
        examples=["10m"],
    )


class Ladder(Document):
    """An escalation ladder: levels, notified in turn until somebody acknowledges."""

    kind: Literal["ladder"] = Field(description="the kind of this policy")
    steps: NotEmpty[Rung] = Field(
        json_schema_extra=FEWER,
        description="the levels, in order",
        examples=[[{"tell": "roster hotline-day", "by": ["mobile", "email"], "acknowledge_within": "10m"}]],
    )
    if_nobody: Literal["skip", "hold"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="skip",
        description="if nobody is on duty at a level: skip it, or hold until somebody is",
        examples=["skip"],
    )
    repeat: int = Field(
        json_schema_extra=LESS,
        default=1,
        ge=1,
        le=100,
        description="how many times to go through all levels",
        examples=[2],
    )
    last_resort: AnyRecipient | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="who is notified if nobody acknowledges",
        examples=["person project-manager"],
    )
