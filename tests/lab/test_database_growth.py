"""Ten times the usual writes are signalled on real databases of both releases, and the usual weekly wave is not.

The weeks before are made by the program itself: it is run once for each day, with a clock that is a day further, on a
database in which as many rows are really written. The last interval is one of systemd, by the clock as it is.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from backing_up import On, job_of
from host_inspection import inspect, lay_out_program
from labkit import Lab

from opspact.model import names
from opspact.model.job import INSPECTION

pytestmark = pytest.mark.lab

DAY = 86400
WAVE = (900, 820, 850, 810, 990, 60, 0)
"""Rows written on the days of a usual week, from Monday on."""
WEEKS, LATER = 4, 8
"""Weeks of the baseline, and days after it with a usual volume."""
BOTH = pytest.mark.parametrize("name", ["app1", "db1"])
JOB = job_of(INSPECTION, "growth")
PSQL = ("runuser", "-u", "postgres", "--", "psql", "-Xqd", "oa", "-c")
CRASH = f"""\
{" ".join(PSQL)} 'select pg_sleep(60)' 2>/dev/null &
for _ in $(seq 50); do
  pid=$({" ".join(PSQL[:-1])} -At -c "select pid from pg_stat_activity where query = 'select pg_sleep(60)'")
  [ -n "$pid" ] && break
  sleep 0.1
done
kill -KILL "$pid"
"""
HISTORY = f"""\
import importlib.util, json, random, subprocess, sys, time
spec = importlib.util.spec_from_file_location("inspection", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
settings, days, chance, began = sys.argv[2], int(sys.argv[3]), random.Random(1), time.time()
for day in range(days, 0, -1):
    now = began - day * {DAY}
    usual = {WAVE}[time.gmtime(now - {DAY // 2}).tm_wday]
    rows = round(usual * chance.lognormvariate(0, 0.1))
    insert = "INSERT INTO measured SELECT n FROM generate_series(1, %d) n" % rows
    subprocess.run([*{PSQL}, insert], check=True, cwd="/")
    time.time = lambda: now
    print(program.main([settings]))
"""


@cache
def growth_item() -> dict[str, Any]:
    """Return the item; its baseline ended so many days ago that as many intervals are judged.

    An interval is of the day on which its middle is.
    """
    last = (datetime.now(UTC) - timedelta(days=LATER + 1, seconds=DAY // 2)).date()
    first = last - timedelta(days=7 * WEEKS - 1)
    times = {"interval": float(DAY), "zone": "UTC", "baseline": f"{first}..{last}"}
    return {"item": "database_growth", "database": "oa", "tables": ["measured"], **times}


def insert(host: On, rows: int) -> None:
    done = host.root(f"{' '.join(PSQL)} 'INSERT INTO measured SELECT n FROM generate_series(1, {rows}) n'")
    assert done.rc == 0, done


def rows_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {seen["subject"]: seen for seen in result["items"] if seen["item"] == "database_growth_rows"}


@pytest.fixture(scope="module")
def hosts(two_databases: Lab) -> dict[str, On]:
    found = {name: On(two_databases, name) for name in ("app1", "db1")}
    for host in found.values():
        lay_out_program(host)
        assert host.root(f"{' '.join(PSQL)} 'CREATE TABLE measured (id bigint)'").rc == 0
        host.write(names.settings(JOB.key), json.dumps({"job": JOB.key, "items": [growth_item()]}))
        host.write("/root/history.py", HISTORY)
        words = (names.program("inspection"), names.settings(JOB.key), str(7 * WEEKS + LATER + 2))
        done = host.root(f"python3 /root/history.py {' '.join(words)}")
        assert (done.rc, done.out.count("(0, ")) == (0, 7 * WEEKS + LATER + 2), done
    return found


def kept_results(host: On) -> list[dict[str, Any]]:
    done = host.root(f"for one in {names.spool(JOB.key)}/*.json; do python3 -m json.tool --compact $one; done")
    return [json.loads(line) for line in done.out.splitlines()]


@BOTH
def test_the_usual_weekly_wave_is_no_signal_and_ten_times_the_usual_is_one_at_once(
    hosts: dict[str, On], name: str
) -> None:
    host = hosts[name]
    judged = [rows_of(result)["oa public.measured"] for result in kept_results(host)][-LATER:]
    assert [(seen["verdict"], "residual" in seen) for seen in judged] == [("ok", True)] * LATER, judged
    usual = WAVE[time.gmtime(time.time() - DAY / 2).tm_wday]
    insert(host, max(usual, 60) * 10)
    status, result = inspect(host, "growth", growth_item())
    assert (status, result["verdict"]) == (0, "warning"), result
    for subject, seen in rows_of(result).items():
        assert (seen["verdict"], "individuals" in seen["signals"]) == ("warning", True), (subject, seen)
    assert rows_of(result)["oa public.measured"]["value"] == max(usual, 60) * 10
    sizes = {seen["subject"]: seen for seen in result["items"] if seen["item"] == "database_growth_size"}
    assert sizes["oa public.measured"]["value"] > 10 * 8192


@BOTH
def test_after_a_crash_it_is_unknown_what_was_written(hosts: dict[str, On], name: str) -> None:
    host = hosts[name]
    status, before = inspect(host, "growth", growth_item())
    assert (status, {seen["verdict"] for seen in rows_of(before).values()}) == (0, {"ok"}), before
    crashed = host.root(CRASH)
    assert crashed.rc == 0, crashed
    for _ in range(50):
        if host.root(f"{' '.join(PSQL)} 'select 1'").rc == 0:
            break
        time.sleep(0.2)
    insert(host, 100_000)
    status, result = inspect(host, "growth", growth_item())
    for seen in rows_of(result).values():
        assert (status, seen["verdict"], "crashed" in seen["message"]) == (0, "unknown", True), seen


@BOTH
def test_a_host_that_lost_its_state_says_so(hosts: dict[str, On], name: str) -> None:
    host = hosts[name]
    host.root(f"rm {names.spool(JOB.key)}/growth-*")
    status, result = inspect(host, "growth", growth_item())
    for seen in rows_of(result).values():
        assert (status, seen["verdict"], "unknown: limits lost" in seen["message"]) == (0, "unknown", True), seen
