"""Everything that is copied to another host, in one list: backups and archives of purged rows.

Comes in: a contract. Goes out: copies.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.rule import RuleContext
from opspact.structs import Struct


class Copy(Struct):
    """Something of these hosts that is kept on a server; `path` is where the policy names the server."""

    policy: str
    path: tuple[str, ...]
    hosts: tuple[str, ...]
    server: str


def copies(context: RuleContext) -> tuple[Copy, ...]:
    """Given a contract, return all its copies."""
    return tuple(_copies(context))


def _copies(context: RuleContext) -> Iterator[Copy]:
    for backup in context.contract.backups:
        yield Copy(f"backup/{backup.name}", ("to", "host"), backup.hosts, backup.server)
    for care in context.contract.data_care:
        yield Copy(f"data_care/{care.name}", ("archive", "to"), care.hosts, care.server)


def not_copied(hosts: Iterable[str], what: str) -> tuple[Affected, Affected]:
    """Given hosts and a folder or database of theirs in no backup, return keys: in no backup at all; not copied."""
    named = tuple(hosts)
    return affected(Condition.NO_BACKUP, *named), affected(Condition.NOT_COPIED, *(f"{host} {what}" for host in named))
