"""Hosts taken for a run: what the ledgers of two contracts say when both want the same host, tried on this machine."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import tree

from opspact.compile.build import build
from opspact.fleet import fence
from opspact.fleet.connection import Settings
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.ledger.apply_events import ApplyFinished, ManifestChanges
from opspact.ledger.context import Context
from opspact.ledger.run_events import HostTaken, LeaseTaken, RunStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.model import names
from opspact.model.inventory.host import Host
from opspact.plan.plan import Plan
from opspact.resolve.contract import resolve
from opspact.rollout import record
from opspact.rollout.outcome import ApplyOutcome
from opspact.run import host_lease
from opspact.run.leases import Leases
from opspact.steps.check import HostResult, Reach
from opspact.workspace.workspace import Compiled

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
HERE = Host("app1", {"ansible_connection": "local"})


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sessions, Sessions]]:
    """The sessions of two runs to one host, whose fence is a folder of this test."""
    monkeypatch.setattr(names, "FENCE", str(tmp_path / "fence"))
    monkeypatch.setattr(names, "FENCED_PYTHON", str(tmp_path / "state/python-"))
    monkeypatch.setattr(fence, "PATIENCE", 1)
    with ExitStack() as stack:
        first, second = (stack.enter_context(open_sessions([HERE], settings=Settings())) for _ in range(2))
        yield first, second


def begun(ledger: Ledger, run: str, contract: str) -> Leases:
    leases = Leases(ledger, lambda: Context(at=NOW, actor="li-na", contract=contract), run=run, attempt=1)
    leases.start([RunStarted(run, "apply", ("converge",), NOW + timedelta(minutes=1), hosts=("app1",))])
    return leases


def take(leases: Leases, sessions: Sessions) -> None:
    assert host_lease.take(leases, [sessions], [HERE], python="/usr/bin/python3") == {}


def alive(session: Session) -> bytes:
    return session.run("echo on").stdout


def test_a_run_that_lost_its_host_to_another_contract_records_to_whom(
    sessions: tuple[Sessions, Sessions], tmp_path: Path
) -> None:
    with open_ledger(tmp_path / "one.sqlite3") as ledger, open_ledger(tmp_path / "two.sqlite3") as other:
        loser, winner = begun(ledger, "apply-1", "office"), begun(other, "apply-2", "factory")
        take(loser, sessions[0])
        assert sessions[0].each(alive) == {"app1": b"on\n"}
        assert host_lease.taken(loser, sessions) == {}
        take(winner, sessions[1])
        assert [each.event.token for each in other.read(LeaseTaken, contract="factory")] == [2]
        assert host_lease.taken(loser, sessions) == {}, "nothing on the host has said so yet"
        sessions[0].each(alive)
        taken = host_lease.taken(loser, sessions)
        assert taken == {"app1": "apply-2"}
        assert host_lease.taken(winner, sessions[1:]) == {}

        outcome = record_end(loser, taken)
        (found,) = ledger.read(HostTaken, contract="office", subject="host/app1")
        assert found.event == HostTaken("app1", 1, "apply-1", "apply-2")
        (finished,) = ledger.read(ApplyFinished, contract="office")
        assert "apply-2" in finished.event.hosts["app1"].why
        assert not outcome.is_converged


def record_end(leases: Leases, taken: dict[str, str]) -> ApplyOutcome:
    """Record the end of an apply that saw its host converged before it was taken."""
    contract = resolve(tree("kind: service\nname: web\nhosts: web\nowner: operations\npackages: [nginx]\n"))
    head = Compiled({}, contract, build(contract, day=date(2026, 3, 2)), "", date(2026, 3, 2))
    plan, results = Plan("", "", contract.digest, live=True), {"app1": HostResult("app1", Reach.REACHED, ())}
    outcome = ApplyOutcome(plan, results, started=True).with_taken(taken)
    return record.finished(leases, head, outcome, manifests=ManifestChanges(), found={})


def test_a_host_that_the_ledger_knows_as_lost_is_not_recorded_again(
    sessions: tuple[Sessions, Sessions], tmp_path: Path
) -> None:
    with open_ledger(tmp_path / "one.sqlite3") as ledger:
        loser = begun(ledger, "apply-1", "office")
        take(loser, sessions[0])
        loser.take({"db1": 0})
        take(begun(ledger, "apply-2", "office"), sessions[1])
        sessions[0].each(alive)
        record_end(loser, host_lease.taken(loser, sessions))
        assert list(ledger.read(HostTaken, contract="office")) == []
        assert loser.lost == {"app1": "apply-2"}
