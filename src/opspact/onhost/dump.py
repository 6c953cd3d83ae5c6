"""Stand where borgmatic calls `pg_dump`: dump a database to the standard output, and prove that the dump is whole.

Comes in: `dump.py FOLDER ARGUMENT… DATABASE`, the arguments as borgmatic gives them to pg_dump. Goes out: the dump; in
FOLDER a file `DATABASE.json` of `{"error", "bytes", "sha256", "rows": {"schema.table": number}}`. Run as root with the
host's python3 (3.9 or newer), PostgreSQL's own programs and account.

An exit status of 0 does not say that a dump has its end: it is read to its end here, by pg_restore, as it is made. The
rows are counted in the snapshot that the dump is made of, so that a restore must give exactly these.
Ends with 0 only when the dump is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from opspact.onhost.row_counts import COUNT_ROWS
from opspact.onhost.spool import json_bytes, write_atomically

AS_POSTGRES = ("runuser", "-u", "postgres", "--")
PIECE = 2**20  # bytes that are passed on at once
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


def first_error(errors: IO[bytes]) -> str:
    """Return what a program complained of, as far as one line says it, and pass all of it on to the journal."""
    errors.seek(0)
    text = errors.read().decode("utf-8", "replace")
    sys.stderr.write(text)
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in said if "error:" in line), said[-1] if said else "")[:500]


def transfer(source: IO[bytes], out: IO[bytes], reader: IO[bytes]) -> tuple[int, str]:
    """Write everything to `out` and to the reader, and return how many bytes that was, and their SHA-256.

    A reader that takes no more is left out: why, its exit status says. Raise BrokenPipeError when `out` does not.
    """
    size, digest, is_read = 0, hashlib.sha256(), True
    while piece := source.read(PIECE):
        size += len(piece)
        digest.update(piece)
        out.write(piece)
        try:
            if is_read:
                reader.write(piece)
        except BrokenPipeError:
            is_read = False
    out.flush()
    with contextlib.suppress(BrokenPipeError):
        reader.close()
    return size, digest.hexdigest()


def dump(arguments: list[str], out: IO[bytes]) -> dict[str, Any]:
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
            error = first_error(said) or f"exit status {dumped}" if dumped else ""
            if read and not error:
                error = f"the dump is not whole: {first_error(found) or f'exit status {read}'}"
        rows = rows_in(counting.read()) if counting.snapshot else None
    finally:
        counting.end()
    return {"error": error, "bytes": size, "sha256": digest, "rows": rows}


def main(arguments: list[str]) -> int:
    """Given the arguments, write the dump and its proof, and return the exit status."""
    if len(arguments) < 2:  # noqa: PLR2004 - the folder and the database
        sys.stderr.write("usage: dump.py FOLDER ARGUMENT… DATABASE\n")
        return 2
    folder, *rest = arguments
    try:
        proof = dump(rest, sys.stdout.buffer)
    except OSError as error:
        proof = {"error": f"the dump was cut off: {error}", "bytes": 0, "sha256": "", "rows": None}
    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(Path(folder, f"{rest[-1]}.json"), json_bytes(proof))
    if proof["error"]:
        sys.stderr.write(f"dump.py: {proof['error']}\n")
    return int(bool(proof["error"]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
