"""MariaDB on this host, asked as root over its socket: no password anywhere.

Comes in: SQL. Goes out: what the server answers. A part of programs.
"""

from __future__ import annotations

import re
import subprocess
from typing import IO

from opspact.onhost.mariadb import CLIENT

SQL_ALONE = ("--skip-column-names", "--default-character-set=utf8mb4", "--binary-mode", "--loose-sandbox")
"""What it reads is SQL: no command of its own (`system`, `source`) is carried out. Older ones lack `--sandbox`."""
CLIENT_ERROR = re.compile(r"^ERROR (\d+)\b.*", re.MULTILINE)
UNABLE_CODES = frozenset(
    {
        *(1021, 1030, 1041, 1114),  # no space, no memory
        *(1115, 1193, 1273, 1286),  # a character set, variable, collation or storage engine that is not here
        *(2002, 2003, 2006, 2013),  # no server
    }
)
"""Errors that are this host's, not the dump's."""
DUMP_END = re.compile(rb"-- Dump completed(?: on [\d: -]+)?")
BROKEN_DUMP = -1


class MariadbFailed(Exception):  # noqa: N818 - named after the decision
    """MariaDB did not do it; the message says why. `is_unable`: this host cannot; else what it was given is bad."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.is_unable = code in UNABLE_CODES or not code


def mariadb_name(name: str) -> str:
    """Return a name as SQL."""
    return "`" + name.replace("`", "``") + "`"


def mariadb_text(text: str) -> str:
    """Return text as SQL, whatever the mode of the session says of backslashes."""
    return f"convert(x'{text.encode().hex()}' using utf8mb4)"


def run_mariadb(*statements: str, source: IO[bytes] | None = None, options: tuple[str, ...] = ()) -> str:
    """Have the client carry out statements, or what `source` holds, and return the answer. Raise MariadbFailed.

    It ends with the first that fails. What it complains of may hold data: only the error itself is passed on.
    """
    given = None if source else ";\n".join(statements).encode()
    try:
        done = subprocess.run(
            (*CLIENT, *SQL_ALONE, *options), cwd="/", stdin=source, input=given, capture_output=True, check=False
        )
    except OSError as error:
        raise MariadbFailed(f"mariadb cannot be started: {error}") from error
    if done.returncode != 0:
        raise client_error(done.stderr.decode("utf-8", "replace"), done.returncode)
    return done.stdout.decode("utf-8", "replace")


def client_error(said: str, status: int) -> MariadbFailed:
    """Given what the client complained of, and its exit status, return what failed."""
    if found := CLIENT_ERROR.search(said):
        return MariadbFailed(found[0][:500].rstrip("."), int(found[1]))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return MariadbFailed((lines or [f"exit status {status}"])[-1][:500])


def rows_of(answer: str) -> list[list[str]]:
    """Given what the client answered, return the values of each row."""
    return [line.split("\t") for line in answer.splitlines()]


def decode_name(word: str) -> str:
    """Given a name as `hex()` gives it, return it: nothing in it can be taken for the end of a value."""
    return bytes.fromhex(word).decode("utf-8", "replace")
