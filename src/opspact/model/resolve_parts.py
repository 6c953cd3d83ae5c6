"""Services, inspections, backups and access as they are meant: the kinds' own part of resolving.

Comes in: one document and what is at hand. Goes out: its meaning. Called by `model.resolve` alone.
"""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace

from opspact.model import names
from opspact.model.accepted import Accepted
from opspact.model.care import Age
from opspact.model.contract import (
    Access,
    Backup,
    Clause,
    Database,
    Drill,
    HttpCheck,
    Inspection,
    Item,
    Named,
    Person,
    PortCheck,
    RepositoryCheck,
    Service,
    WantedDirectory,
    WantedFile,
    WantedUnit,
)
from opspact.model.origin import Origin
from opspact.model.resolve_copies import server
from opspact.model.resolving import Resolving, origin
from opspact.model.schedule import Schedule
from opspact.model.secret import SecretReference
from opspact.model.text import meant
from opspact.schema import kinds
from opspact.schema.ages import Age as WrittenAge
from opspact.schema.documents import backup as written_backup
from opspact.schema.documents import checks
from opspact.schema.documents.service import ManagedFile
from opspact.schema.durations import Duration
from opspact.schema.fields import Part, Percent
from opspact.schema.nodes import PathPart
from opspact.schema.read import Written
from opspact.schema.schedules import Schedule as WrittenSchedule


def clause(written: Written, document: kinds.Clause) -> Clause:
    """Given a written clause, return it."""
    return Clause(
        name=document.name,
        section=document.section,
        text=meant(document.text, document.name),
        kept_by=document.kept_by,
        evidence_within=document.evidence_within.seconds,
        copies_kept=age(document.copies_kept) if document.copies_kept else None,
        origin=origin(written),
    )


def schedule(written: WrittenSchedule) -> Schedule:
    """Given a schedule as written, return what it means."""
    return Schedule(**asdict(written))


def age(written: WrittenAge) -> Age:
    """Given an age as written, return what it means."""
    return Age(written.text, written.months, written.seconds)


def service(written: Written, document: kinds.Service, at_hand: Resolving) -> Service:
    """Given a written service, return its meaning."""
    return Service(
        name=document.name,
        hosts=at_hand.hosts(written, document.hosts, "hosts"),
        packages=tuple(Named(name, origin(written, "packages", index)) for index, name in enumerate(document.packages)),
        units=tuple(
            WantedUnit(unit.name, unit.enabled, unit.running, origin(written, "units", index))
            for index, unit in enumerate(document.units)
        ),
        directories=tuple(
            WantedDirectory(
                directory.path, directory.owner, directory.group, directory.mode, origin(written, "directories", index)
            )
            for index, directory in enumerate(document.directories)
        ),
        files=tuple(_file(written, file, index, at_hand=at_hand) for index, file in enumerate(document.files)),
        normal=tuple(
            _normal(item.check, origin(written, "normal", index)) for index, item in enumerate(document.normal)
        ),
        owner=document.owner,
        tier=document.tier or "",
        data_paths=document.data.paths if document.data else (),
        databases=document.data.databases if document.data else (),
        origin=origin(written),
    )


_NOT_A_POLICYS = {
    "/etc/sudoers": "an access policy says what people may run as root",
    f"{names.SETTINGS_FOLDER}/": "opspact keeps its own settings there",
    f"{names.PROGRAM_FOLDER}/": "opspact keeps its own programs there",
    f"{names.STATE_FOLDER}/": "opspact keeps its own notes there",
}
"""Beginnings of paths that a service may not manage, and why."""


def _file(written: Written, file: ManagedFile, index: int, *, at_hand: Resolving) -> WantedFile:
    for beginning, why in _NOT_A_POLICYS.items():
        if file.path.startswith(beginning):
            message = f"{file.path} is not a service's to write: {why}"
            at_hand.problems.append(written.problem("OP109", ("files", index, "path"), message))
    wanted = WantedFile(
        path=file.path,
        owner=file.owner,
        group=file.group,
        mode=file.mode,
        restarts=file.restarts,
        validate=shlex.join(file.validate_with),
        origin=origin(written, "files", index),
    )
    if file.link is not None:
        return replace(wanted, link=file.link)
    if file.source is not None:
        return replace(wanted, data=at_hand.file(written, file.source, "files", index, "source"))
    if file.template is not None:
        data = at_hand.file(written, file.template, "files", index, "template")
        try:
            return replace(wanted, template=data.decode(), template_name=file.template)
        except UnicodeDecodeError:
            problem = written.problem("OP104", ("files", index, "template"), f"{file.template} is not UTF-8")
            at_hand.problems.append(problem)
    return replace(wanted, data=(file.content or "").encode())


def _normal(check: checks.HttpCheck | checks.TcpCheck, asked_by: Origin) -> HttpCheck | PortCheck:
    match check:
        case checks.HttpCheck():
            return HttpCheck(check.url, check.status, check.contains or "", check.within.seconds, asked_by)
        case checks.TcpCheck():
            return PortCheck(check.port, asked_by)


