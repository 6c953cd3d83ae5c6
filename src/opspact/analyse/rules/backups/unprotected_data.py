"""Rules about what no backup holds, and what is purged though somebody keeps it.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.backup_coverage import holds
from opspact.analyse.cause import Condition, affected
from opspact.analyse.copies import not_copied
from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup, DatabaseEngine, database_label
from opspact.model.policies.code_table import CodeTable

_PASSING = ("/run/", "/var/run/", "/tmp/", "/var/tmp/", "/var/cache/")  # noqa: S108 - named, not used
"""Where files are that the next start creates again."""

_ENGINES = frozenset(DatabaseEngine)
"""Items of inspections that look at databases are called so, too."""

Named = tuple[str, tuple[str | int, ...], str, frozenset[str] | tuple[str, ...]]


def _databases_named(context: RuleContext) -> Iterator[Named]:
    """Yield every database that a policy names: the policy, the path, the database, its hosts."""
    contract = context.contract
    for inspection in contract.inspections:
        for index, item in enumerate(inspection.items):
            engine = str(item.settings.get("item"))
            if engine in _ENGINES:
                hosts = [host for host in inspection.hosts if item.hosts is None or host in item.hosts]
                label = database_label(engine, str(item.settings["database"]))
                yield f"inspection/{inspection.name}", ("items", index, engine, "database"), label, tuple(hosts)
    yield from databases_in_use(context)


def databases_in_use(context: RuleContext) -> Iterator[Named]:
    """Yield every database whose rows a policy changes: the policy, the path, the database, its hosts."""
    for care in context.contract.data_care:
        yield f"data_care/{care.name}", ("database", "postgresql"), care.database, care.hosts
    for table in context.contract.code_tables:
        yield f"code_table/{table.name}", ("database", "postgresql"), table.database, table.hosts


def database_dumps(context: RuleContext) -> dict[str, int]:
    """Given a contract, return the hosts on which each database is dumped, as sets."""
    sets = context.once(host_sets)
    found: dict[str, int] = {}
    for backup in context.contract.backups:
        hosts = sets.of(backup.hosts)
        for database in backup.databases:
            on = hosts if database.hosts is None else hosts & sets.of(database.hosts)
            found[database.label] = found.get(database.label, 0) | on
    return found


def _database_without_backup(context: RuleContext) -> Iterator[Violation]:
    sets, dumped = context.once(host_sets), context.once(database_dumps)
    for policy, path, database, hosts in _databases_named(context):
        if missing := sets.of(hosts) & ~dumped.get(database, 0):
            message = f"no backup contains database {database} of {sets.format(missing)}"
            causes = not_copied(sets.names(missing), database)
            yield Violation(policy, message, path, subject=database, states=causes[1:], rests_on=causes)


def _service_without_backup(context: RuleContext) -> Iterator[Violation]:
    sets = context.once(host_sets)
    copied = [(backup, sets.of(backup.hosts)) for backup in context.contract.backups]
    any_at_all = 0
    for _, hosts in copied:
        any_at_all |= hosts
    for service in context.contract.services:
        policy, hosts = f"service/{service.name}", sets.of(service.hosts)
        bare = hosts & ~any_at_all if service.units or service.directories else 0
        if bare:
            yield Violation(
                policy,
                f"no backup covers {sets.format(bare)}, where {service.name} runs",
                ("hosts",),
                rests_on=(affected(Condition.NO_BACKUP, *sets.names(bare)),),
            )
        for directory in service.directories:
            if directory.path.startswith(_PASSING):
                continue
            held = _holding(directory.path, copied)
            there = hosts if directory.hosts is None else sets.of(directory.hosts)
            if missing := there & ~bare & ~held:
                message = f"no backup contains {directory.path} of {sets.format(missing)}"
                causes = not_copied(sets.names(missing), directory.path)
                yield Violation(
                    policy,
                    message,
                    ("directories", directory.index),
                    subject=directory.path,
                    states=causes[1:],
                    rests_on=causes,
                )


def _holding(path: str, copied: list[tuple[Backup, int]]) -> int:
    """Return the hosts on which some backup holds a path, as a set."""
    found = 0
    for backup, hosts in copied:
        if holds(backup, path):
            found |= hosts
    return found


def _purged_and_kept(context: RuleContext) -> Iterator[Violation]:
    sets = context.once(host_sets)
    tables: dict[tuple[str, str], list[CodeTable]] = {}
    for table in context.contract.code_tables:
        tables.setdefault((table.database, _bare(table.table)), []).append(table)
    for care in context.contract.data_care:
        for table in tables.get((care.database, _bare(care.table)), ()):
            if both := sets.of(care.hosts) & sets.of(table.hosts):
                message = (
                    f"{care.name} purges old rows of {care.table} on {sets.format(both)}, but code_table/{table.name} "
                    f"restores its rows"
                )
                yield Violation(f"data_care/{care.name}", message, ("select", "table"))


def _bare(table: str) -> str:
    return table.removeprefix("public.")


RULES = (
    Rule(
        code="OP413",
        family="backup",
        severity=Severity.ERROR,
        title="A database is in no backup",
        why="A policy maintains the database, so it is in use; when its host is lost, the data is lost.",
        remedy="Add it to a backup of its hosts: what: {databases: [{postgresql: NAME}]}, or {mariadb: NAME}.",
        find=_database_without_backup,
    ),
    Rule(
        code="OP414",
        family="backup",
        severity=Severity.WARNING,
        title="A service's data is in no backup",
        why="Files from policies can be deployed again; data written by the service cannot.",
        remedy="Add the hosts and the directory to a backup; or remove from the service what contains no data.",
        find=_service_without_backup,
    ),
    Rule(
        code="OP416",
        family="backup",
        severity=Severity.ERROR,
        title="A policy purges rows that another policy manages",
        why="Each policy undoes the other, and the application lacks codes in between.",
        remedy="Purge another table, or remove the code table policy.",
        find=_purged_and_kept,
    ),
)
