"""The kind `redaction`: what is hidden before anything is stored or shown.

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
    """Patterns of what may never be repeated; each line of text is searched for each of them."""

    kind: Literal["redaction"] = Field(description="what this document is")
    patterns: Annotated[NotEmpty[Expression], Check(distinct)] = Field(
        json_schema_extra=FEWER, description="regular expressions", examples=[[r"(?i)password\s*[:=]\s*\S+"]]
    )
    instead: Line = Field(default="[redacted]", description="what stands there instead", examples=["[redacted]"])
    hides: Distinct[Line] = Field(
        default=(), description="lines, made up, in which something is hidden", examples=[["password: example"]]
    )
    leaves: Distinct[Line] = Field(
        default=(), description="lines that stay as they are", examples=[["the password was changed"]]
    )
