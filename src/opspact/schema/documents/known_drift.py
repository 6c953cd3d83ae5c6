"""The kind `known_drift`: steps that differ on hosts now and then, and nobody is to be called for, until a day.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.fields import Day, Document, HostPattern, Line, Name, NotEmpty, text_schema
from opspact.schema.values import validators

_STEP = r"[a-z][a-z-]* \S.*"
_STEP_WORDS = "a step as `opspact drift` shows it; `*` matches any text behind its first word"
StepPattern = Annotated[
    str,
    Check(validators.one_line),
    Check(validators.matching(_STEP, _STEP_WORDS)),
    text_schema(_STEP_WORDS, "file /etc/motd", f"^{_STEP}$"),
]


class KnownDrift(Document):
    """Drift of some steps that is known, with a reason, by somebody, until a day."""

    kind: Literal["known_drift"] = Field(description="the kind of this policy")
    steps: NotEmpty[StepPattern] = Field(
        description="the steps that differ, or patterns of them", examples=[["file /etc/motd", "package linux-image-*"]]
    )
    hosts: HostPattern = Field(description="the hosts on which they do", examples=["web"])
    reason: Line = Field(description="why it is not fixed", examples=["the vendor's agent writes it at each start"])
    by: Name = Field(description="the person or team accepting it", examples=["project-manager"])
    until: Day = Field(description="the last day on which it is accepted", examples=["2026-06-30"])
