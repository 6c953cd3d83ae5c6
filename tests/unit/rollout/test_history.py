"""What the ledger says of earlier applies, inspections and backups."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ledgers import context

from opspact.compile.shape import Work
from opspact.errors import NothingFound, Refused
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostOutcome, PlannedSteps, VerifyFinished
from opspact.ledger.events import AnyEvent
from opspact.ledger.store import Ledger, open_ledger
from opspact.plan.change import Action
from opspact.rollout.history import converged_commits, hosts_to_check
from opspact.steps.check import Reach
from opspact.steps.package import Package
from opspact.structs import replace
from opspact.workspace.workspace import Compiled, Workspace

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WORK = Work(make=(Package(name="nginx"),))


@pytest.fixture(scope="module")
def reference() -> Compiled:
    return Workspace(ROOT, NOW).compiled()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def record(ledger: Ledger, head: Compiled, event: AnyEvent, *, commit: str = "") -> None:
    ledger.record(event, context=context(NOW, contract=head.contract.name, commit=commit))


OK, DOWN = HostOutcome(1, 1), HostOutcome(1, 0, Reach.DOWN)


def finished(*carrying: str, **hosts: HostOutcome) -> ApplyFinished:
    return ApplyFinished(hosts, is_converged=True, carrying=carrying)


def started(**hosts: PlannedSteps) -> ApplyStarted:
    return ApplyStarted(hosts)


def only(head: Compiled, *names: str) -> Compiled:
    """The contract, with work for these hosts alone."""
    return replace(head, work={name: WORK if name in names else Work() for name in head.work})


def test_a_host_is_compared_with_the_newest_commit_that_was_kept_on_it(reference: Compiled, ledger: Ledger) -> None:
    def kept(*names: str) -> dict[str, str]:
        return converged_commits(ledger, reference.contract.name, names)

    assert kept("app1", "app2") == {}
    record(ledger, reference, finished(app1=OK, app2=OK), commit="one")
    record(ledger, reference, finished(app1=OK), commit="two+dirty")  # --limit app1
    record(ledger, reference, VerifyFinished(ok=("app1", "app2")), commit="three")
    assert kept("app1", "app2", "db1") == {"app1": "two+dirty", "app2": "one"}

    for wrong in (HostOutcome(1, 1, why="a task failed"), DOWN, HostOutcome(1, 0)):
        record(ledger, reference, finished(app1=wrong), commit="four")
    assert kept("app1") == {"app1": "two+dirty"}
    assert converged_commits(ledger, "another", ["app1"]) == {}


def to_check(head: Compiled, ledger: Ledger | None, limit: str | None, *noted: str) -> tuple[str, ...]:
    """The hosts to check, when of those asked only these have a manifest of ours."""
    return hosts_to_check(head, ledger, limit, with_manifest=lambda asked: set(asked) & set(noted))


def test_hosts_with_steps_are_to_check_in_the_inventory_s_order(reference: Compiled) -> None:
    assert to_check(only(reference, "db1", "app1"), None, None) == ("app1", "db1")
    assert to_check(only(reference, "db1", "app1"), None, "db") == ("db1",)


def test_a_host_whose_policies_all_left_is_to_check_while_it_carries_something(
    reference: Compiled, ledger: Ledger
) -> None:
    head = only(reference, "app1")
    record(ledger, reference, finished("app1", "db1", app1=OK, db1=OK))
    assert to_check(head, ledger, None) == ("app1", "db1")

    record(ledger, reference, finished("app1", app1=OK))  # --limit app1
    assert to_check(head, ledger, None) == ("app1", "db1")

    record(ledger, reference, finished(db1=DOWN))
    assert to_check(head, ledger, None) == ("app1", "db1")

    record(ledger, reference, finished(db1=OK))
    assert to_check(head, ledger, None) == ("app1",)


def test_hosts_without_policies_are_asked_where_no_ledger_knows_them(reference: Compiled, ledger: Ledger) -> None:
    asked: list[str] = []

    def asking(names: Sequence[str]) -> set[str]:
        asked.extend(names)
        return {"db1"}

    head = only(reference, "app1")
    without = tuple(name for name in head.chosen(None) if name != "app1")
    assert hosts_to_check(head, None, None, with_manifest=asking) == ("app1", "db1")
    assert tuple(asked) == without

    asked.clear()
    record(ledger, reference, finished("app1", app1=OK, db1=OK))
    with pytest.raises(NothingFound):
        hosts_to_check(head, ledger, "db1", with_manifest=asking)
    assert asked == []


def test_an_apply_that_was_killed_may_have_left_something_where_it_was_to_act(
    reference: Compiled, ledger: Ledger
) -> None:
    head = only(reference, "app1")
    record(ledger, reference, started(db1={Action.ADD: ("package nginx",)}))
    assert to_check(head, ledger, None) == ("app1", "db1")

    record(ledger, reference, finished(db1=OK))
    assert to_check(head, ledger, None) == ("app1",)

    record(ledger, reference, started(db1={Action.CHANGE: ("package nginx",)}))
    assert to_check(head, ledger, None) == ("app1", "db1")


def test_where_nobody_is_left_there_is_nothing_to_do(reference: Compiled, ledger: Ledger) -> None:
    with pytest.raises(NothingFound):
        to_check(only(reference), ledger, None)
    with pytest.raises(NothingFound):
        to_check(only(reference, "app1"), None, "db")
    with pytest.raises(Refused):
        to_check(reference, None, "nobody")
