"""Collecting over sessions of this machine: each result once, honest losses, whatever happens on the way."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collecting import (
    DAILY,
    LOCAL,
    NIGHTLY,
    NOWHERE,
    ORIGIN,
    collect,
    collecting,
    context,
    lost,
    numbers,
    recorded,
    run_once,
)
from programs import Machine

from opspact.jobs import collection
from opspact.jobs.answer import Position
from opspact.jobs.collection import Collector
from opspact.jobs.host_command import PYTHON, program_command
from opspact.ledger.apply_events import CheckSource, HostChecked
from opspact.ledger.job_events import HostReach
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract_jobs import PRUNE_SCHEDULE
from opspact.model.inventory.host import Host
from opspact.model.job import DRILL, Job
from opspact.model.result import Outcome, Verdict
from opspact.onhost.spool import Spool, kept_results
from opspact.steps.check import Reach


def test_what_waits_is_recorded_and_nothing_twice(machine: Machine, ledger: Ledger) -> None:
    run_once(machine)
    run_once(machine, verdict="critical", message="full")
    run_once(machine, NIGHTLY.key, copy={"name": "nightly-1", "started": "2026-01-01T00:00:00Z"})
    found = collect(ledger, DAILY, NIGHTLY)
    assert found.verdicts == {Verdict.OK: 2, Verdict.CRITICAL: 1}
    assert found.newest[DAILY.key, "h0"].message == "full"
    assert (found.lost, found.unreached, found.problems, found.not_applied) == ([], {}, {}, [])
    head = ledger.head()
    again = collect(ledger, DAILY, NIGHTLY)
    assert (again.verdicts.total(), again.newest, ledger.head()) == (0, {}, head)
    run_once(machine)
    assert collect(ledger, DAILY, NIGHTLY).verdicts == {Verdict.OK: 1}
    assert numbers(ledger) == [1, 2, 3]
    (copied,) = recorded(ledger, NIGHTLY.key)
    assert copied.copy
    assert copied.copy.name == "nightly-1"


def test_jobs_are_asked_for_on_their_hosts_alone(machine: Machine, ledger: Ledger) -> None:
    run_once(machine)
    run_once(machine, NIGHTLY.key)
    with collecting(ledger, Host("h0", LOCAL), Host("h1", LOCAL)) as collector:
        found = collector.collect([DAILY, NIGHTLY])
    assert sorted(found.newest) == [(NIGHTLY.key, "h0"), (DAILY.key, "h0"), (DAILY.key, "h1")]


def test_restore_tests_are_given_the_head_of_the_ledger_and_others_are_not(machine: Machine, ledger: Ledger) -> None:
    drill = Job(DRILL, "nightly", ("h0",), PRUNE_SCHEDULE, ORIGIN)
    collect(ledger, drill)
    assert not list(machine.folder.glob("heads/*/*"))  # the ledger was empty
    run_once(machine)
    for _ in range(2):
        collect(ledger, DAILY)
        head = ledger.head()
        collect(ledger, DAILY, drill)
        (file,) = machine.folder.glob("heads/*/*")
        assert file == machine.folder / "heads/drill/nightly.json"
        assert json.loads(file.read_text())["head"] == str(head)
        assert {path.stat().st_mode & 0o777 for path in (file.parent, file.parent.parent)} == {0o755}
        assert file.stat().st_mode & 0o777 == 0o644
        run_once(machine)
    file.unlink()
    file.mkdir()  # no room, no right: collecting goes on
    assert collect(ledger, DAILY, drill).verdicts == {Verdict.OK: 1}


def test_what_the_host_lost_is_recorded_as_lost_once(machine: Machine, ledger: Ledger) -> None:
    for _ in range(6):
        run_once(machine)
    folder = machine.spool / DAILY.key
    for kept in kept_results(folder):
        if kept.number in {1, 2, 4, 6}:
            (folder / kept.file).unlink()
    found = collect(ledger)
    assert [(each.first, each.last) for each in found.lost] == [(1, 2), (4, 4), (6, 6)]
    assert collect(ledger).lost == []
    for _ in range(2):
        run_once(machine)
    (folder / kept_results(folder)[-2].file).unlink()
    assert [(each.first, each.last) for each in collect(ledger).lost] == [(7, 7)]
    assert (numbers(ledger), lost(ledger)) == ([3, 5, 8], [(1, 2), (4, 4), (6, 6), (7, 7)])


def test_two_collects_at_once_record_each_result_once(machine: Machine, ledger: Ledger) -> None:
    for _ in range(60):
        run_once(machine)
    folder = machine.spool / DAILY.key
    (folder / kept_results(folder)[10].file).unlink()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: collect(ledger), range(4)))
    assert sum(each.verdicts.total() for each in found) == 59
    assert sorted(numbers(ledger)) == [number for number in range(1, 61) if number != 11]
    assert lost(ledger) == [(11, 11)]


def test_what_another_collect_fetched_meanwhile_is_not_called_lost(
    machine: Machine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host dropped results after the other collect fetched them; this one had looked into the ledger before."""
    for _ in range(4):
        run_once(machine)
    early: Callable[..., Any] = Collector.positions
    with monkeypatch.context() as patch:
        known = [{(DAILY.key, "h0"): Position()}]
        patch.setattr(Collector, "positions", lambda self, wanted: known.pop() if known else early(self, wanted))
        collect_all = collect(ledger)
    assert collect_all.verdicts.total() == 4
    run_once(machine)
    folder = machine.spool / DAILY.key
    for kept in kept_results(folder)[:4]:
        (folder / kept.file).unlink()
    with monkeypatch.context() as patch:
        known = [{(DAILY.key, "h0"): Position()}]
        patch.setattr(Collector, "positions", lambda self, wanted: known.pop() if known else early(self, wanted))
        late = collect(ledger)
    assert (late.lost, late.verdicts.total(), lost(ledger), numbers(ledger)) == ([], 1, [], [1, 2, 3, 4, 5])


