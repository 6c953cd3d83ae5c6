"""The kind `service`: what runs on which hosts, and how normal operation is checked.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Rewrite
from opspact.schema.checks import NormalItem
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOSTS, LESS, OFF, OTHER
from opspact.schema.editors import any_of, one_of
from opspact.schema.fields import (
    Account,
    Content,
    ContractFile,
    DatabaseName,
    Distinct,
    Document,
    HostPattern,
    Line,
    Mode,
    Name,
    Part,
    Several,
    VariableManagedPath,
    VariablePackage,
    VariablePath,
    VariableUnit,
)
from opspact.schema.value_error import InvalidValueError

_CONTENTS = ("template", "source", "content", "link")


class UnitEntry(Part):
    """A systemd unit and its state; a bare name means enabled and running."""

    name: VariableUnit = Field(description="the name of the unit", examples=["nginx.service"])
    enabled: bool = Field(json_schema_extra=OFF, default=True, description="whether it starts at boot", examples=[True])
    running: bool = Field(json_schema_extra=OFF, default=True, description="whether it is running", examples=[True])
    test: tuple[Line, ...] | None = Field(
        default=None,
        description="a command that tests its whole configuration before each restart or reload; [] for none",
        examples=[["/usr/sbin/nginx", "-t"]],
    )

    @model_validator(mode="after")
    def _test_is_a_command(self) -> "UnitEntry":
        if self.test and not self.test[0].startswith("/"):
            message = "expected a command with an absolute path"
            raise InvalidValueError(Code.BAD_FORM, message, hint="for example [/usr/sbin/nginx, -t]", below=("test",))
        return self


class ManagedFile(Part):
    """A managed file: content, owner and mode."""

    model_config = ConfigDict(json_schema_extra=one_of(*_CONTENTS))
    path: VariableManagedPath = Field(description="the path on the host", examples=["/etc/nginx/sites-available/oa"])
    template: ContractFile | None = Field(
        default=None, description="a template, rendered per host", examples=["files/oa.conf.j2"]
    )
    source: ContractFile | None = Field(
        default=None, description="a file to copy unchanged", examples=["files/oa.conf"]
    )
    content: Content | None = Field(default=None, description="the content", examples=["hello\n"])
    link: VariablePath | None = Field(
        default=None, description="the target of a symbolic link", examples=["/etc/nginx/oa"]
    )
    owner: Account = Field(default="root", description="the owner", examples=["root"])
    group: Account = Field(default="root", description="the group", examples=["root"])
    mode: Mode = Field(default="0644", description="the mode, in quotes", examples=["0644"])
    restarts: Several[VariableUnit] = Field(
        default=(), description="units to restart after a change", examples=["nginx.service"]
    )
    reloads: Several[VariableUnit] = Field(
        default=(), description="units to reload after a change", examples=["nginx.service"]
    )
    validate_with: tuple[Line, ...] = Field(
        default=(),
        alias="validate",
        description="a command that validates the new file (%s) before it is installed",
        examples=[["/usr/sbin/visudo", "-cf", "%s"]],
    )

    @model_validator(mode="after")
    def _one_content(self) -> "ManagedFile":
        given = [name for name in _CONTENTS if getattr(self, name) is not None]
        if len(given) != 1:
            got = f"got {' and '.join(given)}" if given else "got none"
            message = f"expected exactly one of {', '.join(_CONTENTS)}; {got}"
            raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[1:2]))
        if self.link is not None and "mode" in self.model_fields_set:
            raise InvalidValueError(Code.BAD_FORM, "a symbolic link has no mode of its own", below=("mode",))
        return self

    @model_validator(mode="after")
    def _restarted_or_reloaded(self) -> "ManagedFile":
        if both := [unit for unit in self.reloads if unit in self.restarts]:
            message = f"{both[0]} is restarted after a change of this file, so it cannot be reloaded as well"
            raise InvalidValueError(Code.BAD_FORM, message, below=("reloads",))
        return self

    @model_validator(mode="after")
    def _validation_names_the_file(self) -> "ManagedFile":
        command = self.validate_with
        if not command:
            return self
        if not command[0].startswith("/") or sum(part.count("%s") for part in command) != 1:
            message = "expected a command with an absolute path and %s once, for the file"
            hint = "for example [/usr/sbin/visudo, -cf, '%s']"
            raise InvalidValueError(Code.BAD_FORM, message, hint=hint, below=("validate",))
        return self


class ManagedDirectory(Part):
    """A managed directory: owner and mode; its content is not touched."""

    path: VariableManagedPath = Field(description="the path on the host", examples=["/srv/oa"])
    owner: Account = Field(default="root", description="the owner", examples=["root"])
    group: Account = Field(default="root", description="the group", examples=["root"])
    mode: Mode = Field(default="0755", description="the mode, in quotes", examples=["0755"])


def _unit_entry(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Unit = Annotated[UnitEntry, Rewrite(_unit_entry, accepted=str | UnitEntry)]


class ServiceData(Part):
    """Data that only a backup can restore."""

    model_config = ConfigDict(json_schema_extra=any_of("paths", "databases"))
    paths: Distinct[VariablePath] = Field(
        json_schema_extra=FEWER, default=(), description="files and directories", examples=[["/srv/oa"]]
    )
    databases: Distinct[DatabaseName] = Field(
        json_schema_extra=FEWER, default=(), description="databases, of PostgreSQL or MariaDB", examples=[["oa"]]
    )

    @model_validator(mode="after")
    def _something(self) -> "ServiceData":
        if not self.paths and not self.databases:
            raise InvalidValueError(
                Code.FIELD_MISSING, "no paths or databases are listed", hint="paths: […] or databases: […]"
            )
        return self


class Service(Document):
    """A service and everything it needs on its hosts."""

    kind: Literal["service"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="where it runs", examples=["web"])
    owner: Name = Field(description="the team or person responsible for it", examples=["implementation"])
    tier: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="the service levels that apply", examples=["standard"]
    )
    data: ServiceData | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="data that would be lost with its hosts",
        examples=[{"paths": ["/srv/oa"]}],
    )
    packages: Distinct[VariablePackage] = Field(
        json_schema_extra=FEWER, default=(), description="Debian packages", examples=[["nginx"]]
    )
    units: tuple[Unit, ...] = Field(
        json_schema_extra=FEWER, default=(), description="systemd units", examples=[["nginx.service"]]
    )
    normal: tuple[NormalItem, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the checks that define normal operation",
        examples=[[{"tcp": {"port": 80}}]],
    )
    files: tuple[ManagedFile, ...] = Field(
        json_schema_extra=FEWER, default=(), description="managed files", examples=[[]]
    )
    directories: tuple[ManagedDirectory, ...] = Field(
        default=(), description="managed directories", examples=[[{"path": "/srv/oa"}]]
    )

    @model_validator(mode="after")
    def _named_once(self) -> "Service":
        _refuse_twice("units", [unit.name for unit in self.units], "name")
        _refuse_twice("files", [file.path for file in self.files], "path")
        _refuse_twice("directories", [directory.path for directory in self.directories], "path")
        return self


def _refuse_twice(field: str, names: list[str], key: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise InvalidValueError(Code.BAD_FORM, f'duplicate {key} "{name}"', below=(field, index, key))
        seen.add(name)
