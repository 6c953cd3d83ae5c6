"""PostgreSQL on this host, asked by psql as the account postgres over the local socket: no password anywhere.

In: a database, SQL. Out: what it answers, processes that stream rows. A part of programs.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Mapping
from typing import Any

PSQL = (
    *("psql", "--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--no-password"),
    "--set=ON_ERROR_STOP=1",
)
CONNECTION_LOST = 2  # psql's exit status
SETTINGS = {
    "search_path": "pg_catalog",  # nothing that an owner of tables defines is found in place of what is meant
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "client_min_messages": "error",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "jit": "off",
}


class PostgresqlFailed(Exception):  # noqa: N818 - named after the decision
    """PostgreSQL did not do it; the message says why. `is_lost`: the connection was lost, or never there."""

    def __init__(self, message: str, *, is_lost: bool = False) -> None:
        super().__init__(message)
        self.is_lost = is_lost


def identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def account_identity(account: str) -> tuple[int | None, int | None, list[int] | None]:
    """Return the numbers of an account, of its group and of all its groups; None: those of this program.

    That is where it does not run as root, or no account is named. Raise KeyError when there is no such account.
    """
    if os.geteuid() != 0 or not account:
        return None, None, None
    found = pwd.getpwnam(account)
    return found.pw_uid, found.pw_gid, os.getgrouplist(found.pw_name, found.pw_gid)


class Database:
    """One database, asked as an account of this host; as whom this program runs where that is not root."""

    def __init__(self, name: str, account: str) -> None:
        self.name = name
        self.account = account

    def start(
        self, *statements: str, reads: bool = False, settings: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start psql, which has statements carried out in one session: its output is a pipe.

        When it `reads`, its input is a pipe instead: more SQL, and rows for a COPY in it. What has not been committed
        when that pipe ends is undone. `settings` are PostgreSQL's. Raise PostgresqlFailed.
        """
        # Not by runuser: that would leave psql alone when it is killed, and write sessions into the journal.
        try:
            user, group, groups = account_identity(self.account)
            return subprocess.Popen(
                (*PSQL, f"--dbname={self.name}", *(f"--command={statement}" for statement in statements)),
                cwd="/",
                env=psql_environment(settings or {}),
                stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if reads else subprocess.PIPE,
                stderr=subprocess.PIPE,
                user=user,
                group=group,
                extra_groups=groups,
            )
        except KeyError as error:
            raise PostgresqlFailed(f"this host has no account {self.account}") from error
        except OSError as error:
            raise PostgresqlFailed(f"psql cannot be started: {error}") from error

    def execute(self, *statements: str, **settings: str) -> str:
        """Have statements carried out in one session and return what they answer. Raise PostgresqlFailed."""
        with self.start(*statements, settings=settings) as process:
            answer, said = process.communicate()
        if process.returncode != 0:
            raise psql_error(process.returncode, said.decode("utf-8", "replace"))
        return answer.decode("utf-8", "replace")

    def ask_json(self, *statements: str, **settings: str) -> Any:
        """Given a query for one JSON value, return it; None where it gives no row. Raise PostgresqlFailed.

        Statements before it may give rows without a value.
        """
        answer = self.execute(*statements, **settings).strip()
        return json.loads(answer) if answer else None


def psql_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Given PostgreSQL's settings of a session, return the environment of psql."""
    options = " ".join(f"-c {name}={value}" for name, value in {**SETTINGS, **settings}.items())
    return {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "PGAPPNAME": "opspact",
        "PGCLIENTENCODING": "UTF8",
        "PGCONNECT_TIMEOUT": "30",
        "PGOPTIONS": options,
    }


def psql_error(status: int, said: str) -> PostgresqlFailed:
    """Given psql's exit status and its errors, return what failed."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in lines if "ERROR:" in line or "FATAL:" in line), (lines or [f"status {status}"])[0])
    detail = next((line for line in lines if line.startswith("DETAIL:")), "")
    words = f"{reason.partition('ERROR:')[2].strip() or reason} {detail.partition(':')[2].strip()}"
    return PostgresqlFailed(words.strip()[:500].rstrip("."), is_lost=status == CONNECTION_LOST)
