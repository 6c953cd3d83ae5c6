"""What a host restores of its copies to folders, and what it refuses; borg gives what is written down."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from restoring import FILES, HOUR, JOB, Host

pytestmark = pytest.mark.slow


@pytest.fixture
def host(machine: Machine) -> Host:
    return Host(machine)


def restored(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_newest_copy_is_restored_to_a_folder_and_counted(host: Host) -> None:
    host.copy("a1", age=20 * HOUR, files=9)
    name = host.copy("a2", files=3, bytes=100)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"], result["request"]) == (0, "done", "ok", "r1"), result
    assert (result["archive"]["name"], result["archive"]["id"], result["files"]) == (name, "a2", 3)
    assert HOUR <= result["age_seconds"] < HOUR + 60
    assert restored(host.target) == FILES
    assert host.leftovers() == []


def test_an_empty_folder_keeps_its_owner_and_mode(host: Host) -> None:
    host.copy("a1", files=3)
    host.target.mkdir(mode=0o750)
    before = host.target.stat()
    assert host.restore(folder=str(host.target))[0] == 0
    after = host.target.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert restored(host.target) == FILES


@pytest.mark.parametrize("what", ["file", "full", "link", "relative", "root"])
def test_nothing_that_is_there_is_restored_onto(host: Host, what: str) -> None:
    host.copy("a1", files=3)
    target = {"relative": "restored", "root": "/"}.get(what, str(host.target))
    if what == "file":
        host.target.write_text("mine")
    elif what == "full":
        host.target.mkdir()
        (host.target / "mine").write_text("mine")
    elif what == "link":
        (host.machine.folder / "other").mkdir()
        host.target.symlink_to(host.machine.folder / "other")
    status, result = host.restore(folder=target)
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "unknown"), result
    assert "extract" not in (host.repository / "asked").read_text()
    assert host.leftovers() == []
    if what == "full":
        assert restored(host.target) == {"mine": b"mine"}


def test_what_the_system_refuses_is_said_in_its_words(host: Host) -> None:
    host.copy("a1", files=3)
    host.target.write_text("mine")
    result = host.restore(folder=str(host.target / "below/deeper"))[1]
    assert result["message"] == f"Nothing was restored: {host.target}/below: Not a directory."


def test_single_files_and_folders_keep_their_paths(host: Host) -> None:
    host.copy("a1", files=3)
    status, result = host.restore(folder=str(host.target), paths=["/srv/oa/b", "/etc//hostname"])
    assert (status, result["verdict"], result["files"]) == (0, "ok", 2), result
    assert restored(host.target) == {"etc/hostname": b"db1\n", "srv/oa/b/c": b"c"}


NO_LOCK = 'File "borg/locking.py"\nOSError: [Errno 28] No space left on device'
"""What borg 1.2 and 1.4 say where the disk of the repository has no room for a lock."""


@pytest.mark.parametrize(("said", "status"), [(NO_LOCK, 0), ("OSError: [Errno 28] No space left on device", 1)])
def test_a_full_disk_of_the_server_hinders_no_restore(host: Host, said: str, status: int) -> None:
    host.copy("a1", files=3)
    (host.repository / "full").write_text(said)
    done, result = host.restore(folder=str(host.target))
    assert (done, host.target.exists()) == (status, status == 0), result
    assert (status == 0) is ("--bypass-lock" in (host.repository / "asked").read_text())


@pytest.mark.parametrize(
    ("path", "words"),
    [("/srv/nothing", "/srv/nothing is not in nightly-"), ("srv", "absolute path"), ("/", "absolute path")],
)
def test_a_path_that_is_not_in_the_copy_is_said(host: Host, path: str, words: str) -> None:
    host.copy("a1", files=3)
    status, result = host.restore(folder=str(host.target), paths=[path])
    assert words in result["message"]
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "unknown"), result
    assert not host.target.exists()
    assert host.leftovers() == []


def test_a_point_in_time_and_suspect_copies_decide_which_copy_it_is(host: Host) -> None:
    oldest = host.copy("a1", age=50 * HOUR, files=3)
    suspect = host.copy("a2", age=30 * HOUR, files=3)
    host.copy("a3", age=HOUR, files=3)
    until = time.time() - 10 * HOUR
    status, result = host.restore(folder=str(host.target), at=until, suspect=[suspect])
    assert (status, result["archive"]["name"]) == (0, oldest), result
    status, result = host.restore(folder=f"{host.target}2", at=until - 90 * HOUR)
    assert (status, "none of the 3 copies" in result["message"]) == (1, True), result
    assert "3 begun after" in result["message"]


def test_the_copy_that_was_chosen_is_restored_though_a_newer_one_came_meanwhile(host: Host) -> None:
    name = host.copy("a1", age=5 * HOUR, files=3)
    host.copy("a2", files=3)
    status, result = host.restore(folder=str(host.target), archive="a1")
    assert (status, result["archive"]["name"]) == (0, name), result
    status, result = host.restore(folder=f"{host.target}2", archive="a1", suspect=[name])
    assert (status, result["outcome"], "1 suspect" in result["message"]) == (1, "failed", True), result
    assert host.restore(folder=f"{host.target}2", archive="a3")[0] == 1


def test_the_copy_is_said_before_anything_is_done(host: Host) -> None:
    name = host.copy("a1", files=3)
    command = host.machine.command_line("restore", host.settings(), "choose")
    environment = {**os.environ, "PATH": f"{host.machine.folder}/bin:{os.environ['PATH']}"}

    def choose(request: dict[str, object]) -> dict[str, Any]:
        asked = json.dumps(request).encode()
        done = subprocess.run(command, input=asked, env=environment, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    found = choose({"folder": str(host.target)})
    assert (found["archive"]["name"], found["record"]) == (name, {"files": 3})
    assert choose({"at": 0})["error"] == "none of the 1 copies can be used: 1 begun after 1970-01-01T00:00:00Z"
    assert not host.target.exists()
    assert host.machine.files(JOB) == []


@pytest.mark.parametrize(
    ("fails", "verdict"),
    [
        ("1 srv/oa/a: all-zero replacement chunk", "critical"),
        ("2 Data integrity error: Segment entry checksum mismatch", "critical"),
        ("1 srv/oa/a: chown: Operation not permitted", "unknown"),
        ("2 Connection closed by remote host", "unknown"),
    ],
)
def test_a_warning_of_borg_is_no_restore_and_nothing_of_it_stays(host: Host, fails: str, verdict: str) -> None:
    host.copy("a1", files=3)
    (host.repository / "fails").write_text(fails)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", verdict), result
    assert not host.target.exists()
    assert host.leftovers() == []


def test_a_copy_of_which_files_are_missing_is_bad(host: Host) -> None:
    host.copy("a1", files=4)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["verdict"], "gave 3 files back, of 4" in result["message"]) == (1, "critical", True), result
    assert not host.target.exists()


def test_a_copy_without_a_record_is_restored_with_a_warning(host: Host) -> None:
    host.copy("a1")
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"], result["is_compared"]) == (0, "done", "warning", False)
    assert restored(host.target) == FILES


def test_a_request_is_carried_out_once(host: Host) -> None:
    host.copy("a1", files=3)
    assert host.restore(folder=str(host.target))[0] == 0
    status, result = host.restore()
    assert (status, result["outcome"], "nothing is asked for" in result["message"]) == (1, "failed", True), result


def test_a_restore_that_is_killed_leaves_nothing_behind_the_next_start_and_says_so(host: Host) -> None:
    host.copy("a1", files=3)
    (host.repository / "hangs").touch()
    host.ask(folder=str(host.target))
    command = host.machine.command_line("restore", host.settings())
    environment = {**os.environ, "PATH": f"{host.machine.folder}/bin:{os.environ['PATH']}"}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 20
        while (host.repository / "hangs").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, 9)
    assert [name.startswith(".opspact-restore-") for name in host.leftovers()] == [True, False]
    assert not host.target.exists()
    assert host.machine.run("restore", host.settings(), "remove").returncode == 0
    assert host.leftovers() == []
    assert host.restore(folder=str(host.target))[0] == 0
    died, good = host.machine.results(JOB)
    assert (died["died"], died["outcome"], good["outcome"]) == (True, "failed", "done")


def test_in_place_is_for_a_host_that_is_being_rebuilt(host: Host) -> None:
    host.copy("a1", files=3)
    root = host.machine.folder / "root"
    (root / "srv/oa").mkdir(parents=True)
    (root / "srv/oa/a").write_text("of the package")
    status, result = host.restore(in_place=["/srv/oa"])
    assert (status, "only while" in result["message"]) == (1, True), result
    assert restored(root) == {"srv/oa/a": b"of the package"}
    (host.machine.folder / "rebuilding").touch()
    assert host.restore(in_place=["/srv/oa"])[0] == 0
    assert restored(root) == {"srv/oa/a": b"a", "srv/oa/b/c": b"c"}
    assert host.restore(in_place=[])[0] == 1
