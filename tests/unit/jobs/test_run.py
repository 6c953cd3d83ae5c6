"""Jobs run now: each with its own result, or why there is none."""

import shlex
from typing import Any

import pytest
from collecting import (
    DAILY,
    NIGHTLY,
    NOWHERE,
    collecting,
    numbers,
    run_once,
)
from programs import Machine

from opspact.jobs.run import run_all, run_now
from opspact.ledger.store import Ledger
from opspact.model.inventory.host import Host
from opspact.model.job import Job
from opspact.model.result import Result, Verdict
from opspact.steps import systemd
from opspact.steps.check import Reach


@pytest.fixture
def runs(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Let `systemctl start` of the job's unit start its program, as systemd would."""
    settings = machine.settings(job=DAILY.key, items=[{"item": "memory"}])
    program = shlex.join(machine.command_line("inspection", settings))
    unit = f"{DAILY.unit_name}.service"
    machine.command("systemctl", f'[ "$*" = "start -- {unit}" ] || exit 5\n{program} 2>/dev/null')
    monkeypatch.setattr(systemd, "_START", f"{machine.folder}/bin/systemctl start --")
    return machine


def run(ledger: Ledger, job: Job = DAILY) -> dict[str, Any]:
    with collecting(ledger) as collector:
        return run_now(collector, job, ["h0"])


def test_a_job_run_now_gives_its_own_result_and_records_what_waited(runs: Machine, ledger: Ledger) -> None:
    for _ in range(2):
        run_once(runs)
    answer = run(ledger)["h0"]
    assert (answer.sequence, answer.items[0].item) == (3, "memory")
    assert numbers(ledger) == [1, 2, 3]
    assert run(ledger)["h0"].sequence == 4


@pytest.mark.usefixtures("runs")
def test_a_job_that_was_never_applied_is_named(ledger: Ledger) -> None:
    assert "opspact-backup-nightly.service is not on this host" in run(ledger, NIGHTLY)["h0"]


@pytest.mark.usefixtures("runs")
def test_jobs_run_all_have_an_answer_each(ledger: Ledger) -> None:
    with collecting(ledger) as collector:
        answers = run_all(collector, [NIGHTLY, DAILY], ["h0"])
    assert list(answers) == [(NIGHTLY.key, "h0"), (DAILY.key, "h0")]
    missing, result = answers.values()
    assert "opspact-backup-nightly.service is not on this host" in str(missing)
    assert isinstance(result, Result)
    assert result.sequence == 1


def test_jobs_run_all_are_at_work_at_the_same_time(runs: Machine, ledger: Ledger) -> None:
    meet = runs.folder / "meet"
    meet.mkdir()
    wait = (
        f"touch {meet}/$3; n=0; while [ $(ls {meet} | wc -l) -lt 2 ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done"
    )
    runs.command("systemctl", f"case $1 in start) {wait}; ls {meet} | wc -l >&2; exit 1;; esac")
    with collecting(ledger) as collector:
        answers = run_all(collector, [NIGHTLY, DAILY], ["h0"])
    assert [str(answer).rpartition(": ")[2] for answer in answers.values()] == ["2", "2"]


def test_a_run_that_leaves_nothing_says_why(runs: Machine, ledger: Ledger) -> None:
    run_once(runs)
    runs.command("systemctl", "echo 'Job failed because of unavailable resources.' >&2; exit 1")
    answer = run(ledger)["h0"]
    assert "Job failed because of unavailable resources" in answer
    assert numbers(ledger) == [1]


def test_a_run_that_dies_gives_the_result_that_says_so(runs: Machine, ledger: Ledger) -> None:
    run_once(runs)
    program = shlex.join(runs.command_line("inspection", runs.settings(job=DAILY.key, items=[{"item": "units"}])))
    kill = "case $1 in start) env PATH={}:$PATH {} 2>/dev/null;; *) kill -9 $PPID; sleep 1;; esac"
    runs.command("systemctl", kill.format(f"{runs.folder}/bin", program))
    answer = run(ledger)["h0"]
    assert (answer.sequence, answer.died, answer.verdict) == (2, True, Verdict.UNKNOWN)


@pytest.mark.usefixtures("runs")
def test_a_host_that_is_not_reached_is_the_answer(ledger: Ledger) -> None:
    with collecting(ledger, Host("h0", NOWHERE)) as collector:
        answer = run_now(collector, DAILY, ["h0"])["h0"]
    assert not isinstance(answer, str | Result)
    assert answer.reach is Reach.DOWN
