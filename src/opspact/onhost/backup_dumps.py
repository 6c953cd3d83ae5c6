"""What a backup has of databases: their dumps, and the accounts of their servers.

Comes in: a backup's settings, its archive. Goes out: each database with what its dump holds. Part of `backup`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.account_dump import dump_accounts
from opspact.onhost.backup_failure import Facts, dump_proof
from opspact.onhost.borg_client import NoBackup, borg
from opspact.onhost.database_name import DUMPS, MARIADB, POSTGRESQL, database_of_dump, engine_of

ACCOUNTS = {POSTGRESQL: ("roles", "roles of the databases"), MARIADB: ("users", "users of MariaDB")}
"""By a server's kind: which setting says where its accounts are kept, and what they are called."""
UNSAFE_SHOWN = 3  # tables that a warning names


def account_files(configuration: Facts) -> dict[str, Path]:
    """Return where the accounts of each server are, by its kind, if a database of it is backed up."""
    engines = dict.fromkeys(map(engine_of, configuration.get("databases", [])))
    return {engine: Path(configuration[ACCOUNTS[engine][0]]) for engine in engines}


@contextlib.contextmanager
def accounts_kept(configuration: Facts) -> Iterator[str]:
    """Have the accounts of the databases' servers in files within it; yield why they are not, empty: they are."""
    files = account_files(configuration)
    try:
        failed = [(engine, why) for engine, file in files.items() if (why := dump_accounts(engine, file))]
        yield f"{ACCOUNTS[failed[0][0]][1]} failed: {failed[0][1]}" if failed else ""
    finally:
        for file in files.values():
            with contextlib.suppress(OSError):
                file.unlink()


def dumps_in(configuration: Facts, archive: str) -> list[Facts]:
    """Return every wanted database with what its dump in the archive holds. Raise NoBackup when one is not whole."""
    databases = configuration.get("databases", [])
    if not databases:
        return []
    place = f"{configuration['repository']}::{archive}"
    files = {engine: str(file).lstrip("/") for engine, file in account_files(configuration).items()}
    chosen = (f"sh:**/{DUMPS}/**", *(f"pp:{file}" for file in files.values()))
    listed = borg(configuration, "list", "--json-lines", place, *chosen).splitlines()
    entries = {entry["path"]: entry["size"] for entry in map(json.loads, listed) if entry["type"] == "-"}
    for engine, file in files.items():
        if not entries.pop(file, 0):
            raise NoBackup(f"the {ACCOUNTS[engine][1]} are not in the archive: does the policy exclude /{file}?")
    sizes = {database_of_dump(path): size for path, size in entries.items()}
    for name in databases:
        if not sizes.get(name):
            raise NoBackup(f"the dump of database {name} is {'empty' if name in sizes else 'not in the archive'}")
    return [{"name": name, **dump_proved(configuration, name, sizes[name])} for name in databases]


def dump_proved(configuration: Facts, name: str, size: int) -> Facts:
    """Return what dump.py says of the dump of a database; `size`: that in the archive. Raise NoBackup: not whole."""
    proof = dump_proof(configuration, name)
    if not proof or proof["error"]:
        raise NoBackup(f"the dump of database {name} failed: {proof.get('error', 'nothing shows that it is whole')}")
    if proof["bytes"] != size:
        raise NoBackup(f"the dump of database {name} has {size} bytes in the archive, of {proof['bytes']}")
    return {word: value for word, value in proof.items() if word != "error"}


def unsafe_tables(databases: list[Facts]) -> list[str]:
    """Return a warning for each database with tables that could be written while they were dumped."""
    found = []
    for one in databases:
        if tables := one.get("not_transactional", []):
            more = f" and {len(tables) - UNSAFE_SHOWN} more" if len(tables) > UNSAFE_SHOWN else ""
            words = f"{', '.join(tables[:UNSAFE_SHOWN])}{more}"
            found.append(f"database {one['name']}, tables without transactions may have changed meanwhile: {words}")
    return found
