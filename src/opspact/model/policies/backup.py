"""The kind `backup`, as it is meant: what is copied where, when, and how long it is kept.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil, log

from opspact.model.escrow import Escrow
from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.schedule import Schedule
from opspact.values.secret import SecretReference


class DatabaseEngine(StrEnum):
    """The kind of a database server."""

    POSTGRESQL = "postgresql"
    MARIADB = "mariadb"


class Database(Struct):
    """A database to dump; on which of the backup's hosts (None: all), of which kind of server."""

    name: str
    hosts: frozenset[str] | None
    engine: DatabaseEngine = DatabaseEngine.POSTGRESQL

    @property
    def label(self) -> str:
        """What it is called where there may be both kinds."""
        return database_label(self.engine, self.name)


def engine_of(label: str) -> DatabaseEngine:
    """Given what a database is called where there may be both kinds, return the kind of its server."""
    return DatabaseEngine.MARIADB if label.startswith(f"{DatabaseEngine.MARIADB}/") else DatabaseEngine.POSTGRESQL


def database_label(engine: str, name: str) -> str:
    """Given a database, return what it is called where there may be both kinds: `NAME`, of MariaDB `mariadb/NAME`."""
    return name if engine == DatabaseEngine.POSTGRESQL else f"{engine}/{name}"


class RepositoryCheck(Struct):
    """When a repository is checked, and whether every byte of its data is read.

    `takes`: how long that takes (None: not said).
    """

    schedule: Schedule
    data: bool
    takes: Duration | None


class Drill(Struct):
    """How often bringing back is tried: at least once `within` a time; when (None: opspact sets that).

    A drill compares so many files that with a probability of `confidence` it would find defects in `defects` of all
    (None: it compares all).
    """

    within: Duration
    schedule: Schedule | None
    confidence: Percent | None
    defects: Percent | None

    @property
    def sample_size(self) -> int:
        """How many files a drill compares (0: all).

        Of n files drawn at random none is defective with a probability of (1 - defects)ⁿ at most (with replacement;
        without, it is less), which must not be more than 1 - confidence.
        """
        if self.confidence is None or self.defects is None:
            return 0
        return ceil(log(1 - self.confidence.value / 100) / log(1 - self.defects.value / 100))


class Backup(Struct):
    """What is copied where, when, and how long it is kept. `takes` None: not said."""

    name: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    databases: tuple[Database, ...]
    schedule: Schedule
    takes: Duration | None
    server: str
    repository: str
    standalone: bool
    keep: Mapping[str, int]
    rpo: Duration
    rto: Duration
    passphrase: SecretReference | None
    escrow: Escrow | None
    check: RepositoryCheck | None
    drill: Drill | None
    origin: Origin

    def databases_on(self, host: str) -> tuple[Database, ...]:
        """Given one of its hosts, return the databases that it dumps there."""
        return tuple(found for found in self.databases if found.hosts is None or host in found.hosts)
