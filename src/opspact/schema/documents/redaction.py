"""The kind `redaction`: what is masked before anything is stored or shown.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import FEWER
from opspact.schema.fields import Distinct, Document, Line, NotEmpty, distinct, text_schema
from opspact.schema.values import validators

Expression = Annotated[
    str,
    Check(validators.regular_expression),
    text_schema("a regular expression", r"(?i)password\s*[:=]\s*\S+"),
]


class Redaction(Document):
    """Patterns to mask; every line of text is searched for each of them."""

    kind: Literal["redaction"] = Field(description="the kind of this policy")
    patterns: Annotated[NotEmpty[Expression], Check(distinct)] = Field(
        json_schema_extra=FEWER, description="regular expressions", examples=[[r"(?i)password\s*[:=]\s*\S+"]]
    )
    instead: Line = Field(default="[redacted]", description="the replacement", examples=["[redacted]"])
    hides: Distinct[Line] = Field(
        default=(), description="example lines in which something is masked", examples=[["password: example"]]
    )
    leaves: Distinct[Line] = Field(
        default=(), description="example lines that stay unchanged", examples=[["the password was changed"]]
    )