def inspection(written: Written, document: kinds.Inspection, at_hand: Resolving) -> Inspection:
    """Given a written inspection, return its meaning."""
    hosts = at_hand.hosts(written, document.hosts, "hosts")
    items = []
    for index, item in enumerate(document.items):
        (kind,) = item.model_fields_set
        pattern = getattr(item.check, "on", None)
        on = _limited(written, pattern, hosts, at_hand=at_hand, path=("items", index, kind, "on")) if pattern else None
        items.append(Item({"item": kind, **_settings(item.check)}, on))
    return Inspection(
        name=document.name,
        hosts=hosts,
        schedule=schedule(document.schedule),
        items=tuple(items),
        critical_opens=document.critical_opens or "",
        origin=origin(written),
    )


def _limited(
    written: Written, pattern: str, hosts: Collection[str], *, at_hand: Resolving, path: tuple[PathPart, ...]
) -> frozenset[str]:
    """Given a pattern that limits something to some of the hosts, return those; note a problem if it leaves none."""
    chosen = at_hand.hosts(written, pattern, *path)
    if chosen and hosts and set(hosts).isdisjoint(chosen):
        message = f'none of the hosts is in "{pattern}": it would never be done'
        problem = written.problem("OP107", path, message, hint="choose among the hosts that the policy names in hosts")
        at_hand.problems.append(problem)
    return frozenset(chosen)


def _settings(part: Part) -> dict[str, object]:
    """Return a check as the on-host program reads it: shares as per cent, durations in seconds."""
    plain: dict[str, object] = {}
    for name in type(part).model_fields:
        match getattr(part, name):
            case None:
                continue
            case Percent() as share:
                plain[name] = share.value
            case Duration() as duration:
                plain[name] = duration.seconds
            case Part() as inner:
                plain[name] = _settings(inner)
            case value:
                plain[name] = value
    plain.pop("on", None)
    return plain


def backup(written: Written, document: kinds.Backup, at_hand: Resolving) -> Backup:
    """Given a written backup, return its meaning; a copy on the host that it protects is refused."""
    hosts = at_hand.hosts(written, document.hosts, "hosts")
    databases = []
    for index, database in enumerate(document.what.databases):
        path: tuple[PathPart, ...] = ("what", "databases", index, "on")
        on = _limited(written, database.on, hosts, at_hand=at_hand, path=path) if database.on else None
        databases.append(Database(database.postgresql, on))
    passphrase = document.passphrase
    check, drill = document.check, document.drill
    return Backup(
        name=document.name,
        hosts=hosts,
        paths=document.what.paths,
        exclude=document.what.exclude,
        databases=tuple(databases),
        schedule=schedule(document.schedule),
        takes=_seconds(document.takes),
        server=server(written, document.to.host, hosts, at_hand=at_hand, path=("to", "host")),
        repository=document.to.repository,
        standalone=document.strategy == "standalone",
        keep={age: count for age, count in document.keep.model_dump().items() if count},
        rpo=document.rpo.seconds,
        rto=document.rto.seconds,
        passphrase=SecretReference(passphrase.scheme, passphrase.name) if passphrase else None,
        check=RepositoryCheck(schedule(check.schedule), check.data, _seconds(check.takes)) if check else None,
        drill=_drill(drill) if drill else None,
        origin=origin(written),
    )


def _seconds(written: Duration | None) -> float | None:
    return written.seconds if written else None


def _drill(drill: written_backup.Drill) -> Drill:
    sample = drill.sample
    return Drill(
        within=drill.within.seconds,
        confidence=sample.confidence.value if sample else None,
        defects=sample.defects.value if sample else None,
    )


def access(
    written: Written,
    document: kinds.Access,
    at_hand: Resolving,
    *,
    people: Mapping[str, Person],
) -> Access:
    """Given a written access policy, return its meaning: teams become the people in them."""
    chosen: dict[str, None] = {}
    for index, team in enumerate(document.people.team):
        if at_hand.refer(written, "team", team, "people", "team", index):
            chosen |= {name: None for name, person in people.items() if team in person.teams}
    for index, name in enumerate(document.people.person):
        if at_hand.refer(written, "person", name, "people", "person", index):
            chosen[name] = None
    return Access(
        name=document.name,
        hosts=at_hand.hosts(written, document.hosts, "hosts"),
        people=tuple(sorted(chosen)),
        groups=document.groups,
        sudo=document.sudo,
        exclusive=document.keys == "exclusive",
        origin=origin(written),
    )


def accepted(written: Written, document: kinds.Accepted, at_hand: Resolving) -> Accepted:
    """Given a written acceptance, return its meaning."""
    at_hand.refer(written, ("person", "team"), document.by, "by")
    file, _, policy = document.where.partition("#")
    return Accepted(
        name=document.name,
        finding=document.finding,
        file=file,
        policy=policy,
        only=document.only,
        reason=document.reason,
        by=document.by,
        until=document.until,
        origin=origin(written),
    )
