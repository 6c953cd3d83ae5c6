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
from opspact.model.policies.backup import Backup
from opspact.model.policies.service import Service
from opspact.structs import Struct
from opspact.text.names import join_names

_POSTGRESQL = "/var/lib/postgresql"
_DATA = {
    _POSTGRESQL: "PostgreSQL",
    "/var/lib/mysql": "MySQL",
    "/var/lib/mongodb": "MongoDB",
    "/var/lib/etcd": "etcd",
    "/var/lib/ldap": "OpenLDAP",
}
"""Where Debian's database servers keep what they change all the time."""
_SERVER = re.compile(r"postgresql(?:-[0-9]+)?|postgresql(?:@.*)?\.service")


class _Named(Struct):
    """A database where a policy names it; on which of these hosts it is may not be written (`somewhere`)."""

    name: str
    hosts: frozenset[str]
    policy: str
    path: tuple[str | int, ...]
    somewhere: bool = False


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
            yield _Named(database.name, hosts, f"backup/{backup.name}", ("what", "databases", index))


def _not_looked_at(context: RuleContext) -> Iterator[Violation]:
    looked_at: dict[str, set[str]] = {}
    for inspection in context.contract.inspections:
        for item in inspection.items:
            if item.settings.get("item") == "postgresql":
                hosts = inspection.hosts if item.hosts is None else item.hosts
                looked_at.setdefault(str(item.settings["database"]), set()).update(hosts)
    reported: set[tuple[str, str]] = set()
    for each in _named(context):
        missing = each.hosts - looked_at.get(each.name, set())
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
        if not each.hosts & owned.get(each.name, set()) and each.name not in reported:
            reported.add(each.name)
            message = f"database {each.name} belongs to no service: it has no owner and no tier"
            rests_on = (affected(Condition.NO_SERVICE, *each.hosts),)
            yield Violation(each.policy, message, each.path, subject=each.name, rests_on=rests_on)


def _copied_while_it_runs(context: RuleContext) -> Iterator[Violation]:
    """Find data of database servers among copied files; that of PostgreSQL counts where no backup dumps a database."""
    sets = context.once(host_sets)
    dumped = 0
    for hosts in context.once(database_dumps).values():
        dumped |= hosts
    for backup in context.contract.backups:
        for index, folder, path in _data_copied(backup):
            hosts = sets.of(backup.hosts)
            if folder == _POSTGRESQL:
                hosts &= ~dumped
            if not _is_below(path, folder):
                hosts &= sets.of(_with_postgresql(context))
            if hosts:
                message = f"{folder} of {sets.format(hosts)} is copied file by file while {_DATA[folder]} changes it"
                where = ("what", "paths", index)
                yield Violation(f"backup/{backup.name}", message, where, subject=folder)


def _data_copied(backup: Backup) -> Iterator[tuple[int, str, str]]:
    """Yield each path of a backup that is a server's data, or contains PostgreSQL's: its index, the data, the path."""
    for index, path in enumerate(backup.paths):
        for folder in _DATA:
            contains = folder == _POSTGRESQL and _is_below(folder, path) and holds(backup, folder)
            if contains or _is_below(path, folder):
                yield index, folder, path


def _is_below(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _with_postgresql(context: RuleContext) -> tuple[str, ...]:
    """Return the hosts on which a service runs PostgreSQL."""
    found = [host for service in context.contract.services for host in service.hosts if _runs_it(service.on(host))]
    return tuple(dict.fromkeys(found))


def _runs_it(service: Service) -> bool:
    installed = [package.name for package in service.packages]
    return any(map(_SERVER.fullmatch, [*installed, *(unit.name for unit in service.units)]))


RULES = (
    Rule(
        code="OP228",
        family="coverage",
        severity=Severity.WARNING,
        title="A database is in no inspection",
        why="No one notices that it refuses connections or fills up until the application fails.",
        remedy="Add it to an inspection of its hosts: items: [{postgresql: {database: NAME}}].",
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
        remedy="Dump the database: what: {databases: [{postgresql: NAME}]}; of other servers, copy a dump's directory.",
        find=_copied_while_it_runs,
    ),
)
