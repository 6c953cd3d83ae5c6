"""What fabric's documentation says of put and get; what is compared, and what is whole or not there."""

import io
import os
import stat
from pathlib import Path

import pytest
from fabric_here import connected

from opspact.fleet.connection import Connection as Way
from opspact.fleet.fabric.connection import Connection

ODD = "it's $HOME `x` 数据 *"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_arrives_with_its_mode_under_any_name(connection: Connection, tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    Path(ODD).write_bytes(data)
    Path(ODD).chmod(0o640)
    (tmp_path / "there").mkdir()
    done = connection.put(ODD, str(tmp_path / "there"))
    arrived = tmp_path / "there" / ODD
    assert (done.remote, done.local, done.orig_local) == (str(arrived), str(tmp_path / ODD), ODD)
    assert (arrived.read_bytes() == data, mode(arrived)) == (True, 0o640)
    back = connection.get(str(arrived), "back/{host}-{basename}")
    assert back.local == f"{tmp_path}/back/here-{ODD}"
    assert (Path(back.local).read_bytes() == data, mode(Path(back.local))) == (True, 0o640)
    assert list((tmp_path / "there").iterdir()) == [arrived]


def test_without_a_name_a_file_lands_where_the_login_begins(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file").write_text("x")
    assert connection.put("sub/file").remote == str(tmp_path / "file")
    assert connection.put("sub/file", "sub/other").remote == str(tmp_path / "sub/other")
    (tmp_path / "file").unlink()
    assert connection.get("sub/other").local == str(tmp_path / "other")


def test_objects_are_files_too(connection: Connection, tmp_path: Path) -> None:
    text = io.StringIO("数据\n" * 100_000)
    text.seek(7)
    connection.put(text, "text")
    assert ((tmp_path / "text").read_text() == text.getvalue(), text.tell(), mode(tmp_path / "text")) == (
        True,
        7,
        0o644,
    )
    (tmp_path / "text").chmod(0o600)
    connection.put(io.BytesIO(b""), "text")
    assert (tmp_path / "text").read_bytes() == b""
    assert mode(tmp_path / "text") == 0o600
    received = io.BytesIO()
    (tmp_path / "text").write_bytes(b"\0\xff\n")
    connection.get("text", received)
    assert received.getvalue() == b"\0\xff\n"


def test_the_mode_is_left_where_it_is_not_wanted(connection: Connection, tmp_path: Path) -> None:
    Path("tool").write_text("x")
    Path("tool").chmod(0o750)
    connection.put("tool", "there", preserve_mode=False)
    connection.get("tool", "here", preserve_mode=False)
    mask = os.umask(0)
    os.umask(mask)
    assert (mode(tmp_path / "there"), mode(tmp_path / "here")) == (0o666 & ~mask, 0o666 & ~mask)


def test_a_link_stays_one(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    connection.put(io.StringIO("new"), "link")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_text()) == (True, "new")
    (tmp_path / "here").symlink_to("real2")
    connection.get("real", "here")
    assert ((tmp_path / "here").is_symlink(), (tmp_path / "real2").read_text()) == (True, "new")


@pytest.mark.parametrize(
    ("place", "kind"), [("none/file", FileNotFoundError), ("file/x", NotADirectoryError), ("dir/", IsADirectoryError)]
)
def test_a_place_that_is_none_is_an_error_of_the_system(
    connection: Connection, place: str, kind: type[OSError]
) -> None:
    Path("file").write_text("x")
    Path("dir/file").mkdir(parents=True)
    with pytest.raises(kind, match="here"):
        connection.put("file", place)
    assert sorted(path.name for path in Path().rglob("*")) == ["dir", "file", "file"]


@pytest.mark.parametrize(("place", "kind"), [("none", FileNotFoundError), (".", IsADirectoryError)])
def test_what_is_no_file_is_not_fetched(connection: Connection, place: str, kind: type[OSError]) -> None:
    with pytest.raises(kind):
        connection.get(place, "here")
    assert not Path("here").exists()
    assert list(Path().iterdir()) == []


def test_a_file_whose_size_is_not_true_is_not_fetched(connection: Connection) -> None:
    with pytest.raises(OSError, match="the file has 0"):
        connection.get("/proc/self/status", "here")
    assert list(Path().iterdir()) == []


def test_a_file_that_grows_is_fetched_as_long_as_it_was(connection: Connection) -> None:
    Path("log").write_text("line\n" * 100_000)

    class Growing(io.BytesIO):
        def write(self, data: object, /) -> int:
            with Path("log").open("a") as log:
                log.write("more\n")
            return super().write(data)  # type: ignore[arg-type]

    received = Growing()
    connection.get("log", received)
    assert received.getvalue() == b"line\n" * 100_000


def test_half_a_file_never_takes_the_place_of_a_whole_one(connection: Connection) -> None:
    class Shorter(io.BytesIO):
        """Has less to give the second time: as a file that is truncated meanwhile."""

        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)[: None if self.reads < 3 else 5]

    Path("there").write_text("whole")
    with pytest.raises(OSError, match="not all of it arrived"):
        connection.put(Shorter(b"x" * 100), "there")
    assert ([path.name for path in Path().iterdir()], Path("there").read_text()) == (["there"], "whole")


def test_a_connection_that_breaks_leaves_what_was_there(tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text(
        '#!/bin/sh\nfor last do :; done\ndd bs=1 count=20000 2>/dev/null | /bin/sh -c "$last"\nexit 255\n'
    )
    client.chmod(0o755)
    connection = connected(Way("h", (str(client), "--", "h"), become=False))
    (tmp_path / "there").write_text("whole")
    with pytest.raises(OSError, match="not all of it arrived"):
        connection.put(io.BytesIO(b"x" * 100_000), str(tmp_path / "there"))
    assert (tmp_path / "there").read_text() == "whole"
