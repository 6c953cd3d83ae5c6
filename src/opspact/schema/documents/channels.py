"""The kind `channels`: how the desk is reached, at which hours, and who answers.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER
from opspact.schema.documents.roster import Hours
from opspact.schema.fields import AnyRecipient, Channel, Document, Name, NotEmpty, Part, Several, Text

Taken = Literal["alarms", "consultations", "faults", "requests"]


class Route(Part):
    """One way to the desk, at some hours."""

    reach: Text = Field(description="what the way is called", examples=[{"zh": "热线电话", "en": "hotline"}])
    at: Channel | None = Field(
        default=None, description="its number or address, or where that is kept", examples=["010-5555-0100"]
    )
    takes: NotEmpty[Taken] = Field(
        json_schema_extra=FEWER,
        description="what is taken there: alarms, consultations, faults, requests",
        examples=[["faults", "alarms"]],
    )
    hours: Hours = Field(
        default_factory=lambda: Hours.model_validate({}),
        description="when; always if nothing is said",
        examples=[{"calendar": "always", "except": "desk-5x8"}],
    )
    answered_by: AnyRecipient = Field(description="who answers", examples=["roster hotline-night"])
    by: Several[Name] = Field(
        json_schema_extra=FEWER, default=(), description="how the call gets to them", examples=["mobile"]
    )


class Channels(Document):
    """All ways to the desk."""

    kind: Literal["channels"] = Field(description="what this document is")
    routes: NotEmpty[Route] = Field(
        json_schema_extra=FEWER,
        description="the ways, by hour",
        examples=[[{"reach": {"en": "hotline"}, "takes": ["faults"], "answered_by": "roster hotline-day"}]],
    )
