"""`kill -9` between a stage's start and its end: the run goes on or starts over, never twice what must not be twice.

A real process on a real ledger, and effects that can be counted.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from effort import EFFORT
from run_process import DONE, LOST, STAGES
from runs import CONTRACT, begin, context, is_done, leases

from opspact.errors import LedgerUnavailable
from opspact.ledger.job_events import HostReach
from opspact.ledger.run_events import RunFinished
from opspact.ledger.store import Ledger, open_ledger
from opspact.ledger.verify import verify
from opspact.run.journal import Journal
from opspact.run.state import Unfinished
from opspact.steps.check import Reach

SUPPORT = Path(__file__).parents[2] / "support"
KILLS = 30 * EFFORT
SECONDS = 0.04
"""How long a stage takes."""


@dataclass
class Runner:
    """Starts processes that carry a run out, and kills them."""

    ledger: str
    folder: Path
    program: "subprocess.Popen[str]"

    def start(self, run: str, answers: Mapping[str, str], *, writes: bool = False) -> int:
        """Start a process, and return its number once its first stage has begun, or it has nothing to do."""
        before = len(self.lines("started"))
        reported: dict[str, object] = {
            "ledger": self.ledger,
            "folder": str(self.folder),
            "run": run,
            "answers": answers,
        }
        reported |= {"seconds": SECONDS, "writes": writes}
        assert self.program.stdin
        self.program.stdin.write(json.dumps(reported) + "\n")
        self.program.stdin.flush()
        pid = int(self._line())
        while not writes and len(self.lines("started")) == before and is_alive(pid):
            time.sleep(0.002)
        return pid

    def kill(self, pid: int, *, after: int, wait: float) -> None:
        """Kill a process, if it is there still, so long after it has begun, or has done, that many more things."""
        until = self.things() + after
        while self.things() < until and is_alive(pid):
            time.sleep(0.002)
        time.sleep(wait)
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)

    def end(self) -> str:
        """Wait for the process's end, and return its exit status or the signal that ended it."""
        return self._line()

    def _line(self) -> str:
        assert self.program.stdout
        return self.program.stdout.readline().strip()

    def things(self) -> int:
        """Return how many stages were begun, plus how many effects there are."""
        return sum(len(self.lines(file)) for file in ("started", *(stage.name for stage in STAGES)))

    def lines(self, file: str) -> list[str]:
        """Return what was written: a line for each effect."""
        path = self.folder / file
        return path.read_text().splitlines() if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def runner(target: str, tmp_path: Path) -> Iterator[Runner]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(SUPPORT / "run_process.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=environment, start_new_session=True
    ) as program:
        yield Runner(target, tmp_path, program)
        os.killpg(program.pid, signal.SIGKILL)  # with one that a failed test left standing still


@pytest.mark.slow
def test_a_killed_run_goes_on_and_nothing_is_done_twice_that_must_not_be(ledger: Ledger, runner: Runner) -> None:
    chance, journal = random.Random(20261128), Journal(ledger, CONTRACT)
    kills = asked = number = 0
    while kills < KILLS:
        number += 1
        run, answers, status = f"r{number}", dict[str, str](), ""
        while status != str(DONE):
            pid = runner.start(run, answers)
            if kills < KILLS:
                runner.kill(pid, after=chance.randrange(5), wait=chance.uniform(0, SECONDS / 2))
            answers, status = {}, runner.end()
            state = journal.state(run)
            between = [name for name, stage in state.stages.items() if isinstance(stage, Unfinished)]
            match status:
                case "SIGKILL":
                    assert not journal.is_at_work(run, datetime.now(UTC))
                    kills += len(between)
                case "5":
                    asked += 1
                    answers = {name: "done" if run in runner.lines(name) else "repeat" for name in between}
                case _:
                    assert status == str(DONE)
                    assert is_done(state)
        assert [runner.lines(stage.name).count(run) for stage in STAGES if not stage.is_repeatable] == [1] * 4
        assert all(run in runner.lines(stage.name) for stage in STAGES)
    assert asked > 0, "some kills came while the money was taken"
    assert sum(len(runner.lines(stage.name)) for stage in STAGES) > number * len(STAGES), "others repeated a stage"
    verify(ledger)


@pytest.mark.slow
def test_a_run_that_stood_still_while_another_took_its_host_records_nothing_more(
    ledger: Ledger, runner: Runner, target: str
) -> None:
    for number in range(5 * EFFORT):
        slow, quick = f"slow{number}", f"quick{number}"
        pid = runner.start(slow, {}, writes=True)
        until(lambda: newest_recorder(ledger) == slow)  # noqa: B023 - within this round
        time.sleep(random.random() * 0.05)
        os.kill(pid, signal.SIGSTOP)
        while not is_free(target):  # it stood still in the middle of a transaction
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.01)
            os.kill(pid, signal.SIGSTOP)
        taker = leases(ledger, quick)
        begin(taker)
        taker.take({"app1": 0})
        before = recorders(ledger).count(slow)
        taker.record([HostReach("app1", Reach.DOWN, quick)])
        os.kill(pid, signal.SIGCONT)
        assert runner.end() == str(LOST)
        assert recorders(ledger).count(slow) == before
        assert recorders(ledger)[-1] == quick
        assert list(ledger.read(RunFinished, contract=CONTRACT)) == []
    verify(ledger)


def is_free(target: str) -> bool:
    """Whether something can be recorded now."""
    try:
        with open_ledger(target, wait=0.3) as ledger:
            ledger.record(HostReach("other", Reach.DOWN), context=context())
    except LedgerUnavailable:
        return False
    return True


def recorders(ledger: Ledger) -> list[str]:
    """Return which run recorded each thing about the host, in order."""
    return [each.event.detail for each in ledger.read(HostReach, contract=CONTRACT, subject="host/app1")]


def newest_recorder(ledger: Ledger) -> str:
    newest = ledger.newest_of(HostReach, ["host/app1"], contract=CONTRACT)
    return newest["host/app1"].event.detail if newest else ""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
