"""The kind `runbook`: what operators do, step by step.

Comes in: one mapping, of a file under `runbooks/`. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.documents.emergency import Symptoms
from opspact.schema.editors import one_of
from opspact.schema.fields import Content, Document, Elapsed, HostPattern, Line, Name, NotEmpty, Part, Text
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.durations import parse_duration

_DOINGS = ("run", "check", "by_hand")


class RunbookStep(Part):
    """One step: commands that are run, a command that only looks, or something done by hand."""

    model_config = ConfigDict(json_schema_extra=one_of(*_DOINGS))
    text: Text = Field(description="what the step is for", examples=[{"en": "stop the application"}])
    run: Content | None = Field(
        default=None, description="commands that change something", examples=["systemctl stop nginx"]
    )
    check: Content | None = Field(
        default=None,
        description="a command that only looks; the step holds when it succeeds",
        examples=["systemctl is-active postgresql"],
    )
    by_hand: Text | None = Field(default=None, description="what somebody does", examples=[{"en": "change the disk"}])
    contains: Line | None = Field(default=None, description="text that the output holds", examples=["active"])
    on: HostPattern | None = Field(default=None, description="on which hosts", examples=["db"])
    within: Elapsed = Field(default=parse_duration("10m"), description="at most so long", examples=["10m"])
    destructive: bool = Field(default=False, description="it destroys something, or cannot be undone", examples=[True])
    approval: Name | None = Field(default=None, description="the approval that it needs", examples=["destructive-work"])
    restore_point: Name | None = Field(
        default=None, description="the backup that is run, and proved good, just before", examples=["daily-incremental"]
    )

    @model_validator(mode="after")
    def _one_doing(self) -> "RunbookStep":
        given = [name for name in _DOINGS if getattr(self, name) is not None]
        if len(given) != 1:
            got = f"got {' and '.join(given)}" if given else "got none"
            message = f"expected exactly one of {', '.join(_DOINGS)}; {got}"
            raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[1:2]))
        if self.by_hand is None and self.on is None:
            message = "is missing: commands are run on hosts"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="on: db", below=("on",))
        if self.by_hand is not None and self.contains is not None:
            message = "what is done by hand has no output"
            raise InvalidValueError(Code.BAD_FORM, message, below=("contains",))
        if self.check is not None and self.destructive:
            message = "a check only looks: what destroys something is run"
            raise InvalidValueError(Code.BAD_FORM, message, below=("destructive",))
        return self


class Runbook(Document):
    """A procedure."""

    kind: Literal["runbook"] = Field(description="what this document is")
    symptoms: Symptoms | None = Field(
        default=None, description="what it is good for, in people's words", examples=[{"en": ["data lost"]}]
    )
    steps: NotEmpty[RunbookStep] = Field(
        description="what is done, in order",
        examples=[[{"text": {"en": "is it running?"}, "check": "systemctl is-active nginx", "on": "web"}]],
    )
