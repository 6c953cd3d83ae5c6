"""The kind `review`: a meeting on a schedule that looks at what was measured, and decides what becomes better.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER, MORE, RARER
from opspact.schema.fields import Document, Elapsed, Name, NotEmpty, Several, When
from opspact.schema.values.durations import parse_duration

Input = Literal[
    "backups",
    "cases",
    "definitions",
    "drills",
    "findings",
    "improvements",
    "inspections",
    "logs",
    "quality",
    "rosters",
    "sla",
    "suggestions",
    "trainings",
    "visits",
]


class Review(Document):
    """A review."""

    kind: Literal["review"] = Field(description="what this document is")
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["monthly on day 3 at 10:00"])
    led_by: Name = Field(description="the team or person that leads it", examples=["quality-management"])
    attended_by: Several[Name] = Field(default=(), description="teams and persons that come", examples=[["li-na"]])
    inputs: NotEmpty[Input] = Field(
        json_schema_extra=FEWER, description="what is on the table", examples=[["sla", "backups", "improvements"]]
    )
    record_within: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("7 days"),
        description="the record is written within",
        examples=["7 days"],
    )
