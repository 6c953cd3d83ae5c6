"""The kind `clause`: one promise of the contract's text.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import CHANGED, LATER_CHOICE, LESS, MORE
from opspact.schema.fields import ClauseNumber, Document, Elapsed, Line, Text
from opspact.schema.values.ages import HowLong


class Clause(Document):
    """A promise of the contract, referenced by the `clauses` of other policies."""

    kind: Literal["clause"] = Field(description="the kind of this policy")
    name: ClauseNumber = Field(description="the clause number that policies refer to", examples=["B3"])
    section: Line = Field(
        json_schema_extra=CHANGED, description="the section of the contract's text", examples=["4(3)"]
    )
    text: Text = Field(
        json_schema_extra=CHANGED, description="the promise", examples=[{"zh": "每日巡检", "en": "Daily inspection"}]
    )
    kept_by: Literal["opspact", "person"] = Field(
        json_schema_extra=LATER_CHOICE,
        description="who keeps the promise; person: opspact schedules and records, a person does the work",
        examples=["opspact"],
    )
    evidence_within: Elapsed = Field(
        json_schema_extra=MORE, description="maximum age of evidence", examples=["31 days"]
    )
    copies_kept: HowLong | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="minimum retention of copies made for this clause",
        examples=["12 months"],
    )
