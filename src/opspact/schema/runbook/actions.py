"""Actions of a runbook's steps: what is done, one class for each kind that has fields of its own.

Comes in: mappings below a step. Goes out: frozen parts, registered in `steps`.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, WithJsonSchema, model_validator

from opspact.schema.annotations import Check, Parse
from opspact.schema.codes import Code
from opspact.schema.fields import AnyRecipient, Elapsed, Line, Name, Part, Several, Text, Word, text_schema
from opspact.schema.runbook.checks import Checks
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values import validators
from opspact.schema.values.durations import parse_duration
from opspact.values.placeholders import whole_placeholder

_WORDS_OF_TASKS = frozenset(
    {"args", "become", "become_user", "changed_when", "environment", "failed_when", "loop"}
    | {"loop_control", "name", "no_log", "register", "until", "retries", "delay", "vars", "when", "run_once"}
)
_REFUSED_WORDS = {
    "check_mode": "a dry run decides that: it changes nothing",
    "delegate_to": "a step of its own, with on: HOST, so that the host is taken and covered by a copy",
}
"""Words by which a task would run where, or when, nobody expects it."""


def _task(value: object) -> dict[str, object]:
    if not isinstance(value, dict) or not value:
        raise InvalidValueError(
            Code.WRONG_TYPE, f"expected a task, got {quote(value)}", hint="ansible.builtin.service: {name: nginx}"
        )
    for word, hint in _REFUSED_WORDS.items():
        if word in value:
            raise InvalidValueError(Code.BAD_FORM, f"a task has no {word} here", hint=hint, below=(word,))
    modules = [name for name in value if name not in _WORDS_OF_TASKS]
    if len(modules) != 1:
        got = f"got {' and '.join(modules)}" if modules else "got none"
        raise InvalidValueError(
            Code.BAD_FORM, f"expected exactly one module in a task, {got}", below=tuple(modules[1:2])
        )
    if modules[0].count(".") != 2:  # noqa: PLR2004 - namespace.collection.module
        message = f"expected the full name of a module, got {quote(modules[0])}"
        hint = f"ansible.builtin.{modules[0]}" if "." not in modules[0] else ""
        raise InvalidValueError(Code.BAD_FORM, message, hint=hint, below=(modules[0],))
    return value


AnsibleTask = Annotated[
    dict[str, object],
    Parse(_task),
    WithJsonSchema(
        {
            "type": "object",
            "description": "a task of Ansible, with the full name of its module",
            "additionalProperties": True,
            "minProperties": 1,
        }
    ),
]


def _database_or_value(text: str) -> str:
    return text if whole_placeholder(text) else _database(text)


_database = validators.matching(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", "a database name")
DatabaseOrValue = Annotated[str, Check(_database_or_value), text_schema("a database, or {{ NAME }} of a value", "oa")]


class FabricAction(Part):
    """A task of the contract's `runbooks/fabfile.py`."""

    task: Word = Field(description="the name of the task", examples=["restart_application"])
    arguments: Mapping[Word, str] = Field(
        default_factory=dict, description="its arguments, by name", examples=[{"service": "nginx"}]
    )


class WaitAction(Part):
    """Waits until checks hold."""

    until: Checks = Field(description="what must be so", examples=[[{"unit": "nginx.service"}]])
    every: Elapsed = Field(default=parse_duration("5s"), description="the time between two looks", examples=["5s"])


class NotifyAction(Part):
    """Somebody is notified."""

    to: AnyRecipient = Field(description="a roster, a team or a person", examples=["team project-manager"])
    message: Text = Field(description="the message", examples=[{"en": "The database is being restored"}])


class RestoreAction(Part):
    """Data from a copy: files into a folder, or a database under another name."""

    backup: Name = Field(description="the backup policy", examples=["daily-incremental"])
    database: DatabaseOrValue | None = Field(default=None, description="the database to restore", examples=["oa"])
    new_name: Line | None = Field(
        default=None, alias="as", description="the new name of the database", examples=["oa_restored"]
    )
    files: Several[Line] = Field(default=(), description="the files to restore", examples=[["/srv/oa"]])
    to: Line | None = Field(default=None, description="the folder, absent or empty", examples=["/srv/restored"])
    at: Line | None = Field(
        default=None, description="the newest copy begun by then; default: the newest", examples=["{{ before }}"]
    )

    @model_validator(mode="after")
    def _one_thing(self) -> "RestoreAction":
        if (self.database is None) == (self.to is None):
            message = "expected a database with its new name, or a folder for files"
            raise InvalidValueError(Code.BAD_FORM, message, hint="database: oa, as: oa_restored; or to: /srv/restored")
        if (self.database is None) != (self.new_name is None):
            raise InvalidValueError(Code.FIELD_MISSING, "a database is restored under a new name", below=("database",))
        if self.files and self.to is None:
            raise InvalidValueError(Code.FIELD_MISSING, "files are restored to a folder", below=("files",))
        return self


class CallAction(Part):
    """Another runbook, carried out in its place."""

    name: Name = Field(description="the runbook", examples=["restart-application"])
    inputs: Mapping[Word, str] = Field(
        default_factory=dict, description="its inputs, by name", examples=[{"service": "nginx.service"}]
    )
