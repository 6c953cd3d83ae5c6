"""What a host's reader answers: everything kept after a number, in parts that are bounded, runs that died included."""

import fcntl
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

from opspact.jobs.answer import Answer, Position, read_answer, request
from opspact.model.result import Collected
from opspact.onhost.spool import Spool, kept_results, open_spool, read_state

JOB, OTHER = "inspection/daily", "backup/nightly"
MUCH = 2**22
NOTHING = Position()


@pytest.fixture
def folder(machine: Machine) -> Path:
    return machine.spool / JOB


def run_once(machine: Machine, job: str = JOB, **report: Any) -> None:
    with open_spool({"job": job, "spool": str(machine.spool)}) as spool:
        spool.keep({"outcome": "done", "verdict": "ok", "message": "fine", "items": [], **report})


def ask(machine: Machine, *, room: int = MUCH, **positions: Position) -> Answer:
    """Ask about jobs (named with `__` for the slash)."""
    asked = {name.replace("__", "/"): position for name, position in positions.items()}
    answer = machine.read(request(asked, room=room))
    return read_answer(answer, "db1", jobs=asked, collected=Collected(datetime.now(UTC)))


def numbers(answer: Answer) -> list[int]:
    return [result.sequence for result in answer.results]


def spool_of(folder: Path) -> str:
    state = read_state(folder)
    assert state
    return state.spool


def gaps(answer: Answer) -> list[tuple[int, int]]:
    return [(first, last) for _, first, last in answer.gaps()]


def test_everything_is_answered_to_who_knows_nothing(machine: Machine, folder: Path) -> None:
    for _ in range(3):
        run_once(machine)
    run_once(machine, OTHER, copy=None)
    answer = ask(machine, inspection__daily=NOTHING, backup__nightly=NOTHING)
    assert [(result.job, result.sequence) for result in answer.results] == [(JOB, 1), (JOB, 2), (JOB, 3), (OTHER, 1)]
    assert {result.damaged for result in answer.results} == {""}
    assert (answer.is_complete, answer.more, answer.problems, gaps(answer)) == (True, False, [], [])
    assert answer.advanced({})[JOB] == Position(spool_of(folder), 3)


def test_who_knows_a_number_is_answered_what_comes_after_it(machine: Machine, folder: Path) -> None:
    for _ in range(5):
        run_once(machine)
    answer = ask(machine, inspection__daily=Position(spool_of(folder), 3))
    assert (numbers(answer), gaps(answer)) == ([4, 5], [])
    assert numbers(ask(machine, inspection__daily=Position(spool_of(folder), 5))) == []


def test_a_job_without_a_spool_is_not_answered(machine: Machine) -> None:
    assert ask(machine, inspection__daily=NOTHING) == Answer("db1", is_complete=True)
    machine.spool.mkdir()
    (machine.spool / "inspection").write_text("a file where a folder should be")
    assert ask(machine, inspection__daily=NOTHING).is_complete


def test_what_comes_in_parts_comes_once_and_whole(machine: Machine) -> None:
    for number in range(7):
        run_once(machine, message=f"{number} " + "x" * 3000)
        run_once(machine, OTHER)
    positions = {JOB: NOTHING, OTHER: NOTHING}
    found: list[tuple[str, int]] = []
    parts = 0
    for _ in range(20):
        answer = ask(machine, room=7000, **{job.replace("/", "__"): known for job, known in positions.items()})
        assert sum(len(result.message) for result in answer.results) <= 7000
        found += [(result.job, result.sequence) for result in answer.results]
        parts += 1
        assert gaps(answer) == []
        positions = answer.advanced(positions)
        if not answer.more:
            break
    for job in (JOB, OTHER):
        assert [number for of, number in found if of == job] == [1, 2, 3, 4, 5, 6, 7]
    assert (len(found), parts > 3) == (14, True)


def test_a_result_larger_than_the_room_is_answered_alone(machine: Machine) -> None:
    run_once(machine, message="x" * 5000)
    run_once(machine)
    first = ask(machine, room=10, inspection__daily=NOTHING)
    assert (numbers(first), first.more) == ([1], True)
    second = ask(machine, room=10, inspection__daily=first.advanced({})[JOB])
    assert (numbers(second), second.more) == ([2], False)


def test_numbers_that_are_not_kept_are_gaps(machine: Machine, folder: Path) -> None:
    for _ in range(8):
        run_once(machine)
    for kept in kept_results(folder):
        if kept.number in {1, 2, 5, 8}:
            (folder / kept.file).unlink()
    answer = ask(machine, inspection__daily=NOTHING)
    assert (numbers(answer), gaps(answer)) == ([3, 4, 6, 7], [(1, 2), (5, 5), (8, 8)])
    assert answer.advanced({})[JOB].number == 8
    after = ask(machine, inspection__daily=Position(spool_of(folder), 6))
    assert (numbers(after), gaps(after)) == ([7], [(8, 8)])


