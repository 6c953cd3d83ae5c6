"""Rules about databases: is each looked at, does somebody answer for it, is it copied in a way that can be restored?

Comes in: a rule context. Goes out: violations. That each is in a backup is asked elsewhere.
"""

import re
from collections.abc import Iterator

from opspact.analyse.backup_coverage import holds
from opspact.analyse.cause import Condition, affected
from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.backups.unprotected_data import database_dumps, databases_in_use
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup, DatabaseEngine, database_label, engine_of
from opspact.model.policies.service import Service
from opspact.structs import Struct
from opspact.text.names import join_names

_POSTGRESQL, _MYSQL = "/var/lib/postgresql", "/var/lib/mysql"
_DATA = {
    _POSTGRESQL: "PostgreSQL",
    _MYSQL: "MariaDB or MySQL",
    "/var/lib/mongodb": "MongoDB",
    "/var/lib/etcd": "etcd",
    "/var/lib/ldap": "OpenLDAP",
}
"""Where Debian's database servers keep what they change all the time."""
_SERVERS = {
    _POSTGRESQL: re.compile(r"postgresql(?:-[0-9]+)?|postgresql(?:@.*)?\.service"),
    _MYSQL: re.compile(r"(?:mariadb|mysql)(?:-server)?|(?:mariadb|mysqld?)\.service"),
}
"""Packages and units of the servers that a backup can dump."""
_ENGINES = {_POSTGRESQL: DatabaseEngine.POSTGRESQL, _MYSQL: DatabaseEngine.MARIADB}


class _Named(Struct):
    """A database where a policy names it; on which of these hosts it is may not be written (`somewhere`)."""

    name: str
    hosts: frozenset[str]
    policy: str
    path: tuple[str | int, ...]
    somewhere: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """What the database may be called; services do not say whose it is."""
        return tuple(database_label(engine, self.name) for engine in DatabaseEngine) if self.somewhere else (self.name,)


def _named(context: RuleContext) -> Iterator[_Named]:
    contract = context.contract
    for service in contract.services:
        for index, name in enumerate(service.databases):
            hosts, place = frozenset(service.hosts), ("data", "databases", index)
            yield _Named(name, hosts, service.origin.policy, place, somewhere=True)
    for policy, path, name, those in databases_in_use(context):
        yield _Named(name, frozenset(those), policy, path)
    for backup in contract.backups:
        for index, database in enumerate(backup.databases):
            hosts = frozenset(backup.hosts) if database.hosts is None else database.hosts
            yield _Named(database.label, hosts, f"backup/{backup.name}", ("what", "databases", index))


def _not_looked_at(context: RuleContext) -> Iterator[Violation]:
    looked_at: dict[str, set[str]] = {}
    for inspection in context.contract.inspections:
        for item in inspection.items:
            if (engine := str(item.settings.get("item"))) in _ENGINES.values():
                hosts = inspection.hosts if item.hosts is None else item.hosts
                label = database_label(engine, str(item.settings["database"]))
                looked_at.setdefault(label, set()).update(hosts)
    reported: set[tuple[str, str]] = set()
    for each in _named(context):
        missing = each.hosts.difference(*(looked_at.get(label, set()) for label in each.labels))
        if each.somewhere and missing != each.hosts:
            continue
        new = {host for host in missing if (each.name, host) not in reported}
        reported |= {(each.name, host) for host in new}
        if new:
            message = f"no inspection checks database {each.name} on {join_names(sorted(new), 'hosts')}"
            rests_on = (affected(Condition.NO_INSPECTION, *new),)
            yield Violation(each.policy, message, each.path, subject=each.name, rests_on=rests_on)


def _nobodys(context: RuleContext) -> Iterator[Violation]:
    owned: dict[str, set[str]] = {}
    for service in context.contract.services:
        for name in service.databases:
            owned.setdefault(name, set()).update(service.hosts)
    reported: set[str] = set()
    for each in _named(context):
        if not each.hosts & owned.get(each.name.rpartition("/")[2], set()) and each.name not in reported:
            reported.add(each.name)
            message = f"database {each.name} belongs to no service: it has no owner and no tier"
            rests_on = (affected(Condition.NO_SERVICE, *each.hosts),)
            yield Violation(each.policy, message, each.path, subject=each.name, rests_on=rests_on)


def _copied_while_it_runs(context: RuleContext) -> Iterator[Violation]:
    """Find data of database servers among copied files; of those that can be dumped where no backup does it."""
    sets = context.once(host_sets)
    dumped = dict.fromkeys(DatabaseEngine, 0)
    for label, hosts in context.once(database_dumps).items():
        dumped[engine_of(label)] |= hosts
    for backup in context.contract.backups:
        for index, folder, path in _data_copied(backup):
            hosts = sets.of(backup.hosts)
            if folder in _ENGINES:
                hosts &= ~dumped[_ENGINES[folder]]
            if not _is_below(path, folder):
                hosts &= sets.of(_with_server(context, folder))
            if hosts:
                message = f"{folder} of {sets.format(hosts)} is copied file by file while {_DATA[folder]} changes it"
                where = ("what", "paths", index)
                yield Violation(f"backup/{backup.name}", message, where, subject=folder)


def _data_copied(backup: Backup) -> Iterator[tuple[int, str, str]]:
    """Yield each path of a backup that is, or contains, a server's data: its index, the data, the path."""
    for index, path in enumerate(backup.paths):
        for folder in _DATA:
            contains = folder in _SERVERS and _is_below(folder, path) and holds(backup, folder)
            if contains or _is_below(path, folder):
                yield index, folder, path


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _with_server(context: RuleContext, folder: str) -> tuple[str, ...]:
    """Return the hosts on which a service runs the server whose data are in a folder."""
    server = _SERVERS[folder]
    found = [
        host for service in context.contract.services for host in service.hosts if _runs_it(service.on(host), server)
    ]
    return tuple(dict.fromkeys(found))


def _runs_it(service: Service, server: re.Pattern[str]) -> bool:
    installed = [package.name for package in service.packages]
    return any(map(server.fullmatch, [*installed, *(unit.name for unit in service.units)]))


RULES = (
    Rule(
        code="OP228",
        family="coverage",
        severity=Severity.WARNING,
        title="A database is in no inspection",
        why="No one notices that it refuses connections or fills up until the application fails.",
        remedy="Add it to an inspection of its hosts: items: [{postgresql: {database: NAME}}], or mariadb.",
        find=_not_looked_at,
    ),
    Rule(
        code="OP229",
        family="coverage",
        severity=Severity.WARNING,
        title="A database belongs to no service",
        why=(
            "Owner and tier are fields of a service: without one, no one is responsible for the database, and "
            "its faults have no deadlines."
        ),
        remedy="Add it to its service: data: {databases: [NAME]}.",
        find=_nobodys,
    ),
    Rule(
        code="OP420",
        family="backup",
        severity=Severity.WARNING,
        title="A database's files are copied while it runs",
        why="Files that change during the copy do not fit together: the restored server may not start.",
        remedy=(
            "Dump the database: what: {databases: [{postgresql: NAME}]}, or {mariadb: NAME}; of other servers, copy a "
            "dump's directory."
        ),
        find=_copied_while_it_runs,
    ),
)
