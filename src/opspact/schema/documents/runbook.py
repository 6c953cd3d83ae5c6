"""The kind `runbook`: a procedure for operators, step by step.

Comes in: one mapping, of a file under `runbooks/`. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import OFF, OTHER
from opspact.schema.documents.emergency import Symptoms
from opspact.schema.editors import one_of
from opspact.schema.fields import Content, Document, Elapsed, HostPattern, Line, Name, NotEmpty, Part, Text
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.durations import parse_duration

_DOINGS = ("run", "check", "by_hand")


class RunbookStep(Part):
    """One step: commands that change something, a read-only check, or a manual action."""

    model_config = ConfigDict(json_schema_extra=one_of(*_DOINGS))
    text: Text = Field(description="the purpose of the step", examples=[{"en": "stop the application"}])
    run: Content | None = Field(
        default=None, description="commands that change something", examples=["systemctl stop nginx"]
    )
    check: Content | None = Field(
        default=None,
        description="a read-only command; the step passes if it succeeds",
        examples=["systemctl is-active postgresql"],
    )
    by_hand: Text | None = Field(default=None, description="a manual action", examples=[{"en": "change the disk"}])
    contains: Line | None = Field(default=None, description="text that the output must contain", examples=["active"])
    on: HostPattern | None = Field(default=None, description="the hosts to run on", examples=["db"])
    within: Elapsed = Field(default=parse_duration("10m"), description="time limit", examples=["10m"])
    destructive: bool = Field(
        json_schema_extra=OFF, default=False, description="the step destroys data or cannot be undone", examples=[True]
    )
    approval: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="the approval required", examples=["destructive-work"]
    )
    restore_point: Name | None = Field(
        json_schema_extra=OTHER,
        default=None,
        description="the backup to run and verify right before this step",
        examples=["daily-incremental"],
    )

    @model_validator(mode="after")
    def _one_doing(self) -> "RunbookStep":
        given = [name for name in _DOINGS if getattr(self, name) is not None]
        if len(given) != 1:
            got = f"got {' and '.join(given)}" if given else "got none"
            message = f"expected exactly one of {', '.join(_DOINGS)}; {got}"
            raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[1:2]))
        if self.by_hand is None and self.on is None:
            message = "required field is missing: commands need hosts to run on"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="on: db", below=("on",))
        if self.by_hand is not None and self.contains is not None:
            message = "a manual step has no output"
            raise InvalidValueError(Code.BAD_FORM, message, below=("contains",))
        if self.check is not None and self.destructive:
            message = "a check is read-only and cannot be destructive; use run"
            raise InvalidValueError(Code.BAD_FORM, message, below=("destructive",))
        return self


class Runbook(Document):
    """A procedure for operators."""

    kind: Literal["runbook"] = Field(description="the kind of this policy")
    symptoms: Symptoms | None = Field(
        default=None,
        description="the symptoms it helps with, as people describe them",
        examples=[{"en": ["data lost"]}],
    )
    steps: NotEmpty[RunbookStep] = Field(
        description="the steps, in order",
        examples=[[{"text": {"en": "is it running?"}, "check": "systemctl is-active nginx", "on": "web"}]],
    )
