"""Hosts removed from the inventory: ledger and base tell what stays on them, until it is removed or retired."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledgers import context

from opspact.errors import Refused
from opspact.ledger.apply_events import (
    ApplyFinished,
    ApplyStarted,
    HostAddress,
    HostOutcome,
    HostRetired,
    PolicyApplied,
)
from opspact.ledger.events import AnyEvent
from opspact.ledger.policy_history import policy_histories
from opspact.ledger.store import Ledger, open_ledger
from opspact.model.inventory.host import Host, Inventory
from opspact.plan.change import Action
from opspact.plan.orphan import OrphanHost
from opspact.rollout.orphans import orphan_hosts, retire
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.workspace.workspace import Compiled, Workspace

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WAY = HostAddress("192.0.2.7", "ops")
OK = HostOutcome(1, 1)
AT = "2026-11-23T12:00:00.000000Z"


@pytest.fixture(scope="module")
def head() -> Compiled:
    return Workspace(ROOT, NOW).compiled()


class Past:
    """A ledger that is written day by day."""

    def __init__(self, ledger: Ledger, contract: str) -> None:
        self.ledger = ledger
        self.contract = contract
        self.at = NOW

    def record(self, event: AnyEvent) -> None:
        self.ledger.record(event, context=context(self.at, contract=self.contract))
        self.at += timedelta(days=1)

    def started(self, way: HostAddress = WAY, **planned: list[str]) -> None:
        hosts = {"old1": {Action(name): tuple(identities) for name, identities in planned.items()}}
        self.record(ApplyStarted({**hosts, "app1": {Action.ADD: ("x",)}}, {"old1": way}))

    def finished(self, seen: HostOutcome = OK) -> None:
        self.record(ApplyFinished({"old1": seen, "app1": OK}, is_converged=True, carrying=("old1", "app1")))


@pytest.fixture
def past(tmp_path: Path, head: Compiled) -> Iterator[Past]:
    with open_ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield Past(ledger, head.contract.name)


def test_without_a_past_no_host_has_left(head: Compiled, past: Past) -> None:
    assert orphan_hosts(head) == orphan_hosts(head, ledger=past.ledger) == ()


def test_what_was_added_and_changed_stays_there_and_the_way_is_remembered(head: Compiled, past: Past) -> None:
    past.started(add=["package nginx"], change=["file /etc/oa"])
    past.finished()

    assert orphan_hosts(head, ledger=past.ledger) == (
        OrphanHost("old1", ("package nginx", "file /etc/oa"), "ops@192.0.2.7", AT),
    )


def test_an_apply_that_was_killed_may_have_left_all_that_it_was_about_to_put_there(head: Compiled, past: Past) -> None:
    past.started(add=["package nginx"])

    assert [left.stays for left in orphan_hosts(head, ledger=past.ledger)] == [("package nginx",)]


@pytest.mark.parametrize("seen", [OK, HostOutcome(4, 3)])
def test_what_was_taken_away_or_let_go_does_not_stay(head: Compiled, past: Past, seen: HostOutcome) -> None:
    past.started(add=["package nginx", "file /etc/oa", "unit oa"])
    past.finished()
    past.started(remove=["package nginx"], release=["file /etc/oa"])
    past.finished(seen)

    assert [left.stays for left in orphan_hosts(head, ledger=past.ledger)] == [("unit oa",)]


@pytest.mark.parametrize("seen", [HostOutcome(4, 4, why="still there"), HostOutcome(4, 0, Reach.DOWN)])
def test_what_could_not_be_taken_away_stays(head: Compiled, past: Past, seen: HostOutcome) -> None:
    past.started(add=["package nginx"])
    past.started(remove=["package nginx"])
    past.finished(seen)

    assert [left.stays for left in orphan_hosts(head, ledger=past.ledger)] == [("package nginx",)]


def test_a_host_that_was_cleaned_before_it_left_is_not_mentioned(head: Compiled, past: Past) -> None:
    past.started(add=["package nginx"])
    past.finished()
    past.started(remove=["package nginx"])
    past.finished()

    assert orphan_hosts(head, ledger=past.ledger) == ()
    assert orphan_hosts(head, ledger=past.ledger, base=with_old_host(head)) == ()


def with_old_host(head: Compiled) -> Compiled:
    """The contract as it was, with a host like app1 more."""
    return replace(head, work={**head.work, "old1": head.work["app1"]})


def test_of_a_host_that_the_ledger_does_not_know_the_base_tells(head: Compiled, past: Past) -> None:
    (left,) = orphan_hosts(head, ledger=past.ledger, base=with_old_host(head))

    assert (left.name, left.reached_at, left.at) == ("old1", "", "")
    assert set(left.stays) < {step.identity for step in head.work["app1"].make}
    assert "package nginx" in left.stays


def test_a_host_that_is_retired_is_not_mentioned_any_more_until_something_is_done_there_again(
    head: Compiled, past: Past
) -> None:
    past.started(add=["package nginx"])
    past.finished()
    past.record(PolicyApplied("service/web", "ab" * 32, hosts=("app1", "old1")))
    assert retire(past.ledger, head, "old1", reason="scrapped").name == "old1"
    assert list(policy_histories(past.ledger, past.contract)["service/web"].hosts) == ["app1"]

    assert orphan_hosts(head, ledger=past.ledger, base=with_old_host(head)) == ()
    (retired,) = past.ledger.read(HostRetired, contract=past.contract)
    assert retired.event == HostRetired("old1", "scrapped", ("package nginx",))

    past.started(add=["package vim"])
    assert [left.stays for left in orphan_hosts(head, ledger=past.ledger)] == [("package vim",)]


def test_only_a_host_that_left_is_retired_and_for_a_reason(head: Compiled, past: Past) -> None:
    past.started(add=["package nginx"])
    with pytest.raises(Refused, match="app1 is in the inventory"):
        retire(past.ledger, head, "app1", reason="scrapped")
    with pytest.raises(Refused, match="records nothing"):
        retire(past.ledger, head, "old2", reason="scrapped")
    with pytest.raises(Refused, match="reason is required"):
        retire(past.ledger, head, "old1", reason=" ")
    assert list(past.ledger.read(HostRetired, contract=past.contract)) == []


def test_a_host_that_has_its_address_now_is_named(head: Compiled, past: Past) -> None:
    past.started(add=["package nginx"])
    hosts = {**head.contract.inventory.hosts, "app1": Host("app1", {"ansible_host": "192.0.2.7"})}
    renamed = replace(head.contract, inventory=Inventory(hosts, head.contract.inventory.groups))

    assert [left.namesake for left in orphan_hosts(replace(head, contract=renamed), ledger=past.ledger)] == ["app1"]
    assert [left.namesake for left in orphan_hosts(head, ledger=past.ledger)] == [""]


@pytest.mark.parametrize(("user", "namesake"), [("li@root@app1", "app1"), ("li@root@app2", "")])
def test_behind_a_bastion_the_same_address_is_the_same_host_only_by_its_user(
    head: Compiled, past: Past, *, user: str, namesake: str
) -> None:
    past.started(HostAddress("192.0.2.7", user), add=["package nginx"])
    behind = {"ansible_host": "192.0.2.7", "ansible_user": "li@root@app1"}
    hosts = {**head.contract.inventory.hosts, "app1": Host("app1", behind)}
    now = replace(head.contract, inventory=Inventory(hosts, head.contract.inventory.groups))

    assert [left.namesake for left in orphan_hosts(replace(head, contract=now), ledger=past.ledger)] == [namesake]
