"""The item `database_growth`, on a real PostgreSQL; time passes by making what the program keeps older."""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from inspecting import look
from programs import Machine
from sqlalchemy import Connection, text

DAY = 86400.0
WAVE = (9000, 8200, 8500, 8100, 9900, 600, 0)
"""Rows written on the days of a usual week, from Monday on."""
ROWS, SIZE = "database_growth_rows", "database_growth_size"
TABLE = "postgres public.log"

Sql = Callable[[str], None]


class Host:
    """A host with a database whose rows the test writes."""

    def __init__(self, machine: Machine, socket: str, sql: Sql) -> None:
        self.machine, self.sql = machine, sql
        etc, data = machine.folder / "etc/99/main", machine.folder / "data"
        etc.mkdir(parents=True)
        data.mkdir()
        (etc / "postgresql.conf").write_text(f"data_directory = '{data}'\n")
        (data / "postmaster.pid").write_text(f"41\n{data}\n1790000000\n5432\n{socket}\n")
        machine.environment["PGUSER"] = "auditor"
        self.item: dict[str, object] = {
            "item": "database_growth",
            "database": "postgres",
            "tables": ["log"],
            "baseline": "2020-01-01..2020-02-01",
            "interval": DAY,
            "zone": "UTC",
            "clusters": str(machine.folder / "etc"),
        }

    @property
    def file(self) -> Path:
        return self.machine.spool / "inspection/daily/growth-99-main-postgres.state"

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def keep(self, **changed: Any) -> None:
        self.file.write_text(json.dumps({**self.state, **changed}))

    def pass_time(self, seconds: float) -> None:
        self.keep(sample={**self.state["sample"], "at": self.state["sample"]["at"] - seconds})

    def write(self, rows: int) -> None:
        if rows:
            self.sql(f"INSERT INTO log SELECT n, repeat('x', 100) FROM generate_series(1, {rows}) n")
        self.sql("SELECT pg_stat_force_next_flush()")
        self.sql("SELECT 1")

    def look(self, *, after: float = 0, writes: int = 0, **item: object) -> dict[tuple[str, str], dict[str, Any]]:
        """Let time pass and rows be written; return what is then seen, by item and subject."""
        if after:
            self.pass_time(after)
        self.write(writes)
        return {(seen["item"], seen["subject"]): seen for seen in look(self.machine, {**self.item, **item})}

    def day(self, writes: int) -> dict[str, Any]:
        """Let a day pass in which rows are written; return what is seen of those in the table."""
        return self.look(after=DAY, writes=writes)[ROWS, TABLE]

    def learn(self) -> None:
        """Have a baseline of six weeks, which is over, in what the program keeps."""
        chance = random.Random(1)
        volumes = [[str(day % 7), DAY, round(WAVE[day % 7] * chance.lognormvariate(0, 0.15))] for day in range(42)]
        self.keep(volumes={"": volumes, "public.log": volumes}, frozen={}, means={})

    @property
    def usual(self) -> int:
        """The usual volume of the day whose middle was half a day ago."""
        return WAVE[datetime.fromtimestamp(time.time() - DAY / 2, UTC).weekday()]


@pytest.fixture
def sql(postgresql: str, postgresql_owner: Connection) -> Sql:
    assert postgresql

    def run(statement: str) -> None:
        postgresql_owner.execute(text(statement.replace(":", r"\:")))

    return run


@pytest.fixture
def host(machine: Machine, postgresql_server: str, sql: Sql) -> Host:
    sql("CREATE TABLE log (id bigint, note text) WITH (autovacuum_enabled = off)")
    return Host(machine, postgresql_server, sql)


@pytest.fixture
def learnt(host: Host) -> Host:
    host.look()
    host.learn()
    return host


def test_sizes_growth_and_free_space_are_measured(host: Host) -> None:
    host.write(1000)
    first = host.look(free_below=0.0)
    assert first[SIZE, "postgres"]["value"] > 2**20
    assert (first[SIZE, TABLE]["grown"], first[SIZE, TABLE]["reusable"]) == (None, None)
    assert "not known before an ANALYZE" in first[SIZE, TABLE]["message"]
    assert (
        first["database_growth_free", "postgres"]["verdict"],
        first["database_growth_free", "postgres"]["unit"],
    ) == ("ok", "%")
    later = host.look(after=DAY, writes=20_000, free_below=100.1)
    assert later[SIZE, TABLE]["grown"] == later[SIZE, TABLE]["value"] - first[SIZE, TABLE]["value"] > 2**20
    assert later[SIZE, "postgres"]["grown"] >= later[SIZE, TABLE]["grown"]
    assert later["database_growth_free", "postgres"]["verdict"] == "warning"