def test_a_run_that_goes_on_is_no_gap_and_has_not_died(machine: Machine, folder: Path) -> None:
    run_once(machine)
    with open_spool({"job": JOB, "spool": str(machine.spool)}) as spool:
        answer = ask(machine, inspection__daily=NOTHING)
        assert (numbers(answer), gaps(answer)) == ([1], [])
        (progress,) = answer.progress
        assert (progress.through, progress.running != "") == (1, True)
        spool.keep({"outcome": "done", "verdict": "ok", "message": "", "items": []})
    answer = ask(machine, inspection__daily=Position(spool_of(folder), 1))
    assert (numbers(answer), answer.progress[0].running) == ([2], "")


def test_a_run_whose_program_is_gone_is_answered_with_its_own_number_once(machine: Machine, folder: Path) -> None:
    run_once(machine)
    Spool(folder, JOB).start()
    answer = ask(machine, inspection__daily=Position(spool_of(folder), 1))
    (result,) = answer.results
    assert (result.sequence, result.died, result.damaged, result.ended) == (2, True, "", None)
    assert numbers(ask(machine, inspection__daily=Position(spool_of(folder), 2))) == []
    run_once(machine)
    assert numbers(ask(machine, inspection__daily=Position(spool_of(folder), 2))) == [3]


def test_a_spool_that_was_made_again_is_answered_from_its_beginning(machine: Machine, folder: Path) -> None:
    run_once(machine)
    run_once(machine)
    answer = ask(machine, inspection__daily=Position("f" * 12, 17))
    assert (numbers(answer), gaps(answer)) == ([1, 2], [])
    assert answer.advanced({})[JOB] == Position(spool_of(folder), 2)


def test_a_spool_that_lost_its_state_loses_no_result(machine: Machine, folder: Path) -> None:
    for _ in range(3):
        run_once(machine)
    old = spool_of(folder)
    (state,) = folder.glob("state-*")
    state.unlink()
    run_once(machine)
    answer = ask(machine, inspection__daily=Position(old, 2))
    assert [(result.spool, result.sequence) for result in answer.results] == [(old, 3), (spool_of(folder), 4)]
    assert gaps(answer) == []
    assert numbers(ask(machine, inspection__daily=answer.advanced({})[JOB])) == []


def test_a_host_that_was_rolled_back_gives_no_number_twice(machine: Machine, folder: Path) -> None:
    for _ in range(3):
        run_once(machine)
    old = spool_of(folder)
    known = Position(old, 9)  # collected before the host went back to an earlier state
    assert numbers(ask(machine, inspection__daily=known)) == []
    run_once(machine)
    (result,) = ask(machine, inspection__daily=known).results
    assert (result.sequence, result.spool != old, result.damaged) == (4, True, "")


def test_a_spool_that_cannot_be_read_does_not_hide_the_others(machine: Machine, folder: Path) -> None:
    run_once(machine)
    run_once(machine, OTHER)
    Spool(folder, JOB).start()
    (folder / ".lock").unlink()
    (folder / ".lock").mkdir()
    answer = ask(machine, inspection__daily=NOTHING, backup__nightly=NOTHING)
    assert [(result.job, result.sequence) for result in answer.results] == [(OTHER, 1)]
    assert (answer.is_complete, len(answer.problems), JOB in answer.problems[0]) == (True, 1, True)


def test_links_and_pipes_in_a_spool_are_neither_followed_nor_waited_for(machine: Machine, folder: Path) -> None:
    for _ in range(3):
        run_once(machine)
    secret = machine.folder / "secret"
    secret.write_text("precious")
    first, second, _ = (folder / kept.file for kept in kept_results(folder))
    first.unlink()
    first.symlink_to(secret)
    second.unlink()
    os.mkfifo(second)
    raw = machine.read(request({JOB: NOTHING}, room=MUCH))
    answer = read_answer(raw, "db1", jobs={JOB: NOTHING}, collected=Collected(datetime.now(UTC)))
    assert [result.damaged != "" for result in answer.results] == [True, True, False]
    assert b"precious" not in raw


def test_a_file_that_is_too_large_or_no_result_is_answered_as_damaged(machine: Machine, folder: Path) -> None:
    run_once(machine)
    run_once(machine)
    large, broken = (folder / kept.file for kept in kept_results(folder))
    large.write_bytes(b" " * (3 * 2**20))
    broken.write_text("{")
    answer = ask(machine, inspection__daily=NOTHING)
    assert [(result.sequence, result.damaged != "") for result in answer.results] == [(1, True), (2, True)]


def test_the_reader_holds_no_lock_of_a_spool_in_order(machine: Machine, folder: Path) -> None:
    run_once(machine)
    with (folder / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert numbers(ask(machine, inspection__daily=NOTHING)) == [1]


@pytest.mark.parametrize("asked", [b"", b"[]", b"{}", b"\xff", b'{"room": 5, "jobs": [{}]}'])
def test_a_request_that_cannot_be_read_fails(machine: Machine, asked: bytes) -> None:
    command = machine.command_line("reader", machine.spool)
    done = subprocess.run(command, input=asked, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, b"Traceback" in done.stderr) == (1, b"", False)
