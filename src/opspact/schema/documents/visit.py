"""The kind `visit`: when the customer is called on, and by whom.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import RARER
from opspact.schema.fields import Document, Elapsed, Name, When


class Visit(Document):
    """A visit to the customer, to hear how the service is and what should be better."""

    kind: Literal["visit"] = Field(description="what this document is")
    schedule: When = Field(json_schema_extra=RARER, description="when", examples=["quarterly on day 15 at 10:00"])
    by: Name = Field(description="the team or person that goes", examples=["customer-service"])
    takes: Elapsed | None = Field(default=None, description="how long it takes each time", examples=["3h"])
