"""The kind `backup`: from the document to its meaning.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.backup import Backup, Database, Drill, RepositoryCheck
from opspact.resolve.backup_server import server
from opspact.resolve.context import Resolving, origin
from opspact.resolve.limited import limited_hosts
from opspact.resolve.values import schedule
from opspact.schema import kinds
from opspact.schema.documents import backup as written_backup
from opspact.schema.read import Written
from opspact.schema.values.durations import Duration
from opspact.schema.yaml.nodes import PathPart
from opspact.values.secret import SecretReference


def backup(written: Written, document: kinds.Backup, at_hand: Resolving) -> Backup:
    """Given a written backup, return its meaning; a copy on the host that it protects is refused."""
    hosts = at_hand.hosts(written, document.hosts, "hosts")
    databases = []
    for index, database in enumerate(document.what.databases):
        path: tuple[PathPart, ...] = ("what", "databases", index, "on")
        on = limited_hosts(written, database.on, hosts, at_hand=at_hand, path=path) if database.on else None
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
