"""The kind `ladder`: who is told, and who is next if nobody answers.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER, LESS, MORE
from opspact.schema.fields import AnyRecipient, Document, Elapsed, Name, NotEmpty, Part, Several


class Rung(Part):
    """One step: who is told, by which channels, and how long an answer is waited for."""

    tell: AnyRecipient = Field(description="who is told", examples=["roster hotline-day"])
    by: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the channels; all that they have if nothing is said",
        examples=[["mobile", "email"]],
    )
    wait: Elapsed | None = Field(
        json_schema_extra=MORE, default=None, description="before they are told", examples=["5m"]
    )
    acknowledge_within: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="afterwards the next is told; at once if nothing is said",
        examples=["10m"],
    )


class Ladder(Document):
    """Steps, gone through until somebody answers."""

    kind: Literal["ladder"] = Field(description="what this document is")
    steps: NotEmpty[Rung] = Field(
        json_schema_extra=FEWER,
        description="in this order",
        examples=[[{"tell": "roster hotline-day", "by": ["mobile", "email"], "acknowledge_within": "10m"}]],
    )
    if_nobody: Literal["skip", "hold"] = Field(
        default="skip",
        description="when nobody is on duty at a step: skip it, or hold until somebody is",
        examples=["skip"],
    )
    repeat: int = Field(
        json_schema_extra=LESS,
        default=1,
        ge=1,
        le=100,
        description="how many times all steps are gone through",
        examples=[2],
    )
    last_resort: AnyRecipient | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="who is told when nobody answered",
        examples=["person project-manager"],
    )