@pytest.mark.parametrize("is_mapped", [True, False])
def test_space_that_is_reusable_inside_is_told_from_space_given_back(host: Host, *, is_mapped: bool) -> None:
    host.sql("DROP EXTENSION IF EXISTS pg_freespacemap")
    if is_mapped:
        host.sql('CREATE SCHEMA "Maps"')
        host.sql('CREATE EXTENSION pg_freespacemap SCHEMA "Maps"')
    host.write(20_000)
    host.sql("VACUUM (ANALYZE) log")
    full = host.look()[SIZE, TABLE]
    assert full["is_estimated"] is not is_mapped
    assert full["reusable"] < full["value"] / 10
    host.sql("DELETE FROM log WHERE id > 2 AND id < 15000")
    host.write(0)  # what a session has written is counted within a second, and by this at once
    host.sql("VACUUM (ANALYZE) log")
    purged = host.look(after=DAY)[SIZE, TABLE]
    assert (purged["given_back"], purged["value"]) == (0, full["value"])
    assert 0.6 < purged["reusable"] / purged["value"] < 0.85
    host.sql("VACUUM FULL log")
    small = host.look(after=DAY)[SIZE, TABLE]
    assert small["given_back"] == full["value"] - small["value"] > 2**20
    assert "MiB given back since" in small["message"]
    assert small["reusable"] < small["value"] / 10


def test_a_baseline_is_learnt_interval_by_interval(host: Host) -> None:
    today = datetime.now(UTC).date()
    host.item["baseline"] = f"{today - timedelta(days=1)}..{today + timedelta(days=27)}"
    first = host.look()
    assert (first[ROWS, TABLE]["verdict"], first[ROWS, TABLE]["value"]) == ("ok", None)
    for number in (2, 3):
        seen = host.day(100)
        assert (seen["verdict"], seen["value"]) == ("ok", 100)
        assert f"has {number} intervals" in seen["message"]
    assert [rows for _, _, rows in host.state["volumes"]["public.log"]] == [None, 100, 100]
    assert host.look(after=600, writes=5)[ROWS, TABLE]["verdict"] == "ok"
    assert len(host.state["volumes"]["public.log"]) == 3, "a part of an interval is none"
    assert host.day(0)["value"] == 5, "what was written in the part is not lost"


def test_nothing_is_learnt_before_the_baseline_begins(host: Host) -> None:
    today = datetime.now(UTC).date()
    host.item["baseline"] = f"{today + timedelta(days=1)}..{today + timedelta(days=29)}"
    host.look()
    assert (host.day(10)["verdict"], host.state["volumes"]) == ("ok", {})


def test_the_usual_volume_is_ok_and_ten_times_as_much_is_signalled_at_once(learnt: Host) -> None:
    usual = learnt.day(learnt.usual)
    assert (usual["verdict"], usual["signals"], usual["value"]) == ("ok", [], learnt.usual)
    frozen = learnt.state["frozen"]
    seen = learnt.look(after=DAY, writes=max(learnt.usual, 600) * 10)
    for subject in ("postgres", TABLE):
        assert (seen[ROWS, subject]["verdict"], "individuals" in seen[ROWS, subject]["signals"]) == ("warning", True)
    assert "times the usual" in seen[ROWS, TABLE]["message"]
    assert seen[ROWS, TABLE]["limits"]["sigma"] == frozen["public.log"]["sigma"]
    assert (learnt.state["frozen"], learnt.state["volumes"]) == (frozen, {}), "what comes later never moves the limits"


def test_too_much_is_signalled_before_the_interval_is_over(learnt: Host) -> None:
    learnt.day(learnt.usual)
    before = learnt.state
    assert learnt.look(after=3600)[ROWS, TABLE]["verdict"] == "ok", "nothing in one hour is not too little"
    assert learnt.look(writes=99_000)[ROWS, TABLE]["verdict"] == "warning"
    assert {**learnt.state, "sample": None} == {**before, "sample": None}


def reset(host: Host) -> None:
    host.sql("SELECT pg_stat_reset()")


def reset_table(host: Host) -> None:
    host.sql("SELECT pg_stat_reset_single_table_counters('log'::regclass)")


def replace_table(host: Host) -> None:
    host.sql("DROP TABLE log")
    host.sql("CREATE TABLE log (id bigint, note text)")


def other_cluster(host: Host) -> None:
    host.keep(sample={**host.state["sample"], "cluster": "1"})


def host_was_off(host: Host) -> None:
    host.pass_time(2 * DAY)


def clock_back(host: Host) -> None:
    host.pass_time(-3 * DAY)


