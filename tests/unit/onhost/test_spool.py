"""A job's spool: results numbered, bounded, whole or not at all, and runs that left none."""

import fcntl
import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from programs import Machine

from opspact.model.result import Collected, Outcome, Spooled, Verdict, parse_result
from opspact.onhost import spool as onhost
from opspact.onhost.spool import CannotRun, Spool, kept_results, open_spool, read_state

JOB = "inspection/daily"
REPORT = {"outcome": "done", "verdict": "ok", "message": "fine", "items": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / JOB
    made.mkdir(parents=True)
    return made


def run_once(tmp_path: Path, **report: object) -> int:
    """Run the job once; return its number."""
    with open_spool({"job": JOB, "spool": str(tmp_path)}) as spool:
        return int(spool.keep({**REPORT, **report})["sequence"])


def bodies(folder: Path) -> list[dict[str, object]]:
    return [json.loads((folder / kept.file).read_text()) for kept in kept_results(folder)]


def numbers(folder: Path) -> list[int]:
    return [kept.number for kept in kept_results(folder)]


def test_results_are_numbered_and_say_which_spool_and_job_they_are_of(tmp_path: Path, folder: Path) -> None:
    assert [run_once(tmp_path) for _ in range(3)] == [1, 2, 3]
    first, *_ = bodies(folder)
    (spool,) = {str(body["spool"]) for body in bodies(folder)}
    assert (first["schema"], first["version"], first["job"], first["sequence"]) == ("opspact/result", 1, JOB, 1)
    assert (len(spool), first["outcome"], first["verdict"], first["lost"]) == (12, "done", "ok", 0)
    assert str(first["started"]) <= str(first["ended"])
    state = read_state(folder)
    assert state
    assert (state.spool, state.number, state.since) == (spool, 3, 0)


def test_what_is_spooled_is_what_the_parser_reads(tmp_path: Path, folder: Path) -> None:
    item = {"item": "disk", "subject": "/", "verdict": "warning", "message": "filling", "value": 81.5}
    run_once(tmp_path, verdict="warning", items=[item], copy=None)
    (kept,) = kept_results(folder)
    where = Spooled(job=JOB, host="db1", spool=kept.spool, sequence=kept.number)
    result = parse_result((folder / kept.file).read_bytes(), where, collected=Collected(datetime.now(UTC)))
    assert (result.damaged, result.outcome, result.verdict) == ("", Outcome.DONE, Verdict.WARNING)
    assert (result.items[0].facts, result.has_no_copy) == ({"value": 81.5}, True)


def test_two_spools_have_two_names(tmp_path: Path) -> None:
    names = set()
    for each in ("one", "other"):
        run_once(tmp_path / each)
        state = read_state(tmp_path / each / JOB)
        names.add(state and state.spool)
    assert len(names) == 2


def test_the_oldest_results_go_when_there_are_too_many(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onhost, "MOST_RESULTS", 5)
    (folder / "notes.txt").write_text("not ours")
    for _ in range(8):
        run_once(tmp_path)
    assert numbers(folder) == [4, 5, 6, 7, 8]
    assert {body["lost"] for body in bodies(folder)} == {0}
    assert (folder / "notes.txt").exists()


def test_the_oldest_results_go_when_they_take_too_much_room(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onhost, "MOST_BYTES", 20_000)
    for _ in range(9):
        run_once(tmp_path, message="x" * 5000)
    assert numbers(folder) == [7, 8, 9]
    assert sum(path.stat().st_size for path in folder.glob("*.json")) <= 20_000


def test_a_result_that_is_too_large_is_kept_without_what_makes_it_so(tmp_path: Path, folder: Path) -> None:
    items = [{"item": "disk", "verdict": "critical", "message": "x" * 1000}] * 2000
    run_once(tmp_path, verdict="critical", items=items)
    run_once(tmp_path, verdict="ok", items=items)
    assert [(body["verdict"], body["items"]) for body in bodies(folder)] == [("critical", []), ("unknown", [])]
    assert "was truncated" in str(bodies(folder)[0]["message"])


def test_what_the_next_run_begins_with_outlives_the_truncation(tmp_path: Path, folder: Path) -> None:
    run_once(tmp_path, items=[{"item": "x", "message": "x" * 2**21}], carry={"cursor": "s=1"})
    assert (bodies(folder)[0]["items"], bodies(folder)[0]["carry"]) == ([], {"cursor": "s=1"})


def test_a_name_that_is_no_text_does_not_keep_a_result_from_being_kept(tmp_path: Path, folder: Path) -> None:
    run_once(tmp_path, message=os.fsdecode(b"/srv/caf\xe9"))
    assert bodies(folder)[0]["message"] == "/srv/caf?"


# A full disk


def full_disk(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let writing fail until no more than `room` results are there, as on a disk that others have filled."""
    write = onhost.write_atomically

    def failing(path: Path, data: bytes) -> None:
        if len(kept_results(path.parent)) >= room:
            raise OSError(28, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(onhost, "write_atomically", failing)


def test_a_result_that_cannot_be_kept_takes_its_number_all_the_same(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(tmp_path)
    with monkeypatch.context() as full:
        full_disk(full, 0)
        for _ in range(2):
            with pytest.raises(CannotRun, match="cannot write the result"):
                run_once(tmp_path)
    assert run_once(tmp_path) == 4
    # The result before gave its room away, in vain: it is gone, and so are the two that found none.
    assert (numbers(folder), bodies(folder)[0]["lost"]) == ([4], 3)


def test_old_results_make_room_for_the_newest(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(6):
        run_once(tmp_path)
    full_disk(monkeypatch, 4)
    assert run_once(tmp_path) == 7
    assert (numbers(folder), bodies(folder)[-1]["lost"]) == ([4, 5, 6, 7], 0)


def test_a_spool_that_cannot_be_written_fails_and_leaves_nothing_half_done(machine: Machine) -> None:
    folder = machine.spool / JOB
    folder.mkdir(parents=True)
    (folder / ".part").mkdir()
    done = machine.run("inspection", machine.settings(job=JOB, items=[{"item": "memory"}]))
    assert (done.returncode, "cannot write the result" in done.stderr) == (1, True)
    assert machine.results(JOB) == []
    (folder / ".part").rmdir()
    assert machine.run("inspection", machine.settings(job=JOB, items=[{"item": "memory"}])).returncode == 0
    assert [(each["sequence"], each["lost"]) for each in machine.results(JOB)] == [(2, 1)]


def test_a_spool_that_cannot_be_made_is_named(machine: Machine) -> None:
    Path(machine.spool).write_text("a file where a folder should be")
    done = machine.run("inspection", machine.settings(job=JOB, items=[{"item": "memory"}]))
    assert (done.returncode, "cannot use the spool" in done.stderr) == (1, True)


# Two at once


@pytest.mark.slow
def test_an_overlapping_run_is_refused_and_takes_no_number(machine: Machine) -> None:
    settings = machine.settings(job=JOB, items=[{"item": "memory"}])
    machine.run("inspection", settings)
    with (machine.spool / JOB / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = machine.run("inspection", settings)
    assert (done.returncode, "an earlier run still holds" in done.stderr) == (75, True)
    assert [each["sequence"] for each in machine.results(JOB)] == [1]


def test_a_result_is_a_whole_file_that_root_and_the_group_may_read(machine: Machine) -> None:
    assert machine.run("inspection", machine.settings(job=JOB, items=[{"item": "memory"}])).returncode == 0
    (path,) = machine.files(JOB)
    assert path.stat().st_mode & 0o777 == 0o640


# Runs that left no result


def died(folder: Path) -> list[tuple[object, object, object]]:
    return [(body["sequence"], body["outcome"], body["verdict"]) for body in bodies(folder) if body.get("died")]


def test_a_program_that_was_killed_leaves_a_result_that_the_next_run_makes_once(machine: Machine) -> None:
    machine.command("systemctl", "exec sleep 60")
    settings = machine.settings(job=JOB, items=[{"item": "units"}])
    command = machine.command_line("inspection", settings)
    environment = {**os.environ, "PATH": f"{machine.folder}/bin:{os.environ['PATH']}"}
    folder = machine.spool / JOB
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + 20
        while not (folder.exists() and (state := read_state(folder)) and state.since):
            assert time.monotonic() < deadline, "it did not begin"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    machine.command("systemctl", "true")
    for _ in range(2):
        assert machine.run("inspection", settings).returncode == 0
    assert [each["sequence"] for each in machine.results(JOB)] == [1, 2, 3]
    assert died(folder) == [(1, "failed", "unknown")]
    (kept, *_) = kept_results(folder)
    where = Spooled(job=JOB, host="db1", spool=kept.spool, sequence=1)
    result = parse_result((folder / kept.file).read_bytes(), where, collected=Collected(datetime.now(UTC)))
    assert (result.died, result.ended, result.damaged) == (True, None, "")
    assert result.started


def test_a_program_killed_after_its_result_was_kept_did_not_die_before_it(tmp_path: Path, folder: Path) -> None:
    run_once(tmp_path)
    spool = Spool(folder, JOB)
    spool.change(since=1764000000)  # as if it had been killed between the result and the end of the run
    assert run_once(tmp_path) == 2
    assert (numbers(folder), died(folder)) == ([1, 2], [])


def test_a_program_that_ends_with_an_error_says_which(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_spool({"job": JOB, "spool": str(tmp_path)}):
        _ = 1 / 0
    (body,) = bodies(folder)
    assert (body["outcome"], body["verdict"], body.get("died")) == ("failed", "unknown", None)
    assert "ZeroDivisionError" in str(body["message"])


def test_results_of_a_spool_that_lost_its_state_stay_and_the_next_one_counts_on(tmp_path: Path, folder: Path) -> None:
    for _ in range(3):
        run_once(tmp_path)
    (state,) = folder.glob("state-*")
    state.unlink()
    assert run_once(tmp_path) == 4
    spools = [kept.spool for kept in kept_results(folder)]
    assert (numbers(folder), len(set(spools)), spools[-1] != spools[0]) == ([1, 2, 3, 4], 2, True)


def test_what_others_put_into_the_folder_is_not_written_through(tmp_path: Path, folder: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / ".part").symlink_to(victim)
    run_once(tmp_path)
    assert (victim.read_text(), numbers(folder)) == ("precious", [1])
    (folder / ".lock").unlink()
    (folder / ".lock").symlink_to(victim)
    with pytest.raises(CannotRun, match="cannot use the spool"):
        run_once(tmp_path)
