"""A dump of a MariaDB database, read as it is made: its rows, and whether it has its end.

Comes in: a database. Goes out: the dump, its proof. Part of `dump`.

MariaDB gives no other session the snapshot of a dump, and to hold up all writers until one has the same is too much to
ask of a live server. So its rows are those in the dump, counted in its text: `mariadb-dump` writes each on a line of
its own, in which line breaks are escaped. That no table is missing is asked of the server, before and after.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from typing import IO, Any

from opspact.onhost.dump_stream import failure_in, transfer
from opspact.onhost.mariadb_client import DUMP_END, MariadbFailed
from opspact.onhost.mariadb_tables import defaults_of, tables_of

DUMP_OPTIONS = (
    *("--no-defaults", "--protocol=socket", "--single-transaction", "--quick", "--skip-lock-tables"),
    *("--routines", "--events", "--triggers", "--hex-blob", "--default-character-set=utf8mb4"),
    *("--max-allowed-packet=1G", "--skip-dump-date"),  # without a date, what has not changed is equal to borg
)
CREATED_TABLE = re.compile(rb"CREATE TABLE `((?:[^`]|``)+)` \(")
INSERTED = re.compile(rb"INSERT INTO `((?:[^`]|``)+)` (?:\(.*\) )?VALUES")
LINE_HEAD = 4096  # bytes of a line that are looked at


class DumpReader:
    """Reads a dump to its end. `rows` by table; None: its lines are not those that are known."""

    def __init__(self) -> None:
        self.rows: dict[str, int] | None = {}
        self.head = self.last = b""  # of the line that is not ended, and the newest that is not empty
        self.ending = b""  # the last byte of that line
        self.table = self.created = ""  # whose rows follow; whose columns did
        self.is_body = False  # of a routine, a trigger, an event: any text

    @property
    def is_whole(self) -> bool:
        """Whether the last line is the one that is written when all is done."""
        return not (self.table or self.is_body) and bool(DUMP_END.fullmatch(self.last))

    def write(self, piece: bytes) -> None:
        """Read more of the dump."""
        first, *others = piece.split(b"\n")
        self._extend(first)
        for part in others:
            self._end_line()
            self._extend(part)

    def close(self) -> None:
        """Take the end of the dump as the end of its last line."""
        self._end_line()

    def _extend(self, part: bytes) -> None:
        if len(self.head) < LINE_HEAD:
            self.head += part[:LINE_HEAD]
        self.ending = part[-1:] or self.ending

    def _end_line(self) -> None:
        line, self.head = self.head, b""
        if self.table:
            self._row(line)
        elif line.startswith(b"DELIMITER "):
            self.is_body = line != b"DELIMITER ;"
        elif not self.is_body:
            self._statement(line)
        self.last, self.ending = line or self.last, b""

    def _row(self, line: bytes) -> None:
        if not line.startswith(b"("):
            self.table, self.rows = "", None
            return
        if self.rows is not None:
            self.rows[self.table] += 1
        if self.ending == b";":
            self.table = ""

    def _statement(self, line: bytes) -> None:
        if self.rows is None:
            return
        if created := CREATED_TABLE.match(line):
            self.created = table_name(created[1])
            self.rows[self.created] = 0
        elif line.startswith(b") ENGINE=MRG_"):  # it shows the rows of other tables
            self.rows.pop(self.created, None)
        elif inserted := INSERTED.fullmatch(line):
            self.table = table_name(inserted[1])
            self.rows.setdefault(self.table, 0)
        elif line.startswith(b"INSERT INTO "):  # several rows in one line, or a name with a line break
            self.rows = None


def table_name(quoted: bytes) -> str:
    """Given a name as it stands between backticks, return it."""
    return quoted.replace(b"``", b"`").decode("utf-8", "replace")


def dump_mariadb(database: str, out: IO[bytes]) -> dict[str, Any]:
    """Given a database, write its dump and return the proof."""
    proof: dict[str, Any] = {"error": "", "bytes": 0, "sha256": "", "rows": None}
    try:
        proof.update(defaults_of(database))
        before = tables_of(database)
        reader = DumpReader()
        proof.update(write_dump(database, out, reader))
        after = tables_of(database)
    except MariadbFailed as error:
        return {**proof, "error": str(error)}
    there = {*before} & {*after}
    proof["rows"], proof["not_transactional"] = reader.rows, sorted(name for name in there if not after[name])
    if not proof["error"] and not reader.is_whole:
        proof["error"] = "the dump is not whole: its last line is not there"
    if not proof["error"] and reader.rows is not None and (missing := sorted(there - {*reader.rows})):
        proof["error"] = f"the dump is not whole: table {missing[0]} is not in it"
    return proof


def write_dump(database: str, out: IO[bytes], reader: DumpReader) -> dict[str, Any]:
    """Have mariadb-dump write a dump, and return its size, its checksum and what went wrong (empty: nothing)."""
    with tempfile.TemporaryFile() as said:
        command, nothing = ("mariadb-dump", *DUMP_OPTIONS, database), subprocess.DEVNULL
        made = subprocess.Popen(command, cwd="/", stdin=nothing, stdout=subprocess.PIPE, stderr=said)
        assert made.stdout is not None
        size, digest = transfer(made.stdout, out, reader)
        status = made.wait()
        error = failure_in(said, status) if status else ""
    return {"error": error, "bytes": size, "sha256": digest}
