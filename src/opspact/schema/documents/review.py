"""The kind `review`: a scheduled meeting that reviews measurements and decides on improvements.

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
    """A scheduled review meeting."""

    kind: Literal["review"] = Field(description="the kind of this policy")
    schedule: When = Field(
        json_schema_extra=RARER, description="when the review is held", examples=["monthly on day 3 at 10:00"]
    )
    led_by: Name = Field(description="the team or person that chairs it", examples=["quality-management"])
    attended_by: Several[Name] = Field(default=(), description="the teams and people who attend", examples=[["li-na"]])
    inputs: NotEmpty[Input] = Field(
        json_schema_extra=FEWER, description="the records under review", examples=[["sla", "backups", "improvements"]]
    )
    record_within: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("7 days"),
        description="time limit for writing the minutes",
        examples=["7 days"],
    )
