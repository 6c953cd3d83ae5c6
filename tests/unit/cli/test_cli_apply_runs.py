"""`opspact apply` as a run: what is recorded, what is resumed, what happens when another run has taken the host."""

import json
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from calling import Call, Contract

from opspact.errors import LeaseLost
from opspact.fleet import connection, signals
from opspact.fleet.ansible import RunEvent
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, HostChecked
from opspact.ledger.context import Context
from opspact.ledger.run_events import LeaseTaken, RunFinished, RunOutcome, RunRenewed, RunStarted, StageStarted
from opspact.ledger.store import Ledger, open_ledger
from opspact.model import names
from opspact.plan.plan import Plan
from opspact.rollout.apply import Apply
from opspact.rollout.apply_run import ApplyArguments, new_run
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage, Treatment
from opspact.workspace.workspace import Workspace, now

Confirm = Callable[[Plan, tuple[PlannedStage, ...]], None]
A_RUN = ["run.started", "stage.started", "lease.taken", "apply.started"]
ITS_END = ["host.checked", "policy.applied", "apply.finished", "stage.finished", "run.finished"]


@pytest.fixture
def ledger(contract: Contract) -> Iterator[Callable[[], Ledger]]:
    made: list[Ledger] = []

    def opened() -> Ledger:
        made.append(open_ledger(contract.folder / ".opspact/ledger.sqlite3"))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def kinds(ledger: Ledger, *, after: int = 0) -> list[str]:
    """Return the kinds of what was recorded, neighbours that are the same as one.

    A run on a busy machine is renewed, which is none of what it does.
    """
    found = [each.event.kind for each in ledger.read_any() if each.sequence > after]
    found = [kind for kind in found if kind != RunRenewed.kind]
    return [kind for place, kind in enumerate(found) if not place or found[place - 1] != kind]


def leases(ledger: Ledger, run: str, *, seconds: float = 90.0) -> Leases:
    def context() -> Context:
        return Context(at=datetime.now(UTC), actor="li-na", contract="tiny")

    return Leases(ledger, context, run=run, attempt=1, term=timedelta(seconds=seconds))


def left_behind(ledger: Ledger, run: str, arguments: dict[str, Any], *, seconds: float = -1.0) -> None:
    """Record what a run on another machine recorded before that machine died."""
    held = leases(ledger, run, seconds=seconds)
    started = RunStarted(run, "apply", ("converge",), held.until(), ("here",), arguments, process="elsewhere")
    held.start([started, StageStarted(run, "converge")])
    held.take({"here": 0})


def digest(contract: Contract) -> str:
    return Workspace(contract.folder, now()).compiled().contract.digest