def test_a_link_that_is_cut_midway_loses_and_doubles_nothing(
    machine: Machine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        run_once(machine, message="x" * 1000)
    ask = collection._ASK  # noqa: SLF001 - the reader as this test's machine starts it
    rounds = machine.folder / "rounds"
    shell = "$(ps -o ppid= -p $PPID)"
    with monkeypatch.context() as cut:
        cut.setattr(collection, "ROOM", 3000)
        cut.setattr(collection, "_ASK", f"echo >>{rounds}; [ $(wc -l <{rounds}) -lt 3 ] || kill -9 {shell}; {ask}")
        found = collect(ledger)
    assert found.unreached["h0"].reach is Reach.BROKEN
    half = len(numbers(ledger))
    assert 0 < half < 9
    assert found.verdicts.total() == half
    assert collect(ledger).verdicts.total() == 9 - half
    assert (numbers(ledger), lost(ledger)) == ([1, 2, 3, 4, 5, 6, 7, 8, 9], [])


def test_results_come_in_parts_that_are_recorded_one_by_one(
    machine: Machine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "ROOM", 5000)
    for _ in range(12):
        run_once(machine, message="x" * 2000)
    assert collect(ledger).verdicts.total() == 12
    assert numbers(ledger) == list(range(1, 13))


def test_a_spool_that_is_new_after_a_rebuild_is_collected_from_its_beginning(machine: Machine, ledger: Ledger) -> None:
    for _ in range(3):
        run_once(machine)
    collect(ledger)
    old = machine.spool.with_name("old")
    machine.spool.rename(old)
    for _ in range(2):
        run_once(machine)
    found = collect(ledger)
    assert (found.verdicts.total(), found.lost) == (2, [])
    assert [(result.sequence, result.spool) for result in recorded(ledger)][3:] == [
        (1, found.newest[DAILY.key, "h0"].spool),
        (2, found.newest[DAILY.key, "h0"].spool),
    ]
    assert len({result.spool for result in recorded(ledger)}) == 2


def test_a_program_that_died_is_a_result_that_says_so_once(machine: Machine, ledger: Ledger) -> None:
    run_once(machine)
    Spool(machine.spool / DAILY.key, DAILY.key).start()
    found = collect(ledger)
    result = found.newest[DAILY.key, "h0"]
    assert (result.sequence, result.died, result.outcome, result.verdict) == (2, True, Outcome.FAILED, Verdict.UNKNOWN)
    run_once(machine)
    collect(ledger)
    assert [(each.sequence, each.died) for each in recorded(ledger)] == [(1, False), (2, True), (3, False)]


def test_a_damaged_result_is_recorded_as_what_it_is(machine: Machine, ledger: Ledger) -> None:
    run_once(machine)
    (kept,) = (machine.spool / DAILY.key).glob("*.json")
    kept.write_bytes(b'{"schema": "opspact/result", "items": [NaN]}')
    found = collect(ledger)
    assert found.verdicts == {Verdict.UNKNOWN: 1}
    (result,) = recorded(ledger)
    assert (result.damaged != "", result.ended, collect(ledger).verdicts.total()) == (True, None, 0)


def test_how_hosts_answer_is_recorded_when_it_changes(machine: Machine, ledger: Ledger) -> None:
    run_once(machine)

    def reach(host: str) -> list[Reach]:
        events = ledger.read(HostReach, contract="office", subject=f"host/{host}")
        return [each.event.reach for each in events]

    for variables in (NOWHERE, NOWHERE, LOCAL, LOCAL):
        with collecting(ledger, Host("h0", LOCAL), Host("h1", variables)) as collector:
            found = collector.collect([DAILY])
        assert list(found.unreached) == (["h1"] if variables is NOWHERE else [])
    assert (reach("h0"), reach("h1")) == ([Reach.REACHED], [Reach.DOWN, Reach.REACHED])
    assert (numbers(ledger), numbers(ledger, "h1")) == ([1], [1])


@pytest.mark.parametrize(
    ("variables", "now", "before"), [(LOCAL, Reach.REACHED, Reach.DOWN), (NOWHERE, Reach.DOWN, Reach.REACHED)]
)
def test_how_a_host_answers_is_recorded_where_a_check_said_otherwise_since(
    machine: Machine, ledger: Ledger, *, variables: dict[str, object], now: Reach, before: Reach
) -> None:
    run_once(machine)
    recorded_reach = []
    for checked in (None, before, now):
        if checked:
            ledger.record(HostChecked("h0", CheckSource.VERIFY, "c1", reach=checked), context=context())
        with collecting(ledger, Host("h0", variables)) as collector:
            collector.collect([DAILY])
        recorded_reach.append(
            [each.event.reach for each in ledger.read(HostReach, contract="office", subject="host/h0")]
        )
    assert recorded_reach == [[now], [now, now], [now, now]]


def test_a_host_without_our_programs_has_nothing_and_is_named(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(collection, "_ASK", collection._ASK.replace("/usr/local/lib/opspact", str(tmp_path)))  # noqa: SLF001 - its own words
    found = collect(ledger)
    assert (found.not_applied, found.problems, found.verdicts.total()) == (["h0"], {}, 0)


def test_a_reader_that_fails_is_a_problem_of_its_host(
    machine: Machine, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(machine)
    monkeypatch.setattr(collection, "_ASK", "echo 'python3: not found' >&2; exit 127")
    found = collect(ledger)
    assert "python3: not found" in found.problems["h0"][0]
    assert ledger.head().sequence == 1, "that the host was reached"


def test_results_of_a_host_whose_clock_is_off_are_recorded_in_our_time(machine: Machine, ledger: Ledger) -> None:
    """The host writes them 71 days ago, and says so."""
    behind = timedelta(days=71)
    began = datetime.now(UTC)
    now = began - behind
    run_once(machine, started=f"{now:%Y-%m-%dT%H:%M:%SZ}", ended=f"{now:%Y-%m-%dT%H:%M:%SZ}")
    machine.command("date", f"echo $(($(/bin/date +%s) - {behind.days * 86400})).0")
    collect(ledger)
    (result,) = recorded(ledger)
    assert result.started
    assert abs(result.started - began) < timedelta(minutes=1)
    assert abs(result.clock_ahead + behind.total_seconds()) < 60


def test_a_host_without_python_is_called_that(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    # The reader is there (this file stands for it), and the interpreter is not.
    command = program_command("reader")
    asked = command.replace(names.program("reader"), __file__).replace(PYTHON, "/usr/bin/no-python")
    monkeypatch.setattr(collection, "_ASK", asked)
    ((host, problems),) = collect(ledger).problems.items()
    assert (host, len(problems), "Python is not installed" in problems[0]) == ("h0", 1, True)
