"""The kind `service`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

import shlex
from collections.abc import Iterator, Sequence

from opspact.model import names
from opspact.model.origin import Origin
from opspact.model.policies.service import HttpCheck, Named, PortCheck, Service, WantedDirectory, WantedFile, WantedUnit
from opspact.resolve.context import DocumentContext
from opspact.resolve.host_templates import Check, HostTexts, HostValues
from opspact.schema import checks, kinds
from opspact.schema.documents.service import ManagedDirectory, ManagedFile, UnitEntry
from opspact.schema.values.validators import file_path, managed_path, package_name, unit_name
from opspact.structs import Struct, replace


def resolve_service(document: kinds.Service, context: DocumentContext) -> Service:
    """Given a service as written, return its meaning."""
    context.refer(("team", "person"), document.owner, "owner")
    if document.tier:
        context.refer("sla", document.tier, "tier")
    hosts = context.hosts(document.hosts, "hosts")
    values = HostValues(context, hosts)
    data = document.data.paths if document.data else ()
    return Service(
        name=document.name,
        hosts=hosts,
        packages=tuple(_named(document.packages, package_name, values, field=("packages",))),
        units=tuple(_units(document.units, values)),
        directories=tuple(_directories(document.directories, values)),
        files=tuple(each for index, file in enumerate(document.files) for each in _files(file, index, values)),
        normal=tuple(
            _normal(item.check, context.origin("normal", index)) for index, item in enumerate(document.normal)
        ),
        owner=document.owner,
        tier=document.tier or "",
        data_paths=tuple(_named(data, file_path, values, field=("data", "paths"))),
        databases=document.data.databases if document.data else (),
        origin=context.origin(),
    )


_NO_TEST = ":"  # the shell's own command that does nothing, and ends well
_NOT_A_POLICYS = {
    "/etc/sudoers": "sudo rules are managed by access policies",
    f"{names.SETTINGS_FOLDER}/": "it is reserved for opspact's settings",
    f"{names.PROGRAM_FOLDER}/": "it is reserved for opspact's programs",
    f"{names.STATE_FOLDER}/": "it is reserved for opspact's state",
}
"""Beginnings of paths that a service may not manage, and why."""


def _named(texts: Sequence[str], check: Check, values: HostValues, *, field: tuple[str, ...]) -> Iterator[Named]:
    for index, text in enumerate(texts):
        for name, hosts in values.of_text(text, check, *field, index):
            yield Named(name, origin=values.context.origin(*field, index), index=index, hosts=hosts)


def _units(units: Sequence[UnitEntry], values: HostValues) -> Iterator[WantedUnit]:
    for index, unit in enumerate(units):
        test = "" if unit.test is None else shlex.join(unit.test) or _NO_TEST
        for name, hosts in values.of_text(unit.name, unit_name, "units", index):
            origin = values.context.origin("units", index)
            yield WantedUnit(name, unit.enabled, unit.running, test, origin=origin, index=index, hosts=hosts)


def _directories(directories: Sequence[ManagedDirectory], values: HostValues) -> Iterator[WantedDirectory]:
    for index, each in enumerate(directories):
        for path, hosts in values.of_text(each.path, managed_path, "directories", index, "path"):
            origin = values.context.origin("directories", index)
            yield WantedDirectory(path, each.owner, each.group, each.mode, origin=origin, index=index, hosts=hosts)


class _FileTexts(Struct):
    """The texts of a file that may differ from host to host."""

    path: str
    link: str | None
    restarts: tuple[str, ...]
    reloads: tuple[str, ...]


def _files(file: ManagedFile, index: int, values: HostValues) -> Iterator[WantedFile]:
    def units(at: HostTexts, written: Sequence[str], field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(at.text(unit, unit_name, "files", index, field) for unit in written))

    def texts(at: HostTexts) -> _FileTexts:
        return _FileTexts(
            at.text(file.path, managed_path, "files", index, "path"),
            None if file.link is None else at.text(file.link, file_path, "files", index, "link"),
            units(at, file.restarts, "restarts"),
            units(at, file.reloads, "reloads"),
        )

    context = values.context
    content = _content(file, index, context)
    for each, hosts in values.of([file.path, file.link or "", *file.restarts, *file.reloads], texts):
        for beginning, why in _NOT_A_POLICYS.items():
            if each.path.startswith(beginning):
                message = f"a service cannot manage {each.path}: {why}"
                context.problem("OP109", message, "files", index, "path")
        if both := [unit for unit in each.reloads if unit in each.restarts]:
            message = f"{both[0]} is restarted after a change of this file, so it cannot be reloaded as well"
            context.problem("OP029", message, "files", index, "reloads")
        yield replace(
            content, path=each.path, link=each.link, restarts=each.restarts, reloads=each.reloads, hosts=hosts
        )


def _content(file: ManagedFile, index: int, context: DocumentContext) -> WantedFile:
    """Return a file with what is the same on all hosts."""
    wanted = WantedFile(
        path=file.path,
        owner=file.owner,
        group=file.group,
        mode=file.mode,
        restarts=file.restarts,
        reloads=file.reloads,
        validate=shlex.join(file.validate_with),
        origin=context.origin("files", index),
        index=index,
    )
    if file.link is not None:
        return wanted
    if file.source is not None:
        return replace(wanted, data=context.file(file.source, "files", index, "source"))
    if file.template is not None:
        data = context.file(file.template, "files", index, "template")
        try:
            return replace(wanted, template=data.decode(), template_name=file.template)
        except UnicodeDecodeError:
            context.problem("OP104", f"{file.template} is not UTF-8", "files", index, "template")
    return replace(wanted, data=(file.content or "").encode())


def _normal(check: checks.HttpCheck | checks.TcpCheck, asked_by: Origin) -> HttpCheck | PortCheck:
    match check:
        case checks.HttpCheck():
            return HttpCheck(check.url, check.status, check.contains or "", check.within, asked_by)
        case checks.TcpCheck():
            return PortCheck(check.port, asked_by)
