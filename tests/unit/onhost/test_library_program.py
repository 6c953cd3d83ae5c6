"""What the check of an installer says of the file that lies there, by the program as it lies on hosts."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from programs import Machine

CONTENT = b"installer" * 400_000  # more than is read at once
JOB = "library/office-client"


def check(machine: Machine, path: Path, content: bytes = CONTENT) -> tuple[int, str, str]:
    """Check a file that should have the content; return the exit status, the outcome and the verdict."""
    settings = machine.settings(job=JOB, path=str(path), sha256=sha256(content).hexdigest())
    done = machine.run("library", settings)
    newest = machine.newest(JOB)
    assert newest["message"] == newest["items"][0]["message"]
    assert newest["items"][0]["subject"] == str(path)
    return done.returncode, newest["outcome"], newest["verdict"]


@pytest.fixture
def file(machine: Machine) -> Path:
    folder = machine.folder / "library"
    folder.mkdir(mode=0o755)
    path = folder / "client.bin"
    path.write_bytes(CONTENT)
    path.chmod(0o644)
    return path


def test_the_promised_file_is_ok_and_its_digest_stands_in_the_result(machine: Machine, file: Path) -> None:
    assert check(machine, file) == (0, "done", "ok")
    (item,) = machine.newest(JOB)["items"]
    assert (item["sha256"], item["expected"], item["bytes"]) == (*[sha256(CONTENT).hexdigest()] * 2, len(CONTENT))


def test_an_empty_file_has_a_digest_too(machine: Machine, file: Path) -> None:
    file.write_bytes(b"")
    assert check(machine, file, b"") == (0, "done", "ok")
    assert check(machine, file) == (1, "failed", "critical")


def test_one_flipped_byte_is_another_file(machine: Machine, file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(len(CONTENT) - 1)
        opened.write(b"R")
    assert check(machine, file) == (1, "failed", "critical")


@pytest.mark.parametrize("made", ["link", "dangling", "directory", "fifo", "device", "nothing"])
def test_nothing_else_in_its_place_is_taken_for_it_or_waited_for(machine: Machine, file: Path, made: str) -> None:
    good = file.rename(file.with_suffix(".good"))
    match made:
        case "link":
            file.symlink_to(good)
        case "dangling":
            file.symlink_to("/nowhere")
        case "directory":
            file.mkdir()
        case "fifo":
            os.mkfifo(file)
        case "device":
            file = Path("/dev/null")
    assert check(machine, file, b"" if made == "device" else CONTENT) == (1, "failed", "critical")


@pytest.mark.parametrize(("mode", "of_folder"), [(0o664, 0o755), (0o646, 0o755), (0o644, 0o777)])
def test_a_file_that_others_may_change_or_replace_is_a_warning(
    machine: Machine, file: Path, mode: int, *, of_folder: int
) -> None:
    file.chmod(mode)
    file.parent.chmod(of_folder)
    assert check(machine, file) == (0, "done", "warning")


def test_a_sticky_folder_is_no_doubt(machine: Machine, file: Path) -> None:
    file.parent.chmod(0o1777)
    assert check(machine, file) == (0, "done", "ok")


def test_settings_without_a_path_are_refused(machine: Machine) -> None:
    assert machine.run("library", machine.settings(job=JOB)).returncode == 2
    assert machine.run("library").returncode == 2
