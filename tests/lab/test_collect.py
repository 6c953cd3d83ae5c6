"""Collecting from real hosts: nothing lost and nothing doubled, and what was lost is said to be, whatever happens."""

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from contracts import Contract, later, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: inspection
name: quick
hosts: app1:app2
schedule: monthly on day 1 at 03:00
items: [{memory: {warn: 99%, critical: 99.9%}}]
---
kind: inspection
name: slow
hosts: app1
schedule: monthly on day 1 at 04:00
items: [{http: {url: "http://127.0.0.1:9999/", status: 200, within: 10m}}]
---
kind: inspection
name: large
hosts: app1
schedule: monthly on day 1 at 05:00
items: [{memory: {warn: 99%, critical: 99.9%}}]
---
kind: inspection
name: larger
hosts: app1
schedule: monthly on day 1 at 06:00
items: [{memory: {warn: 99%, critical: 99.9%}}]
"""

NEVER_ANSWERS = "import socket, time; s = socket.create_server(('127.0.0.1', 9999)); time.sleep(3600)"

RUNS = """
import os, sys
sys.path.insert(0, "/usr/local/lib/opspact")
import inspection
os.fsync = lambda descriptor: None
for number in range({count}):
    with inspection.open_spool({{"job": "{job}"}}) as spool:
        spool.keep({{"outcome": "done", "verdict": "ok", "message": "x" * {size}, "items": []}})
