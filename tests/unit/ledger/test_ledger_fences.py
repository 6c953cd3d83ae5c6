"""Fences: what a run may still record, by its attempt and its leases."""

import pytest
from ledgers import began, context, lease, result, sequences

from opspact.errors import AlreadyRecorded, ExitCode, LeaseLost
from opspact.ledger.events import Fence
from opspact.ledger.store import Ledger, open_ledger


@pytest.mark.parametrize(
    "fence",
    [
        pytest.param({"app1": 1}, id="another run took it"),
        pytest.param({"db1": 1, "app1": 1}, id="one of two"),
        pytest.param({"app1": 0}, id="held by nobody before"),
    ],
)
def test_a_run_whose_lease_is_lost_records_nothing(ledger: Ledger, fence: dict[str, int]) -> None:
    ledger.record_all([began(), lease("app1", 1), lease("db1", 1), lease("app1", 2, "r2")], context=context())

    with pytest.raises(LeaseLost) as caught:
        ledger.record_all([result(1), result(2)], context=context(), fence=Fence("r1", 1, fence))

    assert caught.value.exit_code is ExitCode.OPERATION_FAILED
    assert caught.value.hosts.keys() == fence.keys() - {"db1"}
    assert ledger.head().sequence == 4


@pytest.mark.parametrize(
    ("run", "attempt"), [pytest.param("r1", 1, id="a newer attempt"), pytest.param("r2", 1, id="never started")]
)
def test_a_run_that_was_taken_over_records_nothing(ledger: Ledger, run: str, attempt: int) -> None:
    ledger.record_all([began(), lease("app1", 1), began(2)], context=context())

    with pytest.raises(LeaseLost) as caught:
        ledger.record_all([result(1), result(2)], context=context(), fence=Fence(run, attempt, {"app1": 1}))

    assert caught.value.hosts == {}
    assert ledger.head().sequence == 3


def test_a_run_that_holds_its_leases_records(ledger: Ledger) -> None:
    ledger.record_all([began(), lease("app1", 1), lease("db1", 1), lease("app1", 2, "r2")], context=context())
    ledger.record_all([lease("app1", 3), began(2)], context=context(contract="other"))

    ledger.record(result(1), context=context(), fence=Fence("r1", 1, {"app1": 2, "db1": 1, "web1": 0}))

    assert sequences(ledger) == [7]


def test_before_a_run_has_begun_its_hosts_alone_count(ledger: Ledger) -> None:
    ledger.record(lease("app1", 1, "r2"), context=context())

    ledger.record(began(), context=context(), fence=Fence("", 0, {"app1": 1}))
    with pytest.raises(LeaseLost):
        ledger.record(began(), context=context(), fence=Fence("", 0, {"app1": 0}))


def test_a_fence_reads_only_the_leases_that_were_taken_later(ledger: Ledger) -> None:
    ledger.record_all([began(), lease("app1", 1), lease("app1", 2, "r2")], context=context())

    ledger.record(result(1), context=context(), fence=Fence("r1", 1, {"app1": 1}, after=3))
    ledger.record(lease("app1", 3, "r3"), context=context())
    with pytest.raises(LeaseLost):
        ledger.record(result(2), context=context(), fence=Fence("r1", 1, {"app1": 1}, after=3))


def test_the_lease_that_is_lost_says_to_whom(ledger: Ledger) -> None:
    ledger.record_all([began(), lease("app1", 1), lease("app1", 2, "r2")], context=context())

    with pytest.raises(LeaseLost, match="the lease of app1 is lost to run r2") as caught:
        ledger.record(result(1), context=context(), fence=Fence("r1", 1, {"app1": 1}))
    assert caught.value.hosts == {"app1": "r2"}


def test_a_lease_is_taken_by_one(target: str) -> None:
    with open_ledger(target) as one, open_ledger(target) as other:
        one.record(lease("app1", 1, "r1"), context=context())
        with pytest.raises(AlreadyRecorded):
            other.record(lease("app1", 1, "r2"), context=context())


def test_a_fence_of_many_hosts_is_checked_for_each(ledger: Ledger) -> None:
    hosts = [f"h{number}" for number in range(1200)]
    ledger.record_all([began(), *(lease(host, 1) for host in hosts)], context=context())
    fence = Fence("r1", 1, dict.fromkeys(hosts, 1))

    ledger.record(result(1), context=context(), fence=fence)
    ledger.record(lease("h1199", 2, "r2"), context=context())
    with pytest.raises(LeaseLost, match="h1199"):
        ledger.record(result(2), context=context(), fence=fence)
