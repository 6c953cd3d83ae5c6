"""The kind `runbook`: a procedure for operators, step by step.

Comes in: one mapping, of a file under `runbooks/`. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOSTS, LATER_CHOICE, MORE, OFF
from opspact.schema.documents.emergency import Symptoms
from opspact.schema.fields import Document, HostPattern, Name, NotEmpty, Part, Several, Text, Word
from opspact.schema.runbook.checks import Checks
from opspact.schema.runbook.inputs import HostsOrInput, Input
from opspact.schema.runbook.steps import RunbookStep
from opspact.schema.value_error import InvalidValueError, quote


class Precondition(Part):
    """What must be so before the runbook may start."""

    text: Text = Field(description="what it is about", examples=[{"en": "The database server answers"}])
    check: Checks = Field(description="what must be so", examples=[[{"unit": "nginx.service"}]])
    on: HostsOrInput | None = Field(
        default=None, description="the hosts, or an input of type host; default: the runbook's", examples=["db"]
    )


class RunLimits(Part):
    """Where and when the runbook may run."""

    max_targets: int = Field(
        json_schema_extra=MORE, default=1, ge=1, le=1000, description="on how many hosts at once", examples=[1]
    )
    blackouts: Literal["refuse", "ignore"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="ignore",
        description="whether it may start in a blackout window of a target, or while changes are frozen",
        examples=["refuse"],
    )


class Runbook(Document):
    """A procedure for operators."""

    kind: Literal["runbook"] = Field(description="the kind of this policy")
    symptoms: Symptoms | None = Field(
        default=None,
        description="the symptoms it helps with, as people describe them",
        examples=[{"en": ["data lost"]}],
    )
    risk: Literal["read-only", "reversible", "destructive"] = Field(
        description="the worst that its steps can do", examples=["reversible"]
    )
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS, description="the hosts that it may be run for", examples=["db"]
    )
    rehearsal_only: bool = Field(
        json_schema_extra=OFF,
        default=False,
        description="it makes a fault for a drill: it runs in drills alone, on hosts with opspact_rehearsal: true",
        examples=[True],
    )
    inputs: Mapping[Word, Input] = Field(
        default_factory=dict,
        description="values that are given when it starts",
        examples=[{"database": {"text": {"en": "the database"}, "pattern": "[a-z_]+", "default": "oa"}}],
    )
    preconditions: tuple[Precondition, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what must be so before it may start",
        examples=[[{"text": {"en": "The server answers"}, "check": [{"unit": "ssh.service"}]}]],
    )
    limits: RunLimits = Field(
        default_factory=RunLimits, description="where and when it may run", examples=[{"max_targets": 1}]
    )
    restore_point: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="backups whose newest copy must be fresh and verified before the start, and that are run then",
        examples=["daily-incremental"],
    )
    without_restore_point: Text | None = Field(
        default=None,
        description="why it may start without a restore point",
        examples=[{"en": "the data is lost already"}],
    )
    steps: NotEmpty[RunbookStep] = Field(
        description="the steps, in order",
        examples=[[{"name": "check", "text": {"en": "Is it running?"}, "check": [{"unit": "nginx.service"}]}]],
    )
    evidence: Mapping[Word, Text] = Field(
        json_schema_extra=FEWER,
        default_factory=dict,
        description="the evidence required to close a run: attached at a manual step, or a captured value",
        examples=[{"photo": {"en": "a photo of the new disk"}}],
    )

    @model_validator(mode="after")
    def _distinct_names(self) -> "Runbook":
        seen: set[str] = set()
        for index, step in enumerate(self.steps):
            if step.name in seen:
                message = f"duplicate step {quote(step.name)}"
                raise InvalidValueError(Code.BAD_FORM, message, below=("steps", index, "name"))
            seen.add(step.name)
        return self

    @model_validator(mode="after")
    def _one_way_back(self) -> "Runbook":
        if self.restore_point and self.without_restore_point is not None:
            message = "expected restore_point or without_restore_point, got both"
            raise InvalidValueError(Code.BAD_FORM, message, below=("without_restore_point",))
        return self
