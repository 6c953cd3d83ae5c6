"""A database that is restored from its dump into this host's MariaDB, beside those that are there, and its users.

Comes in: a dump, a name that is free, users as SQL. Goes out: the database with its character set and collation; how
many rows it has. Part of `restore`.

MariaDB cannot rename a database. So it is made under the wanted name, with a comment that says whose unfinished work it
is: only a database with that very comment is ever removed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opspact.onhost.database_name import server_name
from opspact.onhost.mariadb_client import MariadbFailed, mariadb_name, mariadb_text, rows_of, run_mariadb
from opspact.onhost.mariadb_tables import load_dump, table_rows
from opspact.onhost.restore_failure import NotRestored

UNFINISHED_COMMENT = "unfinished restore of opspact "
CHARACTER_SET = re.compile(r"\w{1,64}")
ACCOUNT = r"([`'])((?:(?!\1).)*)\1@([`'])((?:(?!\3).)*)\3"
NEW_USER = re.compile(rf"CREATE USER {ACCOUNT}")
OF_ACCOUNT = re.compile(rf"\b(?:USER|TO|FOR) {ACCOUNT}")
OWN_USERS = frozenset({"root", "mysql", "mariadb.sys", "debian-sys-maint"})
"""Accounts by which a server is administered: those of a new server stay as they are."""
ROLE_ADMIN = "/*M!100005 GRANT "
"""Who administers a role: without that line, nobody could grant it."""
COMMENT_OF = "select schema_comment from information_schema.schemata where schema_name = {0}"


class RestoredMariadb:
    """One dump on its way into a database of MariaDB."""

    def __init__(self, dump: Path, new_name: str, held: Mapping[str, Any]) -> None:
        self.dump, self.held = dump, held
        self.name = server_name(new_name)
        self.comment = f"{UNFINISHED_COMMENT}{secrets.token_hex(8)}"

    @property
    def to_remove(self) -> dict[str, str]:
        """What has to be known to remove what is not complete."""
        return {"mariadb": self.name, "comment": self.comment}

    def restore_accounts(self, dumped: str) -> dict[str, Any]:
        """Given the users of the server that was backed up, restore them and return them. Raise MariadbFailed."""
        return {"restored_roles": restore_users(dumped) if dumped else [], "roles": []}

    def restore(self) -> dict[str, int]:
        """Restore the dump and return the rows of each table. Raise NotRestored, MariadbFailed."""
        words = [str(self.held.get(word, "")) for word in ("character_set", "collation")]
        defaults = f" character set {words[0]} collate {words[1]}" if all(map(CHARACTER_SET.fullmatch, words)) else ""
        run_mariadb(f"create database {mariadb_name(self.name)}{defaults} comment '{self.comment}'")
        try:
            load_dump(self.dump, self.name)
        except MariadbFailed as error:
            words_of_it = f"the dump cannot be restored: {error}"
            raise NotRestored(words_of_it, "unknown" if error.is_unable else "critical") from error
        return table_rows(self.name)

    def give_name(self, name: str, *, of_source: str) -> None:
        """Say that the database is complete: it has its name already. Raise MariadbFailed."""
        del name, of_source
        run_mariadb(f"alter database {mariadb_name(self.name)} comment ''")


def has_mariadb_database(name: str) -> bool:
    """Return whether there is a database of a name. Raise MariadbFailed: nobody knows."""
    return bool(rows_of(run_mariadb(COMMENT_OF.format(mariadb_text(name)))))


def drop_unfinished_mariadb(name: str, comment: str) -> None:
    """Remove a database that was not restored to its end: one with another comment is not ours. Raise MariadbFailed."""
    if comment and rows_of(run_mariadb(COMMENT_OF.format(mariadb_text(name)))) == [[comment]]:
        run_mariadb(f"drop database {mariadb_name(name)}")


def restore_users(dumped: str) -> list[str]:
    """Given all users of a server as SQL, restore them and return those that were not there. Raise MariadbFailed.

    Who is there already is not made again, and gets the password and the rights that are said of it.
    """
    there = {(user, host) for user, host in rows_of(run_mariadb("select user, host from mysql.global_priv"))}
    own = {account for account in there if account[0] in OWN_USERS}
    lines = [line for line in dumped.splitlines() if line.startswith(ROLE_ADMIN) or not accounts_in(line) & own]
    made = [found for line in lines if (found := NEW_USER.match(line)) and (found[2], found[4]) not in there]
    text = "\n".join(
        re.sub(r"^(CREATE USER|/\*M!100005 CREATE ROLE) ", r"\1 IF NOT EXISTS ", line) for line in [*lines, ""]
    )
    run_mariadb(text)
    return [f"{found[2]}@{found[4]}" for found in made]


def accounts_in(line: str) -> set[tuple[str, str]]:
    """Return the accounts that a statement is about."""
    return {(found[2], found[4]) for found in OF_ACCOUNT.finditer(line)}