"""
"""Many runs in a moment, by the very code that keeps their results."""


@pytest.fixture
def contract(healthy_lab: Lab) -> Iterator[Contract]:
    for host in ("app1", "app2"):
        healthy_lab.root(host, "rm -rf /var/lib/opspact/spool")
    with small(healthy_lab, "collecting", POLICIES) as made:
        made.good("apply", "--yes")
        yield made


def runs(lab: Lab, job: str, count: int, *, host: str = "app1", size: int = 10) -> None:
    script = RUNS.format(job=job, count=count, size=size)
    done = lab.root(host, f"python3 - <<'END'\n{script}\nEND", timeout=120)
    assert (done.rc, done.err) == (0, "")


def collect(contract: Contract) -> Any:
    return contract.good("inspect", "collect", "--format", "json").json


def new(collected: Any) -> int:
    return sum(collected["new"].values())


def recorded(contract: Contract, job: str) -> list[tuple[str, str, int]]:
    """Return host, spool and number of every result of a job in the ledger, in the order of recording."""
    ledger = contract.folder / ".opspact" / "ledger.sqlite3"
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT body FROM opspact_events WHERE kind = 'job.result' ORDER BY sequence")
        results = [json.loads(body)["result"] for (body,) in rows]
    return [(one["host"], one["spool"], one["sequence"]) for one in results if one["job"] == job]


def events(contract: Contract, kind: str) -> list[Any]:
    return [event["body"] for event in contract.events(kind)]


def test_results_wait_until_they_are_collected_once_and_a_run_by_hand_collects_them_too(
    healthy_lab: Lab, contract: Contract
) -> None:
    healthy_lab.root("app1", "systemctl start opspact-inspection-quick.service")
    healthy_lab.root("app2", "systemctl start opspact-inspection-quick.service")
    first = collect(contract)
    assert sorted((one["job"], one["host"], one["sequence"]) for one in first["results"]) == [
        ("inspection/quick", "app1", 1),
        ("inspection/quick", "app2", 1),
    ]
    assert (new(collect(contract)), first["unreached"], first["problems"], first["not_applied"]) == (0, [], [], [])
    healthy_lab.root("app1", "systemctl start opspact-inspection-quick.service")
    ran = contract.good("inspect", "run", "quick", "--limit", "app1", "--format", "json").json["results"]
    assert [(one["sequence"], one["verdict"]) for one in ran] == [(3, "ok")]
    assert [number for host, _, number in recorded(contract, "inspection/quick") if host == "app1"] == [1, 2, 3]
    none = contract.run("ledger", "show", "--kind", "host.reach")
    assert none.code == 4, "the apply has recorded already that both hosts answer"


def test_a_spool_is_bounded_and_says_what_it_lost(healthy_lab: Lab, contract: Contract) -> None:
    runs(healthy_lab, "inspection/quick", 430)
    collected = collect(contract)
    assert new(collected) == 400
    assert [(one["job"], one["host"], one["first"], one["last"]) for one in collected["lost"]] == [
        ("inspection/quick", "app1", 1, 30)
    ]
    again = collect(contract)
    assert (new(again), again["lost"]) == (0, [])
    assert "results 1 to 30 lost" in contract.good("ledger", "show", "--kind", "job.lost").out


def test_two_collects_at_once_record_each_result_once(healthy_lab: Lab, contract: Contract) -> None:
    for host in ("app1", "app2"):
        runs(healthy_lab, "inspection/quick", 200, host=host)
    both = [contract.start("inspect", "collect", "--format", "json") for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(new(json.loads(text)) for text in said) == 400
    found = recorded(contract, "inspection/quick")
    assert sorted((host, number) for host, _, number in found) == [
        (host, number) for host in ("app1", "app2") for number in range(1, 201)
    ]
    contract.good("ledger", "verify")


@pytest.mark.parametrize("lost", ["power", "link"])
def test_a_host_that_is_lost_while_it_answers_loses_and_doubles_no_result(
    healthy_lab: Lab, contract: Contract, lost: str
) -> None:
    for job in ("inspection/large", "inspection/larger"):
        runs(healthy_lab, job, 380, size=40_000)
    healthy_lab.root("app1", "sync")
    process = contract.start("inspect", "collect", "--format", "json")
    until(lambda: recorded(contract, "inspection/large"), within=60)
    lose, find = (healthy_lab.kill, healthy_lab.start) if lost == "power" else (healthy_lab.cut, healthy_lab.heal)
    lose("app1")
    out, _ = process.communicate(timeout=180)
    assert process.returncode == 3
    cut = json.loads(out)
    assert [one["name"] for one in cut["unreached"]] == ["app1"]
    before = len(recorded(contract, "inspection/large")) + len(recorded(contract, "inspection/larger"))
    assert (0 < before < 760, new(cut)) == (True, before)
    find("app1")
    rest = collect(contract)
    assert (new(rest), rest["lost"]) == (760 - before, [])
    for job in ("inspection/large", "inspection/larger"):
        found = recorded(contract, job)
        assert [number for _, _, number in found] == list(range(1, 381))
        assert len({spool for _, spool, _ in found}) == 1
    reach = [(one["host"], one["reach"]) for one in events(contract, "host.reach")]
    assert [(host, word == "reached") for host, word in reach] == [("app1", False), ("app1", True)]


def test_hosts_whose_clocks_are_behind_are_reported_and_their_results_are_in_our_time(
    healthy_lab: Lab, contract: Contract
) -> None:
    """Where opspact runs, 71 days have passed that have not passed on the hosts; more under `ci/at`."""
    days = 71
    then, moved = later(days), days * 86400
    faked = round(time.time() - float(healthy_lab.root("app1", "date +%s").out))
    assert ("clocks differ" in contract.good("verify").err) == (faked > 300)
    ran = contract.good("inspect", "run", "quick", "--format", "json", **then)
    assert ran.err.count("clocks differ") == 1
    for result in ran.json["results"]:
        assert abs(result["clock_ahead"] + moved + faked) < 60
        assert abs(datetime.fromisoformat(result["ended"]).timestamp() - time.time() - moved) < 60
    owed = contract.run("inspect", "show", "quick", "--format", "json", **then).json["obligations"]
    made = {one["subject"]: one["state"] for one in owed if one["obligation"] == "inspection"}
    assert made == {"host/app1": "kept", "host/app2": "kept"}, "they ran after they were due last"
    for command in (("verify",), ("apply", "--yes"), ("inspect", "collect"), ("plan", "--live")):
        assert contract.good(*command, **then).err.count("clocks differ") == 1


@pytest.mark.parametrize("how", ["kill", "time limit", "power"])
def test_a_program_that_died_leaves_a_result_that_says_so(healthy_lab: Lab, contract: Contract, how: str) -> None:
    unit = "opspact-inspection-slow.service"
    healthy_lab.root("app1", f'systemd-run --quiet --unit=never-answers python3 -c "{NEVER_ANSWERS}"')
    if how == "time limit":
        override = f"/run/systemd/system/{unit}.d"
        setting = f"mkdir -p {override}; printf '[Service]\\nTimeoutStartSec=10s\\n' >{override}/limit.conf"
        healthy_lab.root("app1", f"{setting}; systemctl daemon-reload")
    healthy_lab.root("app1", f"systemctl start --no-block {unit}")
    until(lambda: "state-" in healthy_lab.root("app1", "ls /var/lib/opspact/spool/inspection/slow").out)
    assert new(collect(contract)) == 0, "it runs: nothing of it is known yet"
    match how:
        case "kill":
            healthy_lab.root("app1", f"systemctl kill --signal=SIGKILL {unit}")
        case "power":
            healthy_lab.root("app1", "sync")
            healthy_lab.kill("app1")
            healthy_lab.start("app1")
        case _:
            pass
    until(lambda: "activating" not in healthy_lab.root("app1", f"systemctl is-active {unit}").out)
    (result,) = collect(contract)["results"]
    assert (result["job"], result["sequence"], result["died"]) == ("inspection/slow", 1, True)
    assert (result["outcome"], result["verdict"], result["ended"]) == ("failed", "unknown", None)
    assert new(collect(contract)) == 0
    healthy_lab.root(
        "app1", "systemctl stop never-answers; rm -rf /run/systemd/system/*.service.d; systemctl daemon-reload"
    )
    ran = contract.run("inspect", "run", "slow", "--format", "json").json["results"]
    assert [(one["sequence"], one["died"], one["lost"]) for one in ran] == [(2, False, 0)]


def test_a_host_that_was_made_again_begins_a_spool_of_its_own(healthy_lab: Lab, contract: Contract) -> None:
    runs(healthy_lab, "inspection/quick", 5, host="app2")
    assert new(collect(contract)) == 5
    healthy_lab.reset("app2")
    assert collect(contract)["not_applied"] == ["app2"]
    contract.good("apply", "--yes")
    runs(healthy_lab, "inspection/quick", 3, host="app2")
    collected = collect(contract)
    assert (new(collected), collected["lost"]) == (3, [])
    found = recorded(contract, "inspection/quick")
    assert [number for _, _, number in found] == [1, 2, 3, 4, 5, 1, 2, 3]
    assert len({spool for _, spool, _ in found}) == 2
