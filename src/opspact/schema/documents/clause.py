"""The kind `clause`: one promise of the contract's text.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import LATER_CHOICE, LESS, MORE
from opspact.schema.fields import ClauseNumber, Document, Elapsed, Line, Text
from opspact.schema.values.ages import HowLong


class Clause(Document):
    """A promise, which other policies name in their `clauses`."""

    kind: Literal["clause"] = Field(description="what this document is")
    name: ClauseNumber = Field(description="the number that policies refer to", examples=["B3"])
    section: Line = Field(description="where it stands in the contract's text", examples=["4(3)"])
    text: Text = Field(description="the promise", examples=[{"zh": "每日巡检", "en": "Daily inspection"}])
    kept_by: Literal["opspact", "person"] = Field(
        json_schema_extra=LATER_CHOICE,
        description="person: scheduled, reminded and recorded by opspact, done by somebody",
        examples=["opspact"],
    )
    evidence_within: Elapsed = Field(
        json_schema_extra=MORE, description="older evidence is stale", examples=["31 days"]
    )
    copies_kept: HowLong | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="copies made for this promise are kept at least so long",
        examples=["12 months"],
    )
