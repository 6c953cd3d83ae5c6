"""A step of a runbook: what is done, where, when, and what follows from how it ended.

Comes in: one mapping. Goes out: a frozen part, registered in `documents.runbook`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import OFF, OTHER
from opspact.schema.editors import one_of
from opspact.schema.fields import Account, Content, Elapsed, Line, Name, NotEmpty, Part, Text, Word
from opspact.schema.runbook.actions import (
    AnsibleTask,
    CallAction,
    FabricAction,
    NotifyAction,
    RestoreAction,
    WaitAction,
)
from opspact.schema.runbook.checks import Arguments, Checks
from opspact.schema.runbook.conditions import Conditions, Expression
from opspact.schema.runbook.inputs import HostsOrInput, Question
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.durations import parse_duration

ACTIONS = (
    *("ansible", "command", "script", "fabric", "check", "manual"),
    *("approve", "wait", "notify", "backup", "restore", "runbook"),
)
"""The kinds of steps: each step has the field of one."""
_ON_HOSTS = frozenset({"ansible", "command", "script", "fabric", "check", "wait", "backup", "restore"})
_ON_ITS_OWN = frozenset({"command", "script"})
_REPEATABLE = frozenset({"approve", "check", "manual", "notify", "wait"})
_ROLLBACKS = ("ansible", "command", "script", "fabric")

Environment = Mapping[
    Annotated[str, Check(validators.matching(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"))], str
]


class Capture(Part):
    """Where a value comes from; it is kept for later steps, and when the runbook is resumed."""

    model_config = ConfigDict(json_schema_extra=one_of("output", "exit_code", "pattern", "json"))
    output: Literal[True] | None = Field(
        default=None, description="the output, without blanks at its ends", examples=[True]
    )
    exit_code: Literal[True] | None = Field(default=None, description="the exit code", examples=[True])
    pattern: Expression | None = Field(
        default=None,
        description="the first match of a regular expression in the output: its group, or all of it",
        examples=["pid=([0-9]+)"],
    )
    json_: Line | None = Field(
        default=None, alias="json", description="a path in the output, which is JSON", examples=["items.0.name"]
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Capture":
        if len(self.model_fields_set) != 1:
            message = "expected exactly one of output, exit_code, pattern, json"
            raise InvalidValueError(Code.BAD_FORM, message, hint="for example {output: true}")
        return self


class RollbackAction(Part):
    """What takes the effect of a step back."""

    model_config = ConfigDict(json_schema_extra=one_of(*_ROLLBACKS))
    ansible: NotEmpty[AnsibleTask] | None = Field(
        default=None,
        description="tasks of Ansible",
        examples=[[{"ansible.builtin.service": {"name": "nginx", "state": "started"}}]],
    )
    command: Arguments | None = Field(
        default=None, description="a command and its arguments", examples=[["systemctl", "start", "nginx.service"]]
    )
    script: Content | None = Field(default=None, description="a script for sh", examples=["systemctl start nginx\n"])
    fabric: FabricAction | None = Field(
        default=None, description="a task of the fabfile", examples=[{"task": "start_application"}]
    )
    user: Account | None = Field(default=None, description="the account that runs it", examples=["postgres"])

    @model_validator(mode="after")
    def _one_action(self) -> "RollbackAction":
        _exactly_one(self, _ROLLBACKS)
        return self


class RunbookStep(Part):
    """One step: an action of one kind."""

    other_words: ClassVar[Mapping[str, str]] = {
        "approval": "approve:, as a step of its own",
        "by_hand": "manual:",
        "contains": "assert: {output: {contains: …}}",
        "register": "capture:",
        "run": "command: [PROGRAM, ARGUMENT, …], or script: where a shell is needed",
        "shell": "script:",
        "within": "timeout:",
    }
    model_config = ConfigDict(json_schema_extra=one_of(*ACTIONS))
    name: Name = Field(description="the name of the step, unique in the runbook", examples=["stop-writes"])
    text: Text = Field(description="the purpose of the step", examples=[{"en": "Stop the application"}])
    ansible: NotEmpty[AnsibleTask] | None = Field(
        default=None,
        description="tasks of Ansible",
        examples=[[{"ansible.builtin.service": {"name": "nginx", "state": "restarted"}}]],
    )
    command: Arguments | None = Field(
        default=None,
        description="a command and its arguments, each of which stays one",
        examples=[["systemctl", "restart", "{{ unit }}"]],
    )
    script: Content | None = Field(
        default=None,
        description="a script for sh, where a shell is needed; values are its variables",
        examples=['du -x -k "$folder" | sort -n | tail -n 5\n'],
    )
    fabric: FabricAction | None = Field(
        default=None, description="a task of runbooks/fabfile.py", examples=[{"task": "restart_application"}]
    )
    check: Checks | None = Field(
        default=None, description="what must be so; nothing is changed", examples=[[{"unit": "nginx.service"}]]
    )
    manual: Text | None = Field(
        default=None, description="what the operator does, and confirms", examples=[{"en": "Change the disk"}]
    )
    approve: Name | None = Field(
        json_schema_extra=OTHER,
        default=None,
        description="the approval that must be there",
        examples=["destructive-work"],
    )
    wait: WaitAction | None = Field(
        default=None, description="wait until checks hold", examples=[{"until": [{"unit": "nginx.service"}]}]
    )
    notify: NotifyAction | None = Field(
        default=None,
        description="notify somebody",
        examples=[{"to": "team project-manager", "message": {"en": "The database is being restored"}}],
    )
    backup: Name | None = Field(default=None, description="run this backup now", examples=["daily-incremental"])
    restore: RestoreAction | None = Field(
        default=None,
        description="restore data from a copy",
        examples=[{"backup": "daily-incremental", "database": "oa", "as": "oa_restored"}],
    )
    runbook: CallAction | None = Field(
        default=None, description="carry out another runbook", examples=[{"name": "restart-application"}]
    )
    on: HostsOrInput | None = Field(
        default=None, description="the hosts, or an input of type host; default: the runbook's", examples=["web"]
    )
    user: Account | None = Field(default=None, description="the account that runs the command", examples=["postgres"])
    environment: Environment = Field(
        default_factory=dict, description="variables for the command", examples=[{"PGPASSWORD": "{{ password }}"}]
    )
    stdin: str | None = Field(default=None, description="standard input of the command", examples=["{{ answer }}\n"])
    hide_output: bool = Field(default=False, description="the output is not recorded", examples=[True])
    when: Conditions | None = Field(
        default=None, description="carry the step out only then", examples=[{"cause": "disk"}]
    )
    capture: Mapping[Word, Capture] = Field(
        default_factory=dict, description="values for later steps", examples=[{"pid": {"pattern": "pid=([0-9]+)"}}]
    )
    assert_: Conditions | None = Field(
        default=None,
        alias="assert",
        description="what output, exit_code, changed or a captured value must be, or the step has failed",
        examples=[{"output": {"contains": "active"}}],
    )
    ask: Mapping[Word, Question] = Field(
        default_factory=dict,
        description="values that the operator gives at a manual step",
        examples=[{"cause": {"text": {"en": "What is the cause?"}, "choice": ["disk", "memory"]}}],
    )
    attach: Word | None = Field(
        default=None, description="the evidence that the operator attaches at a manual step", examples=["photo"]
    )
    timeout: Elapsed = Field(default=parse_duration("10m"), description="time limit", examples=["10m"])
    retries: int = Field(default=0, ge=0, le=1000, description="how often it is tried again", examples=[3])
    retry_after: Elapsed = Field(
        default=parse_duration("10s"), description="the time before it is tried again", examples=["10s"]
    )
    idempotent: bool | None = Field(
        default=None,
        description="it may be repeated without asking; default: true for ansible and backup",
        examples=[True],
    )
    destructive: bool = Field(
        json_schema_extra=OFF, default=False, description="it destroys data or cannot be undone", examples=[True]
    )
    on_failure: Literal["abort", "continue", "goto", "rollback", "ask"] = Field(
        default="abort", description="what follows if it fails", examples=["rollback"]
    )
    goto: Name | None = Field(
        default=None, description="the later step that follows if it fails", examples=["report-reason"]
    )
    rollback: RollbackAction | None = Field(
        default=None,
        description="what takes its effect back, if the runbook is rolled back",
        examples=[{"command": ["systemctl", "start", "nginx.service"]}],
    )

    @property
    def action(self) -> str:
        """The kind of the step: the name of the one action's field."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _fitting(self) -> "RunbookStep":
        _exactly_one(self, ACTIONS)
        kind = self.action
        if self.on is not None and kind not in _ON_HOSTS:
            raise InvalidValueError(Code.BAD_FORM, f"a step of kind {kind} runs on no host", below=("on",))
        for name in ("user", "environment", "stdin"):
            if name in self.model_fields_set and kind not in _ON_ITS_OWN:
                raise InvalidValueError(Code.BAD_FORM, f"only commands and scripts have {name}", below=(name,))
        if kind in _REPEATABLE and self.idempotent is not None:
            message = f"a step of kind {kind} may always be repeated"
            raise InvalidValueError(Code.BAD_FORM, message, hint="remove idempotent", below=("idempotent",))
        for name in ("ask", "attach"):
            if name in self.model_fields_set and kind != "manual":
                raise InvalidValueError(Code.BAD_FORM, f"only manual steps have {name}", below=(name,))
        if self.on_failure == "goto" and self.goto is None:
            message = "on_failure: goto needs goto: the name of a later step"
            raise InvalidValueError(Code.FIELD_MISSING, message, below=("on_failure",))
        if self.on_failure != "goto" and self.goto is not None:
            message = "goto has no effect without on_failure: goto"
            raise InvalidValueError(Code.BAD_FORM, message, below=("goto",))
        if kind in {"check", "wait", "notify", "approve"} and (self.destructive or self.rollback is not None):
            below = "destructive" if self.destructive else "rollback"
            message = f"{below} does not fit a step of kind {kind}, which changes nothing"
            raise InvalidValueError(Code.BAD_FORM, message, below=(below,))
        return self


def _exactly_one(part: Part, fields: tuple[str, ...]) -> None:
    given = [name for name in fields if getattr(part, name) is not None]
    if len(given) != 1:
        got = f"got {' and '.join(given)}" if given else "got none"
        message = f"expected exactly one of {', '.join(fields)}; {got}"
        raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[1:2]))
