"""An archive of rows in a borg repository on another host: made from what psql gives, and read back.

In: the settings of data care, a purge. Out: an archive that holds one file of SQL; digests. A part of programs.

The file is what a plain dump of those rows is: `borg extract --stdout REPOSITORY::ARCHIVE | psql DATABASE` brings them
back. Its first and last lines say what it is and how many rows it has, so that half of one is known as such.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import IO, Any

from opspact.onhost.postgresql import psql_error
from opspact.onhost.purge import CannotPurge, Purge

BLOCK = 2**20
END_OF_ROWS = b"\\.\n"
BORG_WARNING = 1
PATIENCE_WITH_BORG = 20.0  # seconds in which it gives up its lock
PIECES = "fixed,4194304"  # rows of two runs have nothing in common: no time is spent on finding pieces that are alike


class RowArchive:
    """The archive of one run: where it is, what is in it."""

    def __init__(self, configuration: dict[str, Any], purge: Purge, name: str) -> None:
        self.purge = purge
        self.name = name
        self.place = f"{configuration['repository']}::{self.name}"
        self.environment = {**os.environ, **configuration["environment"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def head(self, state: dict[str, Any]) -> bytes:
        """Return what stands before the rows."""
        purge = self.purge
        what = f"rows of {purge.name} in the database {purge.database.name}, purged by data_care/{purge.policy}"
        return (
            f"-- opspact: {what}\n"
            f"-- {self.name}: {purge.column} before {state['cutoff']}\n"
            "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nSET datestyle = 'ISO';\n"
            "SET intervalstyle = 'postgres';\nSET timezone = 'UTC';\n"
            f"COPY {purge.table} ({purge.columns}) FROM stdin;\n"
        ).encode()

    @staticmethod
    def end_text(state: dict[str, Any]) -> bytes:
        """Return what stands after the rows."""
        return END_OF_ROWS + f"-- end: {state['rows']} rows, SHA-256 {state['sha256']}\n".encode()

    def borg(self, *arguments: str, writes: bool) -> subprocess.Popen[bytes]:
        """Start borg: its input is a pipe when it `writes` to the repository, else its output."""
        try:
            return subprocess.Popen(
                ("borg", *arguments),
                cwd="/",
                env=self.environment,
                stdin=subprocess.PIPE if writes else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if writes else subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise CannotPurge(f"borg cannot be started: {error}") from error

    def write(self, state: dict[str, Any]) -> dict[str, Any]:
        """Archive the rows of a run, and return their number, their bytes and their digest.

        Raise CannotPurge, PostgresqlFailed; an archive that is there then counts for nothing.
        """
        options = ("--compression", "lz4", "--chunker-params", PIECES, "--files-cache", "disabled")
        name = f"{self.purge.name}.sql"
        # The rows are asked for first: borg starts while PostgreSQL copies them.
        notices = {"client_connection_check_interval": "1s"}
        rows = self.purge.database.start(*self.purge.copy_statements(state), settings=notices)
        try:
            borg = self.borg(
                "create", "--lock-wait", "600", *options, "--stdin-name", name, self.place, "-", writes=True
            )
        except CannotPurge:
            end(rows)
            raise
        try:
            found = self._pass_on(rows, borg, state)
        finally:
            end(rows)
            end(borg)  # before it takes what it has for all there is
        return found

    def _pass_on(
        self, rows: subprocess.Popen[bytes], borg: subprocess.Popen[bytes], state: dict[str, Any]
    ) -> dict[str, Any]:
        digest, count, size = hashlib.sha256(), 0, 0
        give = writer_to(borg)
        give(self.head(state))
        for block in iter(lambda: pipe(rows.stdout).read(BLOCK), b""):
            digest.update(block)
            count += block.count(b"\n")
            size += len(block)
            give(block)
        status, said = finish_process(rows)
        if status != 0:
            raise psql_error(status, said)
        found = {"rows": count, "bytes": size, "sha256": digest.hexdigest()}
        give(self.end_text(found))
        finish(borg, "create")
        return found

    @contextlib.contextmanager
    def extract(self) -> Iterator[subprocess.Popen[bytes]]:
        """Have borg read the archive; it starts meanwhile. Raise CannotPurge."""
        borg = self.borg("extract", "--lock-wait", "600", "--stdout", self.place, writes=False)
        try:
            yield borg
        finally:
            end(borg)

    def load(self, borg: subprocess.Popen[bytes], state: dict[str, Any], loading_sql: tuple[bytes, bytes]) -> None:
        """Compare what borg reads, and give the rows to psql on the way, between two pieces of SQL.

        The second piece commits: it is not given when anything differs. Raise CannotPurge, PostgresqlFailed.
        """
        loading = self.purge.database.start(reads=True)
        try:
            give = writer_to(loading)
            give(loading_sql[0])
            self.compare(borg, state, give)
            give(loading_sql[1])
            finish_psql(loading)
        finally:
            end(loading)

    def compare(
        self, borg: subprocess.Popen[bytes], state: dict[str, Any], give: Callable[[bytes], None] = lambda _: None
    ) -> None:
        """Compare what borg reads with what was written, and give the rows on. Raise CannotPurge: anything differs."""
        source, digest = pipe(borg.stdout), hashlib.sha256()
        head, tail, left = self.head(state), self.end_text(state), int(state["bytes"])
        begin = source.read(len(head))
        while left and (block := source.read(min(BLOCK, left))):
            digest.update(block)
            left -= len(block)
            give(block)
        rest = source.read(len(tail) + 1)
        finish(borg, "extract", reads=True)
        if (begin, left, digest.hexdigest(), rest) != (head, 0, state["sha256"], tail):
            raise CannotPurge(f"the archive {self.name} does not hold what was archived")


def pipe(found: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that was asked for."""
    if found is None:
        raise CannotPurge("a program has no pipe")
    return found


def writer_to(process: subprocess.Popen[bytes]) -> Callable[[bytes], None]:
    """Return a function that writes to a process; once it has ended, nothing more: its end says why."""
    into = pipe(process.stdin)
    is_open = [True]

    def write(data: bytes) -> None:
        if is_open[0]:
            try:
                into.write(data)
                into.flush()
            except BrokenPipeError:
                is_open[0] = False

    return write


def finish_process(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for a process, and return its exit status and what it complained of."""
    said = pipe(process.stderr).read().decode("utf-8", "replace")
    return process.wait(), said


def finish_psql(loading: subprocess.Popen[bytes]) -> None:
    """Wait for psql, which has all its input. Raise PostgresqlFailed when it failed."""
    with contextlib.suppress(BrokenPipeError):
        pipe(loading.stdin).close()
    status, said = finish_process(loading)
    if status != 0:
        raise psql_error(status, said)


def finish(borg: subprocess.Popen[bytes], action: str, *, reads: bool = False) -> None:
    """Wait for borg. Raise CannotPurge unless it ended well: its warnings are failures here."""
    if not reads:
        with contextlib.suppress(BrokenPipeError):
            pipe(borg.stdin).close()
    status, said = finish_process(borg)
    if status != 0:
        lines = [line.strip() for line in said.split("Traceback ")[0].splitlines() if line.strip()]
        reason = (lines or [f"exit status {status}"])[-1].rstrip(".")
        raise CannotPurge(f"borg {action} failed: {reason[:500]}", again=status != BORG_WARNING)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that is still there; not before that its input: what it has is not all there is."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(PATIENCE_WITH_BORG)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for each in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(BrokenPipeError):
            if each is not None:
                each.close()
