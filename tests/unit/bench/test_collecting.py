"""The two ledgers and the spools that collecting is measured with: they fit, and more than nothing is noticed."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from benchkit import bed, collecting, contract, history, measure
from benchkit.collecting import JOBS, nothing_new, only_new, spools, with_spools, without_spools, write_ledger
from benchkit.measure import Taking
from benchkit.timing import BenchError, Run
from programs import Machine

from opspact.fleet.connection import Settings
from opspact.fleet.sessions import open_sessions
from opspact.jobs import collection
from opspact.jobs.collection import Collection, Collector
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.contract_jobs import contract_jobs
from opspact.model.inventory.host import Host
from opspact.onhost.spool import kept_results
from opspact.workspace.workspace import Workspace

pytestmark = pytest.mark.slow

HOSTS = ("h0", "h1")
INVENTORY = "all: {hosts: {h0: {ansible_host: 192.0.2.1}, h1: {ansible_host: 192.0.2.2}}}\n"
TURNS = 450


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose reader answers from a spool of its own, whichever host it stands for."""
    found = Machine(tmp_path)
    monkeypatch.setattr(collection, "_ASK", shlex.join(found.command_line("reader", found.spool)))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The contract that is measured, with its jobs."""
    found = tmp_path / "contract"
    contract.write(found, INVENTORY)
    (found / "policies" / "jobs.yaml").write_text(collecting.POLICIES)
    return found


@pytest.fixture
def full(folder: Path) -> Iterator[Ledger]:
    places = [(job, host) for host in HOSTS for job in JOBS]
    write_ledger(folder, places, TURNS * len(places))
    with open_ledger(folder / ".opspact" / "ledger.sqlite3", create=False) as ledger:
        yield ledger


def shell(script: str) -> None:
    subprocess.run(["sh", "-c", script], check=True)


def collect(folder: Path, ledger: Ledger) -> Collection:
    now = datetime.now(UTC)
    found = Workspace(folder, now).compiled().contract
    hosts = [Host(name, {"ansible_connection": "local", "ansible_become": False}) for name in HOSTS]
    with open_sessions(hosts, settings=Settings()) as sessions:
        collector = Collector(sessions, ledger, lambda: Context(at=now, actor="test", contract=found.name))
        return collector.collect(contract_jobs(found))


def test_the_jobs_are_those_of_the_policies(folder: Path) -> None:
    jobs = contract_jobs(Workspace(folder, datetime.now(UTC)).compiled().contract)
    assert {job.key: job.hosts for job in jobs} == dict.fromkeys(JOBS, HOSTS)


def test_hosts_with_spools_have_nothing_new_for_the_full_ledger(machine: Machine, folder: Path, full: Ledger) -> None:
    shell(spools(TURNS, str(machine.spool)))
    assert len(kept_results(machine.spool / JOBS[0])) == 400
    recorded = full.head().sequence
    found = collect(folder, full)
    assert (found.verdicts.total(), found.lost, found.problems, found.unreached) == (0, [], {}, {})
    assert full.head().sequence == recorded + len(HOSTS), "that each host answers"


def test_one_result_more_on_the_hosts_is_new(machine: Machine, folder: Path, full: Ledger) -> None:
    shell(spools(TURNS + 1, str(machine.spool)))
    assert collect(folder, full).verdicts.total() == len(JOBS) * len(HOSTS)


def test_hosts_without_spools_have_nothing_new_for_an_empty_ledger(machine: Machine, folder: Path) -> None:
    place = str(machine.spool)
    shell(spools(TURNS, place))
    for script in (without_spools, without_spools):
        shell(script(place))
    with open_ledger(folder / ".opspact" / "ledger.sqlite3") as empty:
        found = collect(folder, empty)
        assert (found.verdicts.total(), found.lost, found.problems) == (0, [], {})
        for script in (with_spools, with_spools):
            shell(script(place))
        assert collect(folder, empty).verdicts.total() == 400 * len(JOBS) * len(HOSTS)


def said(**changes: object) -> str:
    nothing = {"new": {"ok": 0}, "results": [], "lost": [], "unreached": [], "problems": [], "not_applied": []}
    return f"collecting from 2 hosts\n{json.dumps(nothing | changes, indent=2)}\n"


def test_a_collect_that_found_what_was_there_is_measured() -> None:
    run, of_new = Run(1.0, output=said()), Run(1.0, output=said(new={"ok": 1, "warning": 1}, results=[{}, {}]))
    assert nothing_new(run) is run
    assert only_new(of_new, 2) is of_new
    with pytest.raises(BenchError):
        only_new(of_new, 3)


@pytest.mark.parametrize(
    "output",
    [
        said(new={"ok": 1}),
        said(lost=[{"host": "h0"}]),
        said(not_applied=["h0"]),
        said(problems=[{"name": "h0"}]),
        said(unreached=[{"name": "h0"}]),
        "",
    ],
)
def test_a_collect_that_found_something_or_missed_a_host_is_not_measured(output: str) -> None:
    with pytest.raises(BenchError):
        nothing_new(Run(1.0, output=output))


class Bed:
    count = 24


class Measured:
    """Who collects, each time in so many seconds of processor."""

    def __init__(self, *seconds: float, count: int = 0) -> None:
        self.count = count
        self._seconds = list(seconds)

    def collect(self) -> Run:
        return Run(9.0, self._seconds.pop() if self._seconds else 0.0)

    def floor(self) -> Run:
        return Run(6.0)


@pytest.mark.parametrize(("full", "reached"), [(1.1, True), (1.101, False)])
def test_a_million_results_may_cost_a_tenth_more(
    monkeypatch: pytest.MonkeyPatch, *, full: float, reached: bool
) -> None:
    three = Measured(*[1.0] * 9), Measured(*[full] * 5, *[8.0] * 4, count=1_000_032), Measured()
    monkeypatch.setattr(collecting, "prepare", lambda _bed, count: three if count == history.MANY else None)
    row, new = measure.collect(cast("bed.Bed", Bed()), Taking(3))  # how many hosts it has is all that is asked
    assert (row.ours.value, row.ours.runs, row.is_reached) == (full, 9, reached)
    assert row.work == "collect, 24 hosts with nothing new, 1,000,032 results in the ledger"
    assert (new.work, new.ratio, new.is_reached) == ("collect, 24 hosts with 10 new results each", 1.5, True)
