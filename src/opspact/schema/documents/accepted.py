"""The kind `accepted`: a finding that is accepted openly, for a limited time.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.fields import Day, Distinct, Document, HostName, Line, Name, text_schema
from opspact.schema.values import validators

_LONGEST_NAME = 64

FindingCode = Annotated[
    str,
    Check(validators.matching(r"OP[0-9]{3}", "the code of a finding")),
    text_schema("a finding code", "OP412", "^OP[0-9]{3}$"),
]
Where = Annotated[
    str,
    Check(validators.matching(r"(?:policies|runbooks)/[^#]+#[a-zA-Z0-9._-]+", "a file and a policy in it")),
    text_schema(
        "a file and a policy in it, as shown in the finding",
        "policies/backups.yaml#daily",
        "^(?:policies|runbooks)/[^#]+#[a-zA-Z0-9._-]+$",
    ),
]


class Accepted(Document):
    """One finding about one policy, accepted with a reason, by somebody, until a day."""

    kind: Literal["accepted"] = Field(description="the kind of this policy")
    name: Name = Field(
        default="",
        description="unique among acceptances; the default combines the finding and the policy",
        examples=["op412-weekly-changed-data"],
    )
    finding: FindingCode = Field(description="the code of the finding", examples=["OP412"])
    where: Where = Field(
        description="the policy that the finding is about", examples=["policies/backups.yaml#weekly-changed-data"]
    )
    only: Distinct[HostName] = Field(
        default=(),
        description="accept the finding for these hosts only; if it also names other hosts, it is not accepted",
        examples=[["mail1"]],
    )
    reason: Line = Field(description="why it is accepted", examples=["the second disk arrives in May"])
    by: Name = Field(description="the person or team accepting it", examples=["project-manager"])
    until: Day = Field(description="the last day on which it is accepted", examples=["2026-06-30"])

    @model_validator(mode="before")
    @classmethod
    def _named_after_what_it_is_about(cls, written: object) -> object:
        match written:
            case {"name": _}:
                return written
            case {"finding": str(finding), "where": str(where), **others}:
                about = f"{finding}-{where.rpartition('#')[2]}".lower()
                name = re.sub(r"[^a-z0-9]+", "-", about)[:_LONGEST_NAME].strip("-")
                return {**others, "name": name, "finding": finding, "where": where}
            case _:
                return written
