"""The kind `backup`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.backup import Backup, Database, DatabaseEngine, Drill, RepositoryCheck
from opspact.resolve.backup_server import resolve_server
from opspact.resolve.context import DocumentContext
from opspact.resolve.escrow import resolve_escrow
from opspact.schema import kinds
from opspact.schema.documents import backup as written_backup


def resolve_backup(document: kinds.Backup, context: DocumentContext) -> Backup:
    """Given a backup as written, return its meaning; a copy on the host that it protects is refused."""
    hosts = context.hosts(document.hosts, "hosts")
    check, drill = document.check, document.drill
    return Backup(
        name=document.name,
        hosts=hosts,
        paths=document.what.paths,
        exclude=document.what.exclude,
        databases=tuple(
            _database(database, context.hosts_within(hosts, database.on, "what", "databases", index, "on"))
            for index, database in enumerate(document.what.databases)
        ),
        schedule=document.schedule,
        takes=document.takes,
        server=resolve_server(document.to.host, hosts, "to", "host", what="backup", context=context),
        repository=document.to.repository,
        standalone=document.strategy == "standalone",
        keep={age: count for age, count in document.keep.model_dump().items() if count},
        rpo=document.rpo,
        rto=document.rto,
        passphrase=document.passphrase,
        escrow=resolve_escrow(document.escrow, "escrow", name=document.name, context=context),
        check=RepositoryCheck(check.schedule, check.data, check.takes) if check else None,
        drill=_drill(drill) if drill else None,
        origin=context.origin(),
    )


def _database(database: written_backup.BackupDatabase, hosts: frozenset[str] | None) -> Database:
    if database.mariadb is not None:
        return Database(database.mariadb, hosts, DatabaseEngine.MARIADB)
    return Database(database.postgresql or "", hosts)


def _drill(drill: written_backup.Drill) -> Drill:
    sample = drill.sample
    return Drill(
        within=drill.within,
        schedule=drill.schedule,
        confidence=sample.confidence if sample else None,
        defects=sample.defects if sample else None,
    )
