"""Rows of tables on a PostgreSQL server of our own: what a host does about a step is done here.

The program of the step is run with psql, by an account that may do anything there.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from looked_at import Said

from opspact.steps.base import Obstacle
from opspact.steps.content import Content
from opspact.steps.host_program import TABLE_ROWS
from opspact.steps.table_rows import TableRows
from opspact.structs import replace

Database = Callable[[str], list[tuple[object, ...]]]
"""Carries out one statement in the empty database and returns its rows."""
Row = Mapping[str, str | None]
FEES = """\
CREATE TABLE fee (
  code char(4) PRIMARY KEY, label text NOT NULL, amount numeric(6,2), since date, active boolean, sort integer
)"""
TWO: tuple[Row, ...] = (
    {"code": "A1", "label": "复印费", "amount": "0.50", "since": "2026-01-01", "active": "true", "sort": "1"},
    {"code": "B", "label": " 装订 ", "amount": "12.5", "since": None, "active": "false", "sort": "-2"},
)
HELD = [("A1  ", "复印费", "0.50", "2026-01-01", True, 1), ("B   ", " 装订 ", "12.50", None, False, -2)]


def step(
    rows: Sequence[Row], table: str = "fee", *, key: Sequence[str] = ("code",), removes: bool = False
) -> TableRows:
    columns = tuple(rows[0])
    lines = [json.dumps([row[it] for it in columns], ensure_ascii=False) for row in rows]
    content = Content.of("".join(f"{line}\n" for line in lines))
    found = TableRows(database="postgres", table=table, key=tuple(key), columns=columns, content=content)
    return replace(found, removes=removes, zone="Asia/Shanghai")


class DatabaseHost:
    """This machine as a database server: `runuser` goes to the server of the tests."""

    def __init__(self, folder: Path, socket: str, psql: Path) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
        (self.programs / "psql").symlink_to(psql)
        (self.programs / "runuser").write_text(
            '#!/bin/sh\n[ "$1 $2 $3 $4" = "-u postgres -- psql" ] || exit 9\nshift 4\n'
            f'exec env PGHOST={socket} PGUSER=auditor {psql} "$@"\n'
        )
        (self.programs / "runuser").chmod(0o755)

    def psql(self, database: str, script: str) -> Said:
        """Run a script for psql."""
        words = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
        return self._run(words, script)

    def run(self, command: str) -> Said:
        return self._run(["/bin/sh", "-c", command])

    def change(self, wanted: TableRows) -> Said:
        """Run the step's task as Ansible does."""
        (task,) = wanted.tasks()
        texts = {TABLE_ROWS.source: TABLE_ROWS.text, wanted.source: wanted.content.data.decode()}

        def filled(word: object) -> str:
            return next((held for name, held in texts.items() if f"'{name}'" in str(word)), str(word))

        match task.arguments:
            case {"argv": [*words], "stdin": stdin}:
                return self._run([filled(word) for word in words], filled(stdin))
            case _:
                raise AssertionError(task)

    def _run(self, words: Sequence[str], given: str = "") -> Said:
        done = subprocess.run(
            words, input=given, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        return Said(done.stdout, done.returncode, done.stderr)


def held(database: Database, table: str = "fee") -> list[tuple[object, ...]]:
    return [
        tuple(str(it) if type(it).__name__ in {"Decimal", "date"} else it for it in row)
        for row in database(f"SELECT * FROM {table} ORDER BY 1")
    ]


def changes(host: DatabaseHost, wanted: TableRows) -> bool:
    """Change what differs; return whether it says so."""
    done = host.change(wanted)
    assert (done.rc, done.stderr) == (0, ""), done
    assert done.stdout in {"", "changed\n"}
    return done.stdout == "changed\n"


def refusal(host: DatabaseHost, wanted: TableRows) -> str:
    """Have a change refused; return why."""
    done = host.change(wanted)
    assert (done.rc, done.stdout) == (1, ""), done
    why, end, rest = done.stderr.partition("\n")
    assert (end, rest) == ("\n", "")
    assert why.startswith("nothing was changed: ")
    return why.removeprefix("nothing was changed: ")


def differences(host: DatabaseHost, wanted: TableRows) -> list[str]:
    return list(wanted.check(host, {}))


def obstacle(host: DatabaseHost, wanted: TableRows) -> Obstacle:
    (found,) = wanted.check(host, {})
    assert isinstance(found, Obstacle)
    return found
