"""A host that left the inventory while opspact still manages something on it.

In: what the ledger or a commit says of it. Out: a value for plans and reports.
"""

from opspact.structs import Struct


class OrphanHost(Struct):
    """A host that is not in the inventory any more, and what opspact put there and nobody has removed.

    `stays` are identities of steps. `reached_at` is how it was reached when something was last done there
    (`ops@198.51.100.9`), `at` when that was (ISO 8601, UTC); empty where only a commit names the host. `namesake`
    is a host of the inventory that has its address now.
    """

    name: str
    stays: tuple[str, ...]
    reached_at: str = ""
    at: str = ""
    namesake: str = ""
