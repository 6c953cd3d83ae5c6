"""The kind `service`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

import shlex

from opspact.model import names
from opspact.model.origin import Origin
from opspact.model.policies.service import HttpCheck, Named, PortCheck, Service, WantedDirectory, WantedFile, WantedUnit
from opspact.resolve.context import DocumentContext
from opspact.schema import checks, kinds
from opspact.schema.documents.service import ManagedFile
from opspact.structs import replace


def resolve_service(document: kinds.Service, context: DocumentContext) -> Service:
    """Given a service as written, return its meaning."""
    context.refer(("team", "person"), document.owner, "owner")
    if document.tier:
        context.refer("sla", document.tier, "tier")
    return Service(
        name=document.name,
        hosts=context.hosts(document.hosts, "hosts"),
        packages=tuple(Named(name, context.origin("packages", index)) for index, name in enumerate(document.packages)),
        units=tuple(
            WantedUnit(
                unit.name,
                unit.enabled,
                unit.running,
                context.origin("units", index),
                test="" if unit.test is None else shlex.join(unit.test) or _NO_TEST,
            )
            for index, unit in enumerate(document.units)
        ),
        directories=tuple(
            WantedDirectory(
                directory.path, directory.owner, directory.group, directory.mode, context.origin("directories", index)
            )
            for index, directory in enumerate(document.directories)
        ),
        files=tuple(_file(file, index, context) for index, file in enumerate(document.files)),
        normal=tuple(
            _normal(item.check, context.origin("normal", index)) for index, item in enumerate(document.normal)
        ),
        owner=document.owner,
        tier=document.tier or "",
        data_paths=document.data.paths if document.data else (),
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


def _file(file: ManagedFile, index: int, context: DocumentContext) -> WantedFile:
    for beginning, why in _NOT_A_POLICYS.items():
        if file.path.startswith(beginning):
            message = f"a service cannot manage {file.path}: {why}"
            context.problem("OP109", message, "files", index, "path")
    wanted = WantedFile(
        path=file.path,
        owner=file.owner,
        group=file.group,
        mode=file.mode,
        restarts=file.restarts,
        reloads=file.reloads,
        validate=shlex.join(file.validate_with),
        origin=context.origin("files", index),
    )
    if file.link is not None:
        return replace(wanted, link=file.link)
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
