"""A dump of a PostgreSQL database, read to its end by pg_restore as it is made, its rows counted in the same snapshot.

Comes in: the arguments of pg_dump. Goes out: the dump, its proof. Part of `dump`.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from typing import IO, Any

from opspact.onhost.dump_stream import failure_in, transfer
from opspact.onhost.row_counts import COUNT_ROWS

AS_POSTGRES = ("runuser", "-u", "postgres", "--")
SNAPSHOT = "begin isolation level repeatable read read only; select pg_export_snapshot();"


class CountSession:
    """A session in one snapshot of a database: the dump is made of the same, and its rows are counted."""

    def __init__(self, database: str) -> None:
        words = ("psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-d", database)
        self.process = subprocess.Popen(
            (*AS_POSTGRES, *words),
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
        self.snapshot = self.ask(SNAPSHOT)

    def send(self, query: str) -> None:
        """Give a query; its answer may come later."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{' '.join(query.split())};\n")
            self.process.stdin.flush()

    def read(self) -> str:
        """Return the next line of the answers; empty: there is none any more."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self, query: str) -> str:
        """Return the one line that answers a query."""
        self.send(query.rstrip(";"))
        return self.read()

    def end(self) -> None:
        """End the session."""
        self.process.kill()
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate()


def rows_in(answer: str) -> dict[str, int] | None:
    """Given what the count answered, return the rows by table; None: it could not count."""
    try:
        rows = json.loads(answer)
    except ValueError:
        return None
    return rows if isinstance(rows, dict) else None


def dump_postgresql(arguments: list[str], out: IO[bytes]) -> dict[str, Any]:
    """Given pg_dump's arguments, the last of them the database, write the dump and return the proof."""
    counting = CountSession(arguments[-1])
    counting.send(COUNT_ROWS)
    # borg finds what is equal in uncompressed dumps, and compresses by itself.
    more = ["--compress=0", *([f"--snapshot={counting.snapshot}"] if counting.snapshot else [])]
    try:
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as found:
            command = (*AS_POSTGRES, "pg_dump", *more, *arguments)
            nothing = subprocess.DEVNULL
            made = subprocess.Popen(command, cwd="/", stdin=nothing, stdout=subprocess.PIPE, stderr=said)
            reader = subprocess.Popen(
                (*AS_POSTGRES, "pg_restore", "--file=/dev/null"), cwd="/", stdin=subprocess.PIPE, stderr=found
            )
            assert made.stdout is not None
            assert reader.stdin is not None
            size, digest = transfer(made.stdout, out, reader.stdin)
            dumped, read = made.wait(), reader.wait()
            error = failure_in(said, dumped) if dumped else ""
            if read and not error:
                error = f"the dump is not whole: {failure_in(found, read)}"
        rows = rows_in(counting.read()) if counting.snapshot else None
    finally:
        counting.end()
    return {"error": error, "bytes": size, "sha256": digest, "rows": rows}
