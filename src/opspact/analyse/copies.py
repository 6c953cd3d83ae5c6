"""Everything that is copied to another host, in one list: backups and archives of purged rows.

Comes in: a contract. Goes out: copies, and where hosts are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from opspact.analyse.rule import Given
from opspact.model.inventory.places import Places


@dataclass(frozen=True, slots=True)
class Copy:
    """Something of these hosts that is kept on a server; `path` is where the policy names the server."""

    policy: str
    path: tuple[str, ...]
    hosts: tuple[str, ...]
    server: str


def copies(given: Given) -> tuple[Copy, ...]:
    """Given a contract, return all its copies."""
    return tuple(_copies(given))


def _copies(given: Given) -> Iterator[Copy]:
    for backup in given.contract.backups:
        yield Copy(f"backup/{backup.name}", ("to", "host"), backup.hosts, backup.server)
    for care in given.contract.care.data:
        yield Copy(f"data_care/{care.name}", ("archive", "to"), care.hosts, care.server)


def places(given: Given) -> Places:
    """Given a contract, return where its hosts are."""
    return Places(given.contract.inventory)
