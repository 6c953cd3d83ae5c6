"""`opspact apply` in waves, on this machine: gates, pauses, the way back."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from calling import Call, Contract

from opspact.ledger.apply_events import ApplyFinished, VerifyFinished
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished
from opspact.ledger.store import Ledger, open_ledger

pytestmark = pytest.mark.slow

ROLLOUT = "kind: rollout\nname: default\nwaves: [{hosts: here}]\n"
BLOCKED = """\
kind: service
name: blocked
clauses: [C1]
hosts: here
owner: operators
files:
  - {path: %s, source: files/note}
"""
NOT_THERE = "    gone: {ansible_host: 127.0.0.1, ansible_port: 1}\n"


@pytest.fixture
def ledger(contract: Contract) -> Iterator[Callable[[], Ledger]]:
    made: list[Ledger] = []

    def opened() -> Ledger:
        made.append(open_ledger(contract.folder / ".opspact/ledger.sqlite3"))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def commit(contract: Contract, text: str, **files: str) -> str:
    """Commit the contract with another text of its note; return the commit."""
    contract.write("files/note", text)
    for name, policy in files.items():
        contract.write(f"policies/{name}.yaml", policy)
    contract.git("add", "-A")
    contract.git("commit", "-q", "-m", text)
    return contract.git("rev-parse", "HEAD")


@pytest.fixture
def repository(contract: Contract) -> Contract:
    """The contract in a repository of its own, with a rollout."""
    contract.git("init", "-q")
    contract.write(".gitignore", ".opspact/\n")
    contract.write("policies/rollout.yaml", ROLLOUT)
    return contract


def first_apply(contract: Contract, opspact: Call, fields: str = "") -> str:
    """Apply the contract for the first time, with more fields in its rollout; return the commit."""
    first = commit(contract, "first", rollout=ROLLOUT + fields)
    said = opspact("apply", "--yes")
    assert said.code == 0, said.err
    return first


def stages(ledger: Ledger) -> list[str]:
    found = ledger.read(StageFinished, contract="tiny")
    return [f"{each.event.stage} {each.event.outcome.value}" for each in found]


def break_it(contract: Contract) -> None:
    """Ask for a file where a folder with something in it stands."""
    blocked = contract.kept.parent / "blocked"
    blocked.mkdir()
    (blocked / "mine").write_text("mine")
    commit(contract, "second", blocked=BLOCKED % blocked)


def test_the_first_apply_has_no_waves_and_the_next_one_has(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    first_apply(repository, opspact)
    commit(repository, "second")
    assert "wave-1  rollout/default: here" in opspact("plan", "--live").out
    assert "- **wave-1** rollout/default: here\n" in opspact("plan", "--live", "--format", "markdown").out
    assert opspact("apply", "--yes").code == 0
    assert repository.kept.read_text() == "second"
    assert stages(ledger()) == ["converge done", "wave-1 done"]
    (_, started) = ledger().read(RunStarted, contract="tiny")
    assert (started.event.stages, started.event.hosts) == (("wave-1", "rollback-1"), ("here",))


def test_plan_gives_scripts_the_waves(repository: Contract, opspact: Call) -> None:
    first_apply(repository, opspact, "gate: {settle: 90s}\n")
    commit(repository, "second")
    (wave,) = json.loads(opspact("plan", "--live", "--format", "json").out)["waves"]
    assert wave == {
        "name": "wave-1",
        "rollout": "default",
        "hosts": ["here"],
        "pause": "",
        "verify": True,
        "max_failures": 0,
        "settle_seconds": 90,
        "rollback": True,
    }
    assert "waves" not in json.loads(opspact("plan", "--format", "json").out), "no host was asked"


def test_a_wave_that_fails_its_gate_is_rolled_back(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    before = first_apply(repository, opspact)
    break_it(repository)
    failed = opspact("apply", "--yes")
    assert failed.code == 3
    assert repository.kept.read_text() == "first"
    assert f"back at commit {before[:12]}" in failed.out
    made = ledger()
    assert stages(made) == ["converge done", "wave-1 failed", "rollback-1 done"]
    assert [each.event.outcome for each in made.read(RunFinished, contract="tiny")] == [
        RunOutcome.DONE,
        RunOutcome.FAILED,
    ]
    newest = next(iter(made.read(ApplyFinished, contract="tiny", newest_first=True)))
    assert (newest.commit, newest.event.is_converged) == (before, True)
    repository.git("checkout", "-q", before)
    clean = opspact("verify", "--format", "json")
    assert clean.code == 0, clean.out


def test_without_rollback_what_was_done_stays(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    first_apply(repository, opspact, "rollback: false\n")
    break_it(repository)
    assert opspact("apply", "--yes").code == 3
    assert repository.kept.read_text() == "second"
    assert stages(ledger()) == ["converge done", "wave-1 failed"]


def test_a_rollback_that_fails_says_so(repository: Contract, opspact: Call) -> None:
    first_apply(repository, opspact)
    repository.write("files/note", "not committed")
    assert opspact("apply", "--yes").code == 0
    break_it(repository)
    failed = opspact("apply", "--yes")
    assert failed.code == 3
    assert "not rolled back: what was applied there before was not committed" in failed.out
    assert f"; stays as this run left it: file {repository.kept}\n" in failed.out
    assert repository.kept.read_text() == "second"


def test_a_pause_ends_the_apply_until_a_person_continues_it(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    pausing = "kind: rollout\nname: default\nwaves: [{pause: look at the shop}, {hosts: here}]\n"
    first_apply(repository, opspact)
    commit(repository, "second", rollout=pausing)
    assert opspact("apply", "--yes").code == 0
    commit(repository, "third")
    paused = opspact("apply", "--yes")
    assert (paused.code, repository.kept.read_text()) == (1, "second")
    assert "paused: look at the shop" in paused.out
    assert opspact("apply", "--yes").code == 1  # nobody gets past it by starting again
    assert repository.kept.read_text() == "second"
    continued = opspact("apply", "--resume", "--yes")
    assert (continued.code, repository.kept.read_text()) == (0, "third")
    found = [each.event for each in ledger().read(StageFinished, contract="tiny") if each.event.stage == "pause-1"]
    assert [each.outcome for each in found] == [RunOutcome.STOPPED, RunOutcome.STOPPED, RunOutcome.DONE]
    assert found[-1].detail.startswith("continued by ")


def test_a_wave_that_has_settled_is_verified_again(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger]
) -> None:
    first_apply(repository, opspact, "gate: {settle: 1s}\n")
    commit(repository, "second")
    assert opspact("apply", "--yes").code == 0
    (seen,) = ledger().read(VerifyFinished, contract="tiny")
    assert (seen.event.ok, bool(seen.event.run)) == (("here",), True)


def test_ctrl_c_while_a_wave_settles_ends_the_run_and_resume_goes_on(
    repository: Contract, opspact: Call, ledger: Callable[[], Ledger], *, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_apply(repository, opspact, "gate: {settle: 1h}\n")
    commit(repository, "second")
    interrupt = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: signal.raise_signal(signal.SIGINT))
    with monkeypatch.context() as patched:
        patched.setattr("opspact.rollout.wave_run.time", interrupt)
        stopped = opspact("apply", "--yes")
    assert stopped.code == 128 + signal.SIGINT
    assert stages(ledger())[1:] == ["wave-1 stopped"], "and nothing is rolled back"
    (*_, ended) = ledger().read(RunFinished, contract="tiny")
    assert (ended.event.outcome, ended.event.signal) == (RunOutcome.STOPPED, signal.SIGINT)
    assert repository.kept.read_text() == "second"

    at_once = SimpleNamespace(monotonic=iter(range(0, 10**6, 3600)).__next__, sleep=lambda _: None)
    monkeypatch.setattr("opspact.rollout.wave_run.time", at_once)
    assert opspact("apply", "--resume", "--yes").code == 0
    assert stages(ledger())[2:] == ["wave-1 done"]
    assert opspact("verify").code == 0


def test_an_unreachable_host_has_failed(repository: Contract, opspact: Call, ledger: Callable[[], Ledger]) -> None:
    repository.write(
        "inventory/hosts.yaml",
        "all:\n  hosts:\n    here: {ansible_connection: local, ansible_become: false}\n" + NOT_THERE,
    )
    note = (repository.folder / "policies/note.yaml").read_text().replace("hosts: here", "hosts: all")
    first = "kind: rollout\nname: default\nwaves: [{hosts: gone}, {percent: 100}]\n"
    commit(repository, "first", rollout=first, note=note)
    assert opspact("apply", "--yes").code == 3  # the first apply: in one wave
    commit(repository, "second")
    failed = opspact("apply", "--yes", "--format", "json")
    assert (failed.code, repository.kept.read_text()) == (3, "first")
    assert [(it["name"], it["started"]) for it in json.loads(failed.out)["hosts"]] == [("here", False), ("gone", True)]
    assert stages(ledger())[1:] == ["wave-1 failed"]
