"""What is restored on a host that lost everything, from whose copies, and in which time that was promised.

Comes in: a contract, one of its hosts, the figures of its copies. Goes out: a plan. No host is contacted.

Each path and each database comes from the policy with the newest copy of it. What services name as their data, and
paths of backups outside of the operating system's own folders, go to where they were; paths inside those (`/etc`) go
to a folder beside, since the policies have configured the new system already.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest
from operator import itemgetter
from pathlib import PurePosixPath

from opspact.evidence.backup_stats import BackupStats
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.policies.backup import Backup
from opspact.structs import Struct
from opspact.values.duration import Duration

_OF_SYSTEM = ("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var")
_OWN_FOLDERS = tuple(PurePosixPath("/", name) for name in _OF_SYSTEM)
"""Folders that the installation of the operating system fills."""


class CopyUse(Struct, kw_only=True):
    """What is restored from the copies of one backup: `copy` is the newest that is known, `made` when it was begun.

    `in_place` goes to where it was, `beside` to `folder`.
    """

    backup: Backup
    copy: str
    made: datetime
    in_place: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where files go that are not restored in place."""
        return f"{names.REBUILT_FOLDER}/{self.backup.name}"


class RebuildPlan(Struct):
    """What is restored on a host, the newest copies first.

    `data` are the paths that services name as theirs, which must be empty before. `lost`: what no copy has.
    """

    host: str
    uses: tuple[CopyUse, ...]
    data: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that are restored."""
        return tuple(name for use in self.uses for name in use.databases)

    @property
    def has_files(self) -> bool:
        """Whether files are restored."""
        return any(use.in_place or use.beside for use in self.uses)

    @property
    def allowed(self) -> tuple[Duration, str]:
        """The shortest time that a backup whose copies are used allows for restoring them, and that policy."""
        use = min(self.uses, key=lambda one: one.backup.rto.seconds)
        return use.backup.rto, use.backup.origin.policy


def plan_rebuild(contract: Contract, host: str, figures: Iterable[BackupStats]) -> RebuildPlan:
    """Given a contract, a host and the figures of its copies, return what is restored there."""
    known = [(it.made, it) for it in figures if it.host == host and it.made is not None and it.copy]
    newest = [it for _, it in sorted(known, key=itemgetter(0), reverse=True)]
    data, databases = _data_of_services(contract, host)
    chosen = _Choice(newest)
    for path in data:
        chosen.path(path, in_place=True)
    for path in _paths_of_backups(contract, host):
        chosen.path(path, in_place=not _is_of_system(path))
    for name in dict.fromkeys((*databases, *_databases_of_backups(contract, host))):
        chosen.database(name, host)
    return RebuildPlan(host, tuple(chosen.uses()), data, tuple(chosen.lost))


class _Choice:
    """Chooses the newest copy for each path and database, given the figures, the newest first."""

    def __init__(self, newest: list[BackupStats]) -> None:
        self._newest = newest
        self._found: dict[str, dict[str, list[str]]] = {it.backup.name: {} for it in newest}
        self.lost: list[str] = []

    def path(self, path: str, *, in_place: bool) -> None:
        """Have a path restored, unless one is that it lies below, from the same copy and to the same place."""
        use = next((it for it in self._newest if any(_is_below(path, kept) for kept in it.backup.paths)), None)
        if use is None:
            self.lost.append(path)
            return
        found = self._found[use.backup.name]
        to = found.setdefault("in_place" if in_place else "beside", [])
        if not any(_is_below(path, other) for other in (*to, *found.get("in_place", ()))):
            to[:] = [*(other for other in to if not _is_below(other, path)), path]

    def database(self, name: str, host: str) -> None:
        """Have a database restored."""
        use = next((it for it in self._newest if name in _labels(it.backup, host)), None)
        if use is None:
            self.lost.append(f"database {name}")
        else:
            self._found[use.backup.name].setdefault("databases", []).append(name)

    def uses(self) -> Iterator[CopyUse]:
        """Yield what is restored from which copies."""
        for it in self._newest:
            if (found := self._found[it.backup.name]) and it.made:
                parts = {word: tuple(values) for word, values in found.items()}
                yield CopyUse(backup=it.backup, copy=it.copy, made=it.made, **parts)


def _labels(backup: Backup, host: str) -> tuple[str, ...]:
    return tuple(database.label for database in backup.databases_on(host))


def _data_of_services(contract: Contract, host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths and databases that services on a host name as their data."""
    services = [service.on(host) for service in contract.services if host in service.hosts]
    paths = dict.fromkeys(path.name for service in services for path in service.data_paths)
    names_of = dict.fromkeys(name for service in services for name in service.databases)
    return tuple(paths), tuple(dict.fromkeys(label for name in names_of for label in _meant(contract, host, name)))


def _meant(contract: Contract, host: str, name: str) -> tuple[str, ...]:
    """Return the databases on a host that a service means by a name: whose they are, it does not say."""
    dumped = [one for backup in contract.backups if host in backup.hosts for one in backup.databases_on(host)]
    return tuple(one.label for one in dumped if one.name == name) or (name,)


def _paths_of_backups(contract: Contract, host: str) -> tuple[str, ...]:
    backups = [backup for backup in contract.backups if host in backup.hosts]
    return tuple(dict.fromkeys(path for backup in backups for path in backup.paths))


def _databases_of_backups(contract: Contract, host: str) -> Iterator[str]:
    for backup in contract.backups:
        if host in backup.hosts:
            yield from _labels(backup, host)


def _is_of_system(path: str) -> bool:
    """Whether a path is, holds, or lies in, a folder of the operating system."""
    here = PurePosixPath(path)
    return any(folder == here or folder in here.parents or here in folder.parents for folder in _OWN_FOLDERS)


def _is_below(path: str, other: str) -> bool:
    here, there = PurePosixPath(path), PurePosixPath(other)
    return here == there or there in here.parents


def backup_batches(contract: Contract, host: str) -> Iterator[list[Backup]]:
    """Given a host, yield its backups that can run at the same time: a repository takes one copy after the other."""
    queues: dict[tuple[str, str], list[Backup]] = {}
    for backup in contract.backups:
        if host in backup.hosts:
            queues.setdefault((backup.server, backup.repository), []).append(backup)
    for turn in zip_longest(*queues.values()):
        yield [backup for backup in turn if backup is not None]