def more_before(host: Host) -> None:
    counters = {name: count + 10**6 for name, count in host.state["sample"]["counters"].items()}
    host.keep(sample={**host.state["sample"], "counters": counters})


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (reset, "its statistics were reset"),
        (reset_table, "its statistics were reset"),
        (replace_table, "was made after the last"),
        (other_cluster, "is another cluster"),
        (host_was_off, "is 72 h old"),
        (clock_back, "was set back"),
        (more_before, "the counter fell"),
    ],
)
def test_an_interval_that_cannot_be_compared_is_unknown_and_the_next_one_known(
    learnt: Host, happens: Callable[[Host], None], words: str
) -> None:
    learnt.day(learnt.usual)
    happens(learnt)
    seen = learnt.day(learnt.usual * 50)
    assert (seen["verdict"], words in seen["message"]) == ("unknown", True), seen
    later = learnt.day(learnt.usual)
    assert (later["verdict"], later["value"]) == ("ok", learnt.usual)


def test_a_host_that_lost_its_limits_is_unknown(learnt: Host) -> None:
    learnt.day(learnt.usual)
    learnt.file.unlink()
    for seen in (learnt.look()[ROWS, TABLE], learnt.day(learnt.usual)):
        assert (seen["verdict"], "unknown: limits lost" in seen["message"].lower()) == ("unknown", True), seen


def test_a_baseline_that_was_too_short_says_so(learnt: Host) -> None:
    learnt.keep(volumes={name: found[:7] for name, found in learnt.state["volumes"].items()})
    for _ in range(2):
        seen = learnt.day(learnt.usual)
        assert (seen["verdict"], "8 are needed" in seen["message"]) == ("unknown", True)


def test_another_baseline_starts_over(learnt: Host) -> None:
    learnt.day(learnt.usual)
    today = datetime.now(UTC).date()
    learnt.item["baseline"] = f"{today - timedelta(days=1)}..{today + timedelta(days=30)}"
    seen = learnt.day(7)
    assert (seen["verdict"], seen["value"]) == ("ok", 7)
    assert learnt.state["frozen"] == {}


def test_an_hourly_inspection_has_slots_of_hours(host: Host) -> None:
    today = datetime.now(UTC).date()
    host.item |= {"interval": 3600.0, "baseline": f"{today - timedelta(days=1)}..{today + timedelta(days=2)}"}
    host.look()
    host.look(after=3600, writes=3)
    middle = datetime.fromtimestamp(time.time() - 1800, UTC)
    slot, seconds, rows = host.state["volumes"]["public.log"][-1]
    assert (slot, round(seconds / 60), rows) == (f"{middle.weekday()}-{middle.hour:02}", 60, 3)


def test_rows_of_partitions_are_those_of_their_table(host: Host) -> None:
    host.sql("DROP TABLE log")
    host.sql("CREATE TABLE log (id bigint, note text) PARTITION BY RANGE (id)")
    host.sql("CREATE TABLE log_a PARTITION OF log FOR VALUES FROM (0) TO (50)")
    host.sql("CREATE TABLE log_b PARTITION OF log DEFAULT")
    host.item["baseline"] = "2020-01-01..2099-01-01"
    host.look()
    assert host.day(100)["value"] == 100
    host.sql("DROP TABLE log_b")
    assert host.day(0)["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ({"zone": "Mars/Olympus"}, "is not on this host"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
    ],
)
def test_what_does_not_answer_is_unknown(host: Host, item: dict[str, Any], words: str) -> None:
    (seen,) = host.look(**item).values()
    assert (seen["verdict"], words in seen["message"]) == ("unknown", True), seen


def test_a_table_that_was_dropped_is_unknown_and_hides_nothing_else(learnt: Host) -> None:
    learnt.item["tables"] = ["log", "gone"]
    assert learnt.look(writes=10)[ROWS, "postgres public.gone"]["verdict"] == "unknown"
    learnt.sql("ALTER TABLE log RENAME TO log_of_2025")
    seen = learnt.look(after=DAY, writes=0)
    unknown = {subject for (item, subject), each in seen.items() if item == ROWS and each["verdict"] == "unknown"}
    assert unknown == {TABLE, "postgres public.gone"}
    assert "no table public.log:" in seen[ROWS, TABLE]["message"]
    assert seen[SIZE, "postgres"]["grown"] is not None
    assert seen["database_growth_free", "postgres"]["verdict"] == "ok"
    learnt.sql("CREATE TABLE log (id bigint, note text)")
    seen = learnt.look(after=DAY, writes=5)
    assert "no earlier measurement" in seen[ROWS, TABLE]["message"]


def test_a_state_that_cannot_be_read_is_unknown(host: Host) -> None:
    host.look()
    host.file.write_text("{")
    (seen,) = look(host.machine, host.item)
    assert (seen["verdict"], "cannot be read" in seen["message"]) == ("unknown", True)
