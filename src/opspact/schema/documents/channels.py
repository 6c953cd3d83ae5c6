"""The kind `channels`: how the service desk is reached, when, and who answers.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import CHANGED, FEWER, NARROWER
from opspact.schema.documents.roster import Hours
from opspact.schema.fields import AnyRecipient, Channel, Document, Name, NotEmpty, Part, Several, Text

Taken = Literal["alarms", "consultations", "faults", "requests"]


class Route(Part):
    """One channel to the service desk, with its hours."""

    reach: Text = Field(
        json_schema_extra=CHANGED,
        description="the name of the channel",
        examples=[{"zh": "热线电话", "en": "hotline"}],
    )
    at: Channel | None = Field(
        json_schema_extra=CHANGED,
        default=None,
        description="its number or address, or a reference to it",
        examples=["010-5555-0100"],
    )
    takes: NotEmpty[Taken] = Field(
        json_schema_extra=FEWER,
        description="what it accepts: alarms, consultations, faults, requests",
        examples=[["faults", "alarms"]],
    )
    hours: Hours = Field(
        default_factory=lambda: Hours.model_validate({}),
        description="the hours in which it is open; always by default",
        examples=[{"calendar": "always", "except": "desk-5x8"}],
    )
    answered_by: AnyRecipient = Field(description="who answers", examples=["roster hotline-night"])
    by: Several[Name] = Field(
        json_schema_extra=NARROWER, default=(), description="how calls are forwarded", examples=["mobile"]
    )


class Channels(Document):
    """All channels to the service desk."""

    kind: Literal["channels"] = Field(description="the kind of this policy")
    routes: NotEmpty[Route] = Field(
        json_schema_extra=FEWER,
        description="the channels and their hours",
        examples=[[{"reach": {"en": "hotline"}, "takes": ["faults"], "answered_by": "roster hotline-day"}]],
    )
