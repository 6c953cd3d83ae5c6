"""Purging a million rows with an archive on another host, and what PostgreSQL alone takes for the same rows.

In: a folder. Out: a lab of a database server and a backup server with the policy applied, and measured runs.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labkit import Lab, reference_hosts

from benchkit.bed import LAB
from benchkit.contract import CONTRACT, apply
from benchkit.timing import BenchError, Run

ROWS = 1_000_000
"""Of some 100 bytes each, all of which are purged."""

CLIENT, SERVER = "db1", "backup1"
POLICIES = f"""\
{CONTRACT}kind: data_care
name: purge
hosts: db1
database: {{postgresql: bench}}
select: {{table: log, column: created_at, older_than: 180 days}}
archive: {{to: backup1, keep: 24 months, passphrase: secret:env:BENCH_PASSPHRASE}}
when: {{schedule: monthly on day 5 at 03:00}}
batch: 50000
"""
_UNIT = "opspact-data_care-purge.service"
_PSQL = "cd /; runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d bench"
_FRESH = f"""
  DROP TABLE IF EXISTS log;
  CREATE TABLE log (id bigint PRIMARY KEY, actor text NOT NULL, action text NOT NULL, created_at timestamptz NOT NULL);
  INSERT INTO log SELECT n, 'clerk' || n % 97, repeat('read a document ', 3) || n, now() - interval '1 year'
    - n * interval '1 second' FROM generate_series(1, {ROWS}) n;
  CREATE INDEX ON log (created_at);
  VACUUM ANALYZE log;
  CHECKPOINT"""
_FLOOR = """
  COPY (SELECT * FROM log WHERE created_at < now() - interval '180 days') TO '/tmp/rows';
  DELETE FROM log WHERE created_at < now() - interval '180 days'"""


@dataclass(frozen=True, slots=True)
class Purging:
    """The lab with the policy on its hosts."""

    lab: Lab

    def ours(self) -> Run:
        """Measure a run of the job, from its start to its end. Raise BenchError unless all rows are gone."""
        self._fresh()
        run = self._timed(f"systemctl start {_UNIT}")
        newest = "cat $(ls /var/lib/opspact/spool/data_care/purge/*.json | tail -n 1)"
        said = self.lab.root(CLIENT, newest).out
        if f'"deleted": {ROWS}' not in said or '"verdict": "ok"' not in said:
            raise BenchError(f"the rows are not purged: {said[-2000:]}")
        return run

    def floor(self) -> Run:
        """Measure COPY to a file and one DELETE, by one psql on the host."""
        self._fresh()
        return self._timed(f"{_PSQL} <<'END'\n{_FLOOR};\nEND")

    def _fresh(self) -> None:
        self._timed(f"rm -f /tmp/rows; {_PSQL} <<'END'\n{_FRESH};\nEND")
        os.sync()

    def _timed(self, command: str) -> Run:
        load, start = os.getloadavg()[0], time.perf_counter()
        done = self.lab.root(CLIENT, command, timeout=600)
        seconds = time.perf_counter() - start
        if done.rc != 0:
            raise BenchError(f"{command[:80]} ended with {done.rc}: {done.err[-2000:]}")
        return Run(seconds, load=load)


@contextmanager
def purging(folder: Path) -> Iterator[Purging]:
    """Given a folder, give a lab with the policy applied; it is gone afterwards."""
    lab = Lab(LAB)
    lab.down()
    try:
        lab.up(reference_hosts(4)[2:])
        lab.root(CLIENT, "cd /; runuser -u postgres -- createdb bench")
        apply(lab, folder / "purging", POLICIES)
        yield Purging(lab)
    finally:
        lab.down()
