"""Checks of a runbook: what must be so on a host, asked by testinfra.

Comes in: one-key mappings such as `unit: {…}`. Goes out: frozen parts.
"""

import json
import re
import shlex
from typing import Annotated, ClassVar

from pydantic import Field

from opspact.schema.annotations import Rewrite
from opspact.schema.checks import HttpCheck, TcpCheck
from opspact.schema.codes import Code
from opspact.schema.fields import Account, Line, NotEmpty, OneKey, Part
from opspact.schema.runbook.conditions import AnyComparison
from opspact.schema.value_error import InvalidValueError, quote


class UnitCheck(Part):
    """A systemd unit; a bare name means that it is running."""

    name: Line = Field(description="the name of the unit", examples=["nginx.service"])
    running: bool = Field(default=True, description="whether it is running", examples=[True])
    enabled: bool | None = Field(
        default=None, description="whether it starts at boot; default: not checked", examples=[True]
    )


class FileCheck(Part):
    """A file or directory; a bare path means that it exists."""

    path: Line = Field(description="its path", examples=["/etc/nginx/nginx.conf"])
    exists: bool = Field(default=True, description="whether it exists", examples=[True])
    contains: Line | None = Field(default=None, description="text that it contains", examples=["server_name"])
    owner: Account | None = Field(default=None, description="its owner", examples=["root"])
    mode: Line | None = Field(default=None, description="its mode, in quotes", examples=["0644"])


class PackageCheck(Part):
    """A package; a bare name means that it is installed."""

    name: Line = Field(description="the name of the package", examples=["nginx"])
    installed: bool = Field(default=True, description="whether it is installed", examples=[True])


class ProcessCheck(Part):
    """Processes of a name; a bare name means that there is one."""

    name: Line = Field(description="the name of the program", examples=["nginx"])
    running: bool = Field(default=True, description="whether there is one", examples=[True])


_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_PLAIN = re.compile(r"(?!(?:true|false|null|\.inf|\.nan)$)[-./]*[A-Za-z][\w./=+-]*", re.IGNORECASE)


def _listed(argument: str) -> str:
    """Return an argument as it is written in a list of YAML."""
    text = _PLACEHOLDER.sub(r"{{ \1 }}", argument)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _arguments(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        words = shlex.split(_PLACEHOLDER.sub(r"{{\1}}", value))
        listed = f"[{', '.join(map(_listed, words))}]"
    except ValueError:
        listed = "a list"
    hint = f"write {listed}, each argument by itself"
    raise InvalidValueError(Code.WRONG_TYPE, f"expected a list of arguments, got {quote(value)}", hint=hint)


Arguments = Annotated[NotEmpty[Line], Rewrite(_arguments)]
"""A program and its arguments, each of which stays one."""


class CommandCheck(Part):
    """A command that changes nothing, and what it must give."""

    run: Arguments = Field(description="the command and its arguments", examples=[["nginx", "-t"]])
    user: Account | None = Field(default=None, description="the account that runs it", examples=["postgres"])
    exit_code: int = Field(default=0, ge=0, le=255, description="the expected exit code", examples=[0])
    output: AnyComparison | None = Field(
        default=None, description="what its output, without blanks at its ends, must be", examples=[{"contains": "ok"}]
    )


def _name(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


def _path(value: object) -> object:
    return {"path": value} if isinstance(value, str) else value


class RunbookCheck(OneKey):
    """One thing that must be so."""

    what: ClassVar[str] = "check"
    unit: Annotated[UnitCheck, Rewrite(_name, accepted=str | UnitCheck)] | None = Field(
        default=None, description="a systemd unit", examples=["nginx.service"]
    )
    file: Annotated[FileCheck, Rewrite(_path, accepted=str | FileCheck)] | None = Field(
        default=None, description="a file or directory", examples=["/etc/nginx/nginx.conf"]
    )
    package: Annotated[PackageCheck, Rewrite(_name, accepted=str | PackageCheck)] | None = Field(
        default=None, description="a package", examples=["nginx"]
    )
    process: Annotated[ProcessCheck, Rewrite(_name, accepted=str | ProcessCheck)] | None = Field(
        default=None, description="processes of a name", examples=["nginx"]
    )
    tcp: TcpCheck | None = Field(default=None, description="a port that accepts connections", examples=[{"port": 80}])
    http: HttpCheck | None = Field(default=None, description="an HTTP answer", examples=[{"url": "http://localhost/"}])
    command: CommandCheck | None = Field(
        default=None, description="a command that changes nothing", examples=[{"run": ["nginx", "-t"]}]
    )


def _list_of_checks(value: object) -> object:
    if isinstance(value, str | dict):
        raise InvalidValueError(
            Code.WRONG_TYPE,
            f"expected a list of checks, got {quote(value)}",
            hint="for example [{unit: nginx.service}]",
        )
    return value


Checks = Annotated[NotEmpty[RunbookCheck], Rewrite(_list_of_checks)]
"""Checks that must all hold."""
