"""What root sees at a path on a host: as stat(1) and sha256sum(1) say it, without following a link or waiting."""

import os
import socket
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from opspact.onhost import path as program
from opspact.steps.host_program import PATH
from opspact.steps.question import ABSENT, PYTHON, UNSAFE_LINK


def run(*words: str | Path) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, *PYTHON[1:], "-c", PATH.text, *map(str, words)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60)


def as_stat_says(path: Path) -> str:
    done = subprocess.run(["stat", "-c", "%F/%U/%G/%a", "--", path], capture_output=True, text=True, check=True)
    return done.stdout.replace("regular empty file", "regular file")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "file").write_bytes(b"here\n\0\xff")
    (tmp_path / "file").chmod(0o4640)
    (tmp_path / "empty").touch(0o600)
    (tmp_path / "large").write_bytes(b"x" * (program.CHUNK + 1))
    (tmp_path / "folder").mkdir(0o1777)
    (tmp_path / "link").symlink_to("no\nwhere\udcff")
    os.mkfifo(tmp_path / "pipe", 0o644)
    (tmp_path / "stranger").touch()
    if os.geteuid() == 0:
        os.chown(tmp_path / "stranger", 64999, 64998)
    return tmp_path


@pytest.mark.parametrize("name", ["file", "empty", "large", "folder", "link", "pipe", "stranger"])
def test_a_path_is_described_as_by_the_programs_of_coreutils(name: str, place: Path) -> None:
    path = place / name
    holds = b""
    if path.is_symlink():
        holds = b"no\nwhere\xff"
    elif path.is_file():
        holds = sha256(path.read_bytes()).hexdigest().encode()
    done = run("look", path)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", as_stat_says(path).encode() + holds + b"\n")


def test_a_socket_and_a_device_are_no_files(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "s"))
        assert run("look", place / "s").stdout.startswith(b"socket/")
    assert run("look", "/dev/null").stdout == b"character special file/root/root/666\n\n"


@pytest.mark.parametrize("name", ["none", "none/file", "file/below"])
def test_that_nothing_is_there_is_an_answer_of_its_own(name: str, place: Path) -> None:
    for what in (("look",), ("read", "9")):
        done = run(what[0], place / name, *what[1:])
        assert (done.returncode, done.stdout, done.stderr) == (ABSENT, b"", b"")
    assert run("guard", place / name).returncode == 0


def test_a_path_that_cannot_be_looked_at_is_an_error(place: Path) -> None:
    done = run("look", place / ("x" * 300))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().rstrip().endswith(": File name too long")


@pytest.mark.parametrize("what", ["look", "read", "guard"])
def test_no_link_is_followed_that_may_be_somebody_elses(what: str, place: Path) -> None:
    (place / "way").symlink_to("folder")
    (place / "folder/file").write_text("x")
    more = ["9"] if what == "read" else []
    assert run(what, place / "way/file", *more).returncode == (0 if os.geteuid() == 0 else UNSAFE_LINK)
    for mode in (0o775, 0o757):
        place.chmod(mode)
        done = run(what, place / "way/file", *more)
        assert (done.returncode, done.stdout) == (UNSAFE_LINK, b"")
        assert done.stderr.startswith(f"{place}/way is a symbolic link".encode())
    assert run(what, place / "link", *more).returncode == (1 if what == "read" else 0)


def test_a_file_that_breaks_off_is_named() -> None:
    """The memory of a process has no page at its beginning: it can be opened, and reading it fails."""
    memory = f"/proc/{os.getpid()}/mem"
    done = run("look", memory)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", f"{memory}: Input/output error\n".encode())


def test_the_beginning_of_a_file_is_read_and_nothing_else(place: Path) -> None:
    about = as_stat_says(place / "file").encode()
    assert run("read", place / "file", "4").stdout == about + b"here"
    assert run("read", place / "file", "400").stdout == about + (place / "file").read_bytes()
    for name in ("pipe", "folder", "link"):
        done = run("read", place / name, "4")
        assert (done.returncode, done.stdout, bool(done.stderr)) == (1, b"", True)


def test_a_file_that_is_replaced_meanwhile_is_not_read(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def described(_: os.stat_result) -> str:
        (place / "file").unlink()
        os.mkfifo(place / "file")
        return ""

    monkeypatch.setattr(program, "about", described)
    with pytest.raises(OSError, match="not a regular file"):
        program.main("look", str(place / "file"))
    assert capfd.readouterr().out == ""
