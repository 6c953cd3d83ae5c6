"""A program that carries a run out, to be killed: told on standard input what to do, it forks a process for each.

Comes in: lines of JSON: the ledger, a folder for effects, the run's name, answers, seconds that each stage takes, and
whether it is to write on and on instead. Goes out: the process's number, then its exit status. It forks because Python
and its libraries take longer to start than what is tested takes to run.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runs import execution
from sqlalchemy import create_engine

from opspact.errors import LeaseLost
from opspact.ledger.job_events import HostReach
from opspact.ledger.store import open_ledger
from opspact.run.execution import StageResult, Work
from opspact.run.leases import Leases
from opspact.run.resume import Answer, Unanswered
from opspact.run.stage import Run, Stage
from opspact.steps.check import Reach

DONE, LOST, ASKED = 0, 3, 5
WRITE = Stage("write", "records things about a host", ("app1",))
STAGES = tuple(
    stage
    for number in range(4)
    for stage in (
        Stage(f"prepare-{number}", "writes a file", ("app1",)),
        Stage(f"charge-{number}", "takes the money", is_repeatable=False),
        Stage(f"tell-{number}", "writes another file", ("app1",)),
    )
)


def append(file: Path, text: str) -> None:
    """Add a line to a file at once and for good: an effect that can be counted."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{text}\n".encode())
    os.fsync(descriptor)
    os.close(descriptor)


def write_on(held: Leases) -> StageResult:
    """Take a host, and record things about it until that is not possible any more."""
    held.take({"app1": 0})
    while True:
        held.record([HostReach("app1", Reach.DOWN, held.run)])
        time.sleep(0.005)


def works(folder: Path, run: str, seconds: float) -> Mapping[str, Work]:
    """Return the work of each stage: half of the time before its effect, half of it after."""

    def of(stage: Stage) -> Work:
        def carry_out(held: Leases) -> StageResult:
            append(folder / "started", f"{run} {stage.name}")
            if stage.hosts:
                held.take(dict.fromkeys(stage.hosts, 0))
            time.sleep(seconds / 2)
            append(folder / stage.name, run)
            time.sleep(seconds / 2)
            return StageResult()

        return carry_out

    return {stage.name: of(stage) for stage in STAGES}


def carry_out(asked: Mapping[str, Any]) -> int:
    """Carry a run out as far as it goes; return the exit status."""
    run, work = Run(asked["run"], "charge", STAGES), works(Path(asked["folder"]), asked["run"], asked["seconds"])
    if asked["writes"]:
        run, work = Run(asked["run"], "write", (WRITE,)), {WRITE.name: write_on}
    answers = {stage: Answer(answer) for stage, answer in asked["answers"].items()}
    with open_ledger(asked["ledger"]) as ledger:
        try:
            execution(ledger, run, answers=answers).carry_out(work)
        except Unanswered:
            return ASKED
        except LeaseLost:
            return LOST
    return DONE


def main() -> None:
    """Fork a process for each line, and say how it ended."""
    create_engine("postgresql+psycopg://").dispose()  # what every process would load by itself
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(carry_out(json.loads(line)))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{signal.Signals(-status).name if status < 0 else status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
