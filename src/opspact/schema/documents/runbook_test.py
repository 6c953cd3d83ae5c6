"""The kind `runbook_test`: what a runbook does when hosts and people give these answers, checked without any of them.

Comes in: one mapping, of a file under `runbooks/tests/`. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.fields import Document, HostName, Name, NotEmpty, Part, Several, Text, Word, text_schema
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values import validators

_QUESTION = r"[a-z][a-z0-9-]{0,63}|[a-z][a-z0-9_]{0,63}|[a-z][a-z0-9-]{0,63}\.[a-z][a-z0-9_]{0,63}"
_QUESTION_WORDS = "STEP (confirms it), NAME (gives a value) or STEP.NAME"
Question = Annotated[
    str,
    Check(validators.matching(_QUESTION, _QUESTION_WORDS)),
    text_schema(_QUESTION_WORDS, "cause", f"^(?:{_QUESTION})$"),
]


class Fault(Part):
    """What a step gives on hosts instead of success without output."""

    step: Name = Field(description="the step", examples=["restart"])
    on: HostName | None = Field(default=None, description="the host; default: every one", examples=["app1"])
    outcome: Literal["done", "failed", "lost", "timeout"] | None = Field(
        default=None,
        description="how it ends; lost: the connection; default: done, or failed with an exit code that is not 0",
        examples=["lost"],
    )
    exit_code: int | None = Field(default=None, ge=0, le=255, description="the exit code", examples=[1])
    output: str = Field(default="", description="the output", examples=["Active: failed"])
    error_output: str = Field(default="", description="the error output", examples=["no such unit"])
    changed: bool | None = Field(default=None, description="whether something was changed", examples=[False])
    times: int | None = Field(
        default=None, ge=1, le=1000, description="how often; then what follows in the list, or success", examples=[2]
    )


class Expectation(Part):
    """What the run must come to."""

    end: Literal["done", "failed", "rolled back", "waiting"] = Field(
        description="how the run ends; waiting: for an answer, an approval or evidence", examples=["done"]
    )
    steps: Mapping[Name, Literal["done", "failed", "unknown"]] = Field(
        description="the steps that are carried out, in order, and how each ends; `rollback-NAME` takes a step back",
        examples=[{"find-cause": "done", "restart": "failed", "rollback-restart": "done"}],
    )
    values: Mapping[Word, str] = Field(
        default_factory=dict, description="values that are captured or answered", examples=[{"state": "failed"}]
    )


class RunbookCase(Part):
    """One run of the runbook."""

    name: Name = Field(description="the name of the case, unique in the test", examples=["link-is-lost"])
    text: Text | None = Field(default=None, description="what it shows", examples=[{"en": "the link is lost"}])
    targets: Several[HostName] = Field(
        default=(),
        description="the hosts that it is run for; without them, the first of the runbook",
        examples=["app1"],
    )
    inputs: Mapping[Word, str] = Field(
        default_factory=dict,
        description="inputs; secrets have a value of their own",
        examples=[{"unit": "nginx.service"}],
    )
    answers: Mapping[Question, str] = Field(
        default_factory=dict,
        description="what the operator answers; a question without an answer is waited for",
        examples=[{"ask-user": "done", "cause": "disk"}],
    )
    attach: Several[Word] = Field(default=(), description="evidence that is attached", examples=["photo"])
    approved: Several[Name] = Field(
        default=(), description="steps whose approval is there; others are waited for", examples=["consent"]
    )
    faults: tuple[Fault, ...] = Field(
        default=(), description="what steps give instead of success", examples=[[{"step": "restart", "exit_code": 1}]]
    )
    expect: Expectation = Field(
        description="what must come of it", examples=[{"end": "done", "steps": {"restart": "done"}}]
    )


class RunbookTest(Document):
    """A test of a runbook: cases that run with answers from here in place of hosts and people."""

    kind: Literal["runbook_test"] = Field(description="the kind of this policy")
    runbook: Name = Field(description="the runbook", examples=["restart-application"])
    cases: NotEmpty[RunbookCase] = Field(
        description="the cases",
        examples=[[{"name": "it-starts", "targets": "app1", "expect": {"end": "done", "steps": {"restart": "done"}}}]],
    )

    @model_validator(mode="after")
    def _distinct_names(self) -> "RunbookTest":
        seen: set[str] = set()
        for index, case in enumerate(self.cases):
            if case.name in seen:
                message = f"duplicate case {quote(case.name)}"
                raise InvalidValueError(Code.BAD_FORM, message, below=("cases", index, "name"))
            seen.add(case.name)
        return self
