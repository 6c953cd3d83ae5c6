"""Leases: tokens, what is recorded while they hold, and what is not once they are lost; on both databases."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from runs import CONTRACT, begin, context, leases

from opspact.errors import LeaseLost
from opspact.ledger.job_events import HostReach
from opspact.ledger.run_events import LeaseReleased, LeaseTaken, RunFinished, RunOutcome, RunRenewed
from opspact.ledger.store import Ledger, open_ledger
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.steps.check import Reach


def begun(ledger: Ledger, run: str, *, attempt: int = 1, term: float = 90.0) -> Leases:
    held = leases(ledger, run, attempt=attempt, term=term)
    begin(held)
    return held


def seen(host: str) -> HostReach:
    return HostReach(host, Reach.DOWN)


def reached(ledger: Ledger) -> list[str]:
    return [each.event.host for each in ledger.read(HostReach, contract=CONTRACT)]


def test_a_token_is_higher_than_every_one_before_it_in_the_ledger_and_on_the_host(ledger: Ledger) -> None:
    assert begun(ledger, "r1").take({"app1": 0, "db1": 7}) == {"app1": 1, "db1": 8}
    assert begun(ledger, "r2").take({"app1": 0, "db1": 0, "web1": 0}) == {"app1": 2, "db1": 9, "web1": 1}
    assert begun(ledger, "r3").take({"app1": 12}) == {"app1": 13}


def test_all_hosts_leases_are_taken_at_once(ledger: Ledger) -> None:
    held = begun(ledger, "r1")
    before = ledger.head().sequence
    tokens = held.take({f"h{number}": 0 for number in range(700)})

    assert set(tokens.values()) == {1}
    assert held.tokens == tokens
    assert ledger.head().sequence == before + 700


def test_runs_that_take_the_same_host_at_the_same_time_never_get_the_same_token(target: str) -> None:
    with ExitStack() as stack:
        runs = [begun(stack.enter_context(open_ledger(target)), f"r{number}") for number in range(4)]
        start = threading.Barrier(len(runs))

        def take(held: Leases) -> Mapping[str, int]:
            start.wait()
            return held.take({"app1": 0, "db1": 0})

        with ThreadPoolExecutor(len(runs)) as pool:
            tokens = list(pool.map(take, runs))

    for host in ("app1", "db1"):
        assert sorted(found[host] for found in tokens) == [1, 2, 3, 4]


def test_who_lost_a_host_records_nothing_about_it_and_goes_on_with_the_others(ledger: Ledger) -> None:
    first = begun(ledger, "r1")
    first.take({"app1": 0, "db1": 0})
    begun(ledger, "r2").take({"app1": 0})
    before = ledger.head()

    with pytest.raises(LeaseLost):
        first.record([seen("app1"), seen("db1")])
    assert ledger.head() == before
    assert (first.lost, first.tokens, first.is_lost) == ({"app1": "r2"}, {"db1": 1}, False)

    first.record([seen("db1")])
    assert reached(ledger) == ["db1"]


def test_who_lost_every_host_records_nothing_at_all(ledger: Ledger) -> None:
    first = begun(ledger, "r1")
    first.take({"app1": 0})
    begun(ledger, "r2").take({"app1": 0})
    before = ledger.head()

    for _ in range(2):
        with pytest.raises(LeaseLost):
            first.record([seen("db1")])
    with pytest.raises(LeaseLost):
        first.record_border([RunFinished("r1", RunOutcome.DONE)])
    with pytest.raises(LeaseLost):
        first.take({"db1": 0})
    assert first.is_lost
    assert ledger.head() == before


def test_the_border_of_a_run_is_recorded_although_one_of_its_hosts_was_lost(ledger: Ledger) -> None:
    first = begun(ledger, "r1")
    first.take({"app1": 0, "db1": 0})
    begun(ledger, "r2").take({"app1": 0})

    first.record_border([RunFinished("r1", RunOutcome.DONE)])
    assert [each.event.run for each in ledger.read(RunFinished, contract=CONTRACT)] == ["r1"]


def test_a_later_attempt_of_the_same_run_fences_out_the_earlier_one(ledger: Ledger) -> None:
    first = begun(ledger, "r1")
    second = begun(ledger, "r1", attempt=2)

    with pytest.raises(LeaseLost):
        first.record([seen("app1")])
    second.record([seen("db1")])
    assert (first.is_lost, reached(ledger)) == (True, ["db1"])


def test_a_host_that_is_given_back_is_not_held_and_no_part_of_the_fence(ledger: Ledger) -> None:
    first = begun(ledger, "r1")
    first.take({"app1": 0, "db1": 0})
    first.release(["app1", "web1"])
    begun(ledger, "r2").take({"app1": 0})

    first.record([seen("db1")])
    assert (first.tokens, first.lost) == ({"db1": 1}, {})
    assert [each.event for each in ledger.read(LeaseReleased, contract=CONTRACT)] == [LeaseReleased("app1", 1, "r1")]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_what_is_held_is_renewed_while_somebody_works(ledger: Ledger) -> None:
    held = begun(ledger, "r1", term=1.5)
    journal = Journal(ledger, CONTRACT)
    with held.renewed():
        held.take({"app1": 0})
        until(lambda: len(list(ledger.read(RunRenewed, contract=CONTRACT))) > 1)
        assert journal.is_at_work("r1", datetime.now(UTC))

    renewed = [each.event for each in ledger.read(RunRenewed, contract=CONTRACT)]
    assert [each.number for each in renewed] == list(range(1, len(renewed) + 1))
    assert not journal.is_at_work("r1", datetime.now(UTC) + timedelta(seconds=2))


def test_who_is_fenced_out_learns_it_without_recording_anything_itself(ledger: Ledger) -> None:
    first = begun(ledger, "r1", term=0.3)
    first.take({"app1": 0})
    with first.renewed():
        begun(ledger, "r2").take({"app1": 0})
        until(lambda: first.is_lost)
        before = ledger.head()
        time.sleep(0.3)

    assert ledger.head() == before
    assert first.lost == {"app1": "r2"}


def test_a_run_that_has_ended_leaves_its_hosts_behind_at_once(ledger: Ledger) -> None:
    held = begun(ledger, "r1")
    held.take({"app1": 0})
    journal = Journal(ledger, CONTRACT)
    assert journal.last_runs(["app1", "db1"]) == {"app1": "r1"}
    assert journal.is_at_work("r1", datetime.now(UTC))

    held.record([RunFinished("r1", RunOutcome.FAILED)])
    assert not journal.is_at_work("r1", datetime.now(UTC))
    begun(ledger, "r1", attempt=2)
    assert journal.is_at_work("r1", datetime.now(UTC))


def test_what_another_run_took_since_a_host_was_observed_is_lost(ledger: Ledger) -> None:
    begun(ledger, "r0").take({"app1": 4})
    first = leases(ledger, "r1")
    assert first.observe(["app1", "db1", "web1"]) == {"app1": "r0"}
    second = begun(ledger, "r2")
    assert second.take({"app1": 5, "db1": 0}) == {"app1": 6, "db1": 1}

    begin(first)
    assert first.lost == {"app1": "r2", "db1": "r2"}
    assert first.take({"app1": 5, "web1": 0}) == {"web1": 1}
    with pytest.raises(LeaseLost):
        leases_of_nobody_else(ledger).record([seen("app1")])


def leases_of_nobody_else(ledger: Ledger) -> Leases:
    """Return what a run holds that only observed a host, which another run has taken since."""
    held = leases(ledger, "r4")
    held.observe(["app1"])
    begun(ledger, "r5").take({"app1": 0})
    return held


def test_what_was_seen_is_recorded_without_a_run_while_nobody_took_the_hosts(ledger: Ledger) -> None:
    held = leases(ledger, "r1")
    held.observe(["app1"])
    begun(ledger, "r2").take({"db1": 0})

    held.record([seen("app1")])
    begun(ledger, "r3").take({"app1": 0})
    with pytest.raises(LeaseLost):
        held.record([seen("app1")])
    assert reached(ledger) == ["app1"]


def test_leases_of_other_contracts_are_others(ledger: Ledger) -> None:
    held = begun(ledger, "r1")
    held.take({"app1": 0})
    other = context().contract + "-two"
    ledger.record(
        LeaseTaken("app1", 5, "r9", datetime.now(UTC)),
        context=type(context())(at=datetime.now(UTC), actor="li-na", contract=other),
    )

    held.record([seen("app1")])
    assert reached(ledger) == ["app1"]
