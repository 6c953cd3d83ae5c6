"""The kind `approval`: who must approve what, and how many of them.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field

from opspact.schema.direction import FEWER, LATER, LESS, MORE, OFF, OTHER
from opspact.schema.fields import Distinct, Document, Elapsed, Name, Part
from opspact.schema.values.durations import parse_duration

Occasion = Literal["acceptance", "apply", "destructive", "pause", "restore", "solution", "weakening"]


class Needs(Part):
    """Who approves, how many approvals are needed, and how long one is valid."""

    role: Name = Field(json_schema_extra=OTHER, description="who approves: customer, or a team", examples=["customer"])
    count: int = Field(
        json_schema_extra=LESS,
        default=1,
        ge=1,
        le=100,
        description="number of different people who must approve",
        examples=[1],
    )
    not_requester: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="the requester cannot approve their own request",
        examples=[True],
    )
    expires: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("7 days"),
        description="how long an approval is valid",
        examples=["7 days"],
    )
    signed_commits: bool = Field(
        json_schema_extra=OFF,
        default=False,
        description="commits that were not applied before must be signed by a signing key of a person of the contract",
        examples=[True],
    )


class SkippedApproval(Part):
    """What is owed after a plan was carried out without this approval, in an emergency."""

    review_within: Elapsed = Field(
        json_schema_extra=LATER,
        description="how long after it somebody else who may approve reviews what was done",
        examples=["24h"],
    )


class Approval(Document):
    """An approval rule: required by everything listed under `for`, and by runbook steps that name it."""

    kind: Literal["approval"] = Field(description="the kind of this policy")
    needs: Needs = Field(description="the approvals needed", examples=[{"role": "customer", "count": 1}])
    for_: Distinct[Occasion] = Field(
        json_schema_extra=FEWER,
        default=(),
        alias="for",
        description="what requires this approval",
        examples=[["weakening", "destructive"]],
    )
    emergency: SkippedApproval | None = Field(
        default=None,
        description="`apply --emergency` may go without this approval, which is then reviewed; by default it may not",
        examples=[{"review_within": "24h"}],
    )
