"""The kind `data_care`, as it is meant: old rows are archived, read back, then purged.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.escrow import Escrow
from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.age import Age
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.schedule import Schedule
from opspact.values.secret import SecretReference


class DataCare(Struct):
    """Old rows of a table: archived on `server`, read back, then purged, at most `batch` rows at once.

    The archives are in a repository of its own. `passphrase`: what they are encrypted with (None: they are not).
    `free_below`: also when less than such a share is free where the database lies (None: on schedule alone).
    `takes`: how long that takes (None: not said).
    """

    name: str
    hosts: tuple[str, ...]
    database: str
    table: str
    column: str
    older_than: Age
    server: str
    keep: Age
    passphrase: SecretReference | None
    escrow: Escrow | None
    schedule: Schedule
    free_below: Percent | None
    takes: Duration | None
    batch: int
    origin: Origin

    @property
    def repository(self) -> str:
        """The repository of the archives on the server."""
        return self.name