@pytest.mark.slow
def test_what_writes_is_a_run_and_what_only_looks_is_none(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    assert opspact("apply", "--yes").code == 0
    first = ledger()
    assert kinds(first) == [*A_RUN, *ITS_END]
    (started,), (ended,) = first.read(RunStarted, contract="tiny"), first.read(RunFinished, contract="tiny")
    assert (started.event.hosts, started.event.arguments) == (("here",), {"contract": digest(contract)})
    assert (ended.event.run, ended.event.outcome) == (started.event.run, RunOutcome.DONE)
    of_run = (ApplyStarted, ApplyFinished, HostChecked)
    found = [each.event for each in first.read_any() if isinstance(each.event, of_run)]
    assert [each.run for each in found] == [started.event.run] * 3
    assert (Path(names.FENCE) / "token").read_text() == f"1 {started.event.run}.1\n"

    before = first.head().sequence
    assert opspact("apply", "--yes").code == 0
    assert kinds(first, after=before) == ["host.checked", "apply.finished"]
    contract.kept.unlink()
    assert opspact("apply", "--yes").code == 0
    assert [lease.event.token for lease in first.read(LeaseTaken, contract="tiny")] == [1, 2]


@pytest.mark.slow
def test_a_manifest_alone_is_written_by_a_run_too(opspact: Call, ledger: Callable[[], Ledger]) -> None:
    opspact("apply", "--yes")
    for file in Path(names.MANIFESTS).iterdir():
        file.unlink()
    before = ledger().head().sequence
    assert opspact("apply", "--yes").code == 0
    assert "lease.taken" in kinds(ledger(), after=before)


@pytest.mark.slow
def test_a_token_on_the_host_that_the_ledger_does_not_know_is_exceeded(
    opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    Path(names.FENCE).mkdir()
    (Path(names.FENCE) / "token").write_text("41 somebody.1\n")
    assert opspact("apply", "--yes").code == 0
    assert [lease.event.token for lease in ledger().read(LeaseTaken, contract="tiny")] == [42]


def test_a_host_that_cannot_be_taken_is_left_alone(contract: Contract, opspact: Call) -> None:
    Path(names.FENCE).write_text("in the way")
    said = opspact("apply", "--yes", "--format", "json")
    (host,) = json.loads(said.out)["hosts"]
    assert (said.code, host["converged"]) == (3, False)
    assert names.FENCE in host["why"]
    assert not contract.kept.exists()


def test_a_python_that_is_a_template_is_reported_and_nothing_is_done(contract: Contract, opspact: Call) -> None:
    host = '{ansible_connection: local, ansible_become: false, ansible_python_interpreter: "{{ x }}"}'
    contract.write("inventory/hosts.yaml", f"all: {{hosts: {{here: {host}}}}}\n")
    said = opspact("apply", "--yes", "--format", "json")
    assert said.code == 3
    assert "ansible_python_interpreter" in json.loads(said.out)["hosts"][0]["why"]
    assert not contract.kept.exists()


# Unfinished runs


@pytest.mark.slow
def test_an_apply_that_finds_an_unfinished_run_says_so_and_starts_over(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    left_behind(ledger(), "apply-1", {"contract": digest(contract)})
    said = opspact("apply", "--yes")

    assert said.code == 0
    assert "run apply-1, started by li-na" in said.err
    assert contract.kept.exists()
    again = opspact("apply", "--yes")
    assert (again.code, "apply-1" in again.err) == (0, False)


@pytest.mark.slow
def test_an_unfinished_run_is_taken_over_although_nothing_differs(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    opspact("apply", "--yes")
    left_behind(ledger(), "apply-1", {"contract": digest(contract)})
    before = ledger().head().sequence

    assert opspact("apply", "--yes").code == 0
    assert kinds(ledger(), after=before)[:3] == ["run.started", "stage.started", "lease.taken"]
    assert "apply.started" not in kinds(ledger(), after=before)


@pytest.mark.slow
def test_resume_carries_the_unfinished_run_on(contract: Contract, opspact: Call, ledger: Callable[[], Ledger]) -> None:
    left_behind(ledger(), "apply-1", {"contract": digest(contract), "limit": "here"})
    said = opspact("apply", "--resume", "--yes")

    assert said.code == 0
    assert "resuming run apply-1, attempt 2; stage converge: start over" in said.err
    assert contract.kept.exists()
    started = [each.event for each in ledger().read(RunStarted, contract="tiny")]
    assert [(each.run, each.attempt, each.arguments["limit"]) for each in started] == [
        ("apply-1", 1, "here"),
        ("apply-1", 2, "here"),
    ]
    assert opspact("apply", "--resume", "--yes").code == 4


@pytest.mark.slow
def test_a_run_that_failed_can_be_resumed_too(contract: Contract, opspact: Call, ledger: Callable[[], Ledger]) -> None:
    (contract.kept.parent / contract.kept.name).mkdir()  # a folder where the file belongs
    (contract.kept / "mine").write_text("mine")
    failed = opspact("apply", "--yes")
    assert failed.code == 3
    (contract.kept / "mine").unlink()
    contract.kept.rmdir()

    assert opspact("apply", "--resume", "--yes").code == 0
    outcomes = [(each.event.attempt, each.event.outcome) for each in ledger().read(RunFinished, contract="tiny")]
    assert outcomes == [(1, RunOutcome.FAILED), (2, RunOutcome.DONE)]


@pytest.mark.slow
def test_a_run_is_not_resumed_once_its_hosts_converged_and_is_described_by_its_first_start(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    contract.kept.mkdir()  # a folder where the file belongs
    (contract.kept / "mine").write_text("mine")
    assert opspact("apply", "--yes").code == 3
    assert opspact("apply", "--resume", "--yes").code == 3
    made = ledger()
    first, second = made.read(RunStarted, contract="tiny")
    assert (first.event.run, second.event.attempt) == (second.event.run, 2)
    assert Journal(made, "tiny").first_start(first.event.run).at == first.at
    (contract.kept / "mine").unlink()
    contract.kept.rmdir()
    contract.kept.write_text("first line\nsecond line\n")
    contract.kept.chmod(0o644)

    assert opspact("apply", "--yes").code == 0
    assert opspact("apply", "--resume", "--yes").code == 4


@pytest.mark.parametrize("more", [["--limit", "here"], ["plan.json"]])
def test_resume_takes_its_limit_and_plan_from_the_run(contract: Contract, opspact: Call, more: list[str]) -> None:
    assert opspact("apply", "--resume", "--yes", *more).code == 2
    assert not contract.kept.exists()


@pytest.mark.parametrize("yes", [["--yes"], []])
def test_nothing_unfinished_cannot_be_resumed(contract: Contract, opspact: Call, yes: list[str]) -> None:
    said = opspact("apply", "--resume", *yes)
    assert (said.code, contract.kept.exists()) == (4, False)


def test_to_resume_without_a_terminal_needs_a_yes(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    left_behind(ledger(), "apply-1", {"contract": digest(contract)})
    before = ledger().head()
    assert opspact("apply", "--resume").code == 2
    assert (ledger().head(), contract.kept.exists()) == (before, False)


def test_a_run_that_may_be_at_work_elsewhere_is_not_resumed(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    left_behind(ledger(), "apply-1", {"contract": digest(contract)}, seconds=90)
    said = opspact("apply", "--resume", "--yes", "--format", "json")
    assert (said.code, json.loads(said.out)["kind"]) == (2, "busy")
    assert not contract.kept.exists()


def test_a_run_for_other_policies_is_not_resumed(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    left_behind(ledger(), "apply-1", {"contract": "0" * 64})
    said = opspact("apply", "--resume", "--yes", "--format", "json")
    assert (said.code, json.loads(said.out)["kind"]) == (2, "stale")
    assert not contract.kept.exists()


@pytest.mark.slow
@pytest.mark.parametrize(("begun", "code"), [({}, 2), ({"add": ("file {kept}",)}, 0), ({"add": ("file /other",)}, 2)])
def test_of_an_approved_plan_only_what_is_left_of_it_is_carried_out(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger], *, begun: dict[str, tuple[str, ...]], code: int
) -> None:
    arguments = {"contract": digest(contract), "plan": "0" * 64, "hosts": ["here"]}
    left_behind(ledger(), "apply-1", arguments)
    if begun:
        steps: Any = {action: tuple(each.format(kept=contract.kept) for each in them) for action, them in begun.items()}
        started = ApplyStarted({"here": steps}, run="apply-1")
        ledger().record(started, context=Context(at=datetime.now(UTC), actor="li-na", contract="tiny"))
    said = opspact("apply", "--resume", "--yes")
    assert (said.code, contract.kept.exists()) == (code, code == 0)


# Taken by another run, ended by a signal


class Listener:
    """Reports to nobody; a signal may come when a stage begins."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def stage(self, title: str, total: int) -> None:  # noqa: ARG002 - as the protocol has it
        if self.number and title == "verifying":
            signal.raise_signal(self.number)

    def host(self, done: int, total: int, name: str) -> None:
        pass

    def event(self, event: RunEvent) -> None:
        pass

    def message(self, text: str) -> None:
        pass


def agree(_plan: Plan, _stages: tuple[PlannedStage, ...]) -> None:
    pass


def apply(contract: Contract, ledger: Ledger, *, confirm: Confirm = agree, listener: Listener | None = None) -> None:
    """Apply as the command line does, with a confirmation of our own: it is where much time may pass."""
    work = Workspace(contract.folder, now())
    head = work.compiled()

    def reach(hosts: Iterable[str]) -> AbstractContextManager[Sessions]:
        return open_sessions(head.hosts(hosts), settings=connection.Settings())

    run = new_run(ApplyArguments(head.contract.digest), now())
    with reach(["here"]) as sessions:
        made = Apply(work, head, ledger, run, listener or Listener(), lambda *_: None, confirm, reach)
        made.carry_out(sessions)


@pytest.mark.slow
def test_the_stages_that_are_confirmed_are_those_that_are_carried_out(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    opspact("verify")
    made = ledger()
    shown: list[tuple[str, tuple[str, ...], Treatment]] = []

    def confirm(_plan: Plan, stages: tuple[PlannedStage, ...]) -> None:
        shown.extend((each.stage.name, each.stage.hosts, each.treatment) for each in stages)
        assert list(made.read(RunStarted, contract="tiny")) == []

    apply(contract, made, confirm=confirm)
    (started,) = made.read(RunStarted, contract="tiny")
    assert shown == [(name, started.event.hosts, Treatment.START) for name in started.event.stages]


@pytest.mark.slow
def test_a_host_that_another_run_took_meanwhile_is_neither_written_to_nor_recorded(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    opspact("apply", "--yes")
    contract.write("files/note", "another line\n")
    other = ledger()

    def take(_plan: Plan, _stages: tuple[PlannedStage, ...]) -> None:
        held = leases(other, "other")
        held.start([RunStarted("other", "apply", ("converge",), held.until(), ("here",))])
        held.take({"here": 0})

    before, manifests = other.head().sequence, [path.read_text() for path in Path(names.MANIFESTS).iterdir()]
    with pytest.raises(LeaseLost):
        apply(contract, other, confirm=take)
    assert contract.kept.read_text() == "first line\nsecond line\n"
    assert [path.read_text() for path in Path(names.MANIFESTS).iterdir()] == manifests
    assert kinds(other, after=before) == ["run.started", "lease.taken"]


@pytest.mark.slow
def test_what_was_seen_is_not_recorded_once_another_run_took_the_host(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    """Nothing differs; another run takes the host after it was checked."""
    opspact("apply", "--yes")
    other = ledger()

    class Late(Listener):
        def host(self, done: int, total: int, name: str) -> None:  # noqa: ARG002 - as the protocol has it
            held = leases(other, f"other-{total}")
            held.start([RunStarted(held.run, "apply", ("converge",), held.until(), ("here",))])
            held.take({"here": 0})

    before = other.head().sequence
    with pytest.raises(LeaseLost):
        apply(contract, other, listener=Late())
    assert kinds(other, after=before) == ["run.started", "lease.taken"]


@pytest.mark.slow
@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_within_the_stage_is_recorded_as_the_end_of_the_run(
    contract: Contract, opspact: Call, ledger: Callable[[], Ledger], *, number: signal.Signals
) -> None:
    opspact("verify")
    made = ledger()
    with pytest.raises(EndedBySignal), signals.raise_on_signal():
        apply(contract, made, listener=Listener(number))
    assert kinds(made)[-3:] == ["apply.started", "stage.finished", "run.finished"]
    (ended,) = made.read(RunFinished, contract="tiny")
    assert (ended.event.outcome, ended.event.signal) == (RunOutcome.STOPPED, number)
    assert opspact("apply", "--resume", "--yes").code == 0
