"""A host whose rows are purged: with a database of a real PostgreSQL, and a borg that keeps an archive in a file.

Used by the tests of the on-host program of data care.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from programs import Machine

JOB = "data_care/purge-log"
BORG = """\
for word; do case $word in *::*) place=$word ;; esac; done
repository=${place%%::*} archive=${place##*::}
run() { if [ -x "$repository/$1" ]; then "$repository/$1" "$repository/$archive" $PPID; fi; }
case $1 in
  create)
    run before-create || exit
    cat >"$repository/part" || exit 2
    if [ -e "$repository/$archive" ]; then echo "Archive $archive already exists" >&2; exit 2; fi
    mv "$repository/part" "$repository/$archive"
    run after-create ;;
  extract)
    run before-extract || exit
    cat "$repository/$archive"
    run after-extract ;;
esac
"""
"""Keeps an archive whole or not at all. The repository may have programs that are run before and after."""
TABLE = """\
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric, note text, facts json,
  created_at timestamptz NOT NULL);
INSERT INTO log (amount, note, facts, created_at)
SELECT n / 4.0, CASE WHEN n % 5 > 0 THEN E'行 ' || n || E'\\t\\\\.\\n\\\\N' END, json_build_object('n', n),
  now() - n * interval '1 hour' FROM generate_series(1, 3000) n;
ANALYZE log"""
SETTINGS: dict[str, object] = json.loads(
    '{"job": "data_care/purge-log", "database": "postgres", "account": "", "table": "log", "column": "created_at",'
    '"patience": 0.5, "older_than": {"months": 0, "seconds": 864000}, "zone": "Asia/Shanghai", "batch": 500}'
)
OLD = "created_at < now() - interval '10 days'"
"""2761 of the 3000 rows."""

Sql = Callable[[str], list[tuple[Any, ...]]]


class Host:
    """A host with a database and a repository that is a folder."""

    def __init__(self, machine: Machine, socket: str, sql: Sql) -> None:
        self.machine = machine
        self.sql = sql
        self.repository = machine.folder / "repository"
        self.repository.mkdir()
        machine.command("borg", BORG)
        initdb = shutil.which("initdb") or max(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        programs = str(Path(initdb).resolve().parent)
        path = f"{machine.folder}/bin:{programs}:/usr/bin:/bin"
        machine.environment.update(PGHOST=socket, PGUSER="auditor", PATH=path)
        self.settings(table="log")

    def settings(self, **changed: object) -> Path:
        access = {"repository": str(self.repository), "environment": {"BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}}
        return self.machine.settings(**{**SETTINGS, **access, **changed})

    def on(self, moment: str, script: str) -> None:
        """Have a script of sh run at a moment; `$1` is the archive, `$2` the program's process."""
        path = self.repository / moment
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run the program; return its exit status and the result that it left."""
        done = self.machine.run("data_care", self.machine.folder / "settings.json", *arguments)
        assert "Traceback" not in done.stderr
        return done.returncode, self.machine.newest(JOB) if self.machine.files(JOB) else {}

    def archives(self) -> list[Path]:
        return sorted(self.repository.glob("purge-log-*Z"))


def count(host: Host, table: str) -> int:
    return int(host.sql(f"SELECT count(*) FROM {table}")[0][0])


SAME = "SELECT count(*) FROM (SELECT one::text FROM {} one EXCEPT ALL SELECT two::text FROM {} two) difference"


def difference(host: Host, one: str, other: str) -> int:
    """Return how many rows of one table another does not have."""
    return int(host.sql(SAME.format(one, other))[0][0])
