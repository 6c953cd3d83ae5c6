"""A session on this machine: everything that does not need a network is the same shell and the same framing."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from opspact.fleet import lock, operating_system
from opspact.fleet.connection import Connection, Settings
from opspact.fleet.failures import HostLost, ReadFailed, WriteFailed
from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.model import names
from opspact.steps.check import Reach
from opspact.values.secret import Secret

HERE = Connection("here", (), become=False)


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(HERE, Settings(output_limit=8 * 1024 * 1024))
    yield session
    session.close()


def fake_sudo(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A sudo and an id of our own, first on the path: this machine's user is not root to them."""
    for name, text in (("sudo", body), ("id", "echo 1000")):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_exit_status_and_both_streams_come_back_apart(session: Session) -> None:
    assert Completed(3, b"out\n", b"err") == session.run("echo out; printf err >&2; exit 3")


@pytest.mark.skipif(os.geteuid() != 0, reason="asks sudo otherwise")
def test_who_is_root_needs_no_sudo() -> None:
    session = Session(Connection("here", (), become=True), Settings())
    try:
        assert Completed(0, b"0\n", b"") == session.run("id -u")
    finally:
        session.close()


def test_output_without_a_final_newline_and_no_output_at_all_are_kept_as_they_are(session: Session) -> None:
    assert [session.run(f"printf '{text}'").stdout for text in ("x", "", "\\n")] == [b"x", b"", b"\n"]


def test_every_byte_comes_back_and_goes_in(session: Session) -> None:
    data = bytes(range(256)) * 4000
    assert Completed(0, data, b"") == session.run("cat", input=data)


def test_a_command_that_leaves_its_input_unread_hurts_nothing(session: Session) -> None:
    data = b"echo taken for a command\n" * 20000
    assert Completed(0, b"", b"") == session.run("exec <&-; true", input=data)
    assert Completed(0, b"next\n", b"") == session.run("echo next")


def test_a_command_without_input_reads_an_empty_one(session: Session) -> None:
    assert Completed(0, b"", b"") == session.run("cat")


@pytest.mark.parametrize("command", ["if fi", "exit 7", "exec true", "cd /tmp; x=1; set -e; false", "'", "$("])
def test_nothing_a_command_does_reaches_the_next_one(session: Session, command: str) -> None:
    session.run(command)
    assert Completed(0, b"/ unset 0\n", b"") == session.run('echo "$PWD ${x-unset} $#"')


def test_commands_may_hold_quotes_newlines_comments_and_any_letters(session: Session) -> None:
    command = "# first\nprintf '%s|' \"it's\" '数据' \\\n  \"$((1+1))\" <<'EOF' # last\nEOF"
    assert "it's|数据|2|".encode() == session.run(command).stdout


def test_the_shell_speaks_c_utf8_and_finds_the_administrators_programs(session: Session) -> None:
    words = session.run('echo "$LC_ALL $LANG $PATH"; umask').stdout.decode().split()
    assert [*words[:2], words[3]] == ["C.UTF-8", "C.UTF-8", "0022"]
    assert {"/usr/sbin", "/sbin"} <= set(words[2].split(":"))


def test_output_that_looks_like_a_frame_is_output(session: Session) -> None:
    forged = b"0123456789abcdef0123456789abcdef 0\n"
    assert forged == session.run("cat", input=forged).stdout


def test_a_command_that_takes_too_long_ends_the_session_for_good(session: Session) -> None:
    session.run("true")
    begun = time.monotonic()
    with pytest.raises(HostLost) as first:
        session.run("sleep 60", timeout=0.2)
    with pytest.raises(HostLost) as second:
        session.run("true")
    assert (
        first.value.reach,
        first.value.detail,
    ) == (Reach.CUT_OFF, "connection lost: no answer within 0.2 s")
    assert first.value is second.value
    assert time.monotonic() - begun < 30


def test_a_command_that_never_stops_talking_ends_the_session(session: Session) -> None:
    with pytest.raises(HostLost) as lost:
        session.run("yes")
    assert (lost.value.reach, lost.value.detail) == (Reach.BROKEN, "no usable shell: output of a command exceeds 8 MiB")


def test_a_shell_that_is_killed_is_a_broken_one(session: Session) -> None:
    with pytest.raises(HostLost) as lost:
        session.run('while read -r key value; do [ "$key" = PPid: ] && kill -9 "$value"; done </proc/$PPID/status')
    assert lost.value.reach == Reach.BROKEN


def test_a_zero_byte_in_a_command_is_refused_before_it_is_sent(session: Session) -> None:
    with pytest.raises(ValueError, match="zero byte"):
        session.run("echo \0")


def test_a_file_is_written_whole_with_its_mode_and_read_back(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "it's 数据"
    path.write_text("before")
    data = bytes(range(256)) * 1000
    session.write(str(path), data, "0640")
    assert (data, 0o640, data) == (path.read_bytes(), path.stat().st_mode & 0o777, session.read(str(path)))
    assert [path] == list(tmp_path.iterdir())


def test_an_empty_file_is_written_too(session: Session, tmp_path: Path) -> None:
    session.write(str(tmp_path / "empty"), b"")
    assert session.read(str(tmp_path / "empty")) == b""


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(session: Session, tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="No such file or directory"):
        session.write(str(tmp_path / "no" / "file"), b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteFailed, match="cannot overwrite directory"):
        session.write(str(tmp_path / "folder"), b"x")
    assert [tmp_path / "folder"] == list(tmp_path.iterdir())


def test_a_mode_that_is_none_is_refused(session: Session) -> None:
    with pytest.raises(ValueError, match="not a file mode"):
        session.write("/tmp/x", b"", "u+x; reboot")


def test_a_file_that_is_not_there_is_none_and_one_that_cannot_be_read_is_an_error(
    session: Session, tmp_path: Path
) -> None:
    assert session.read(str(tmp_path / "nothing")) is None
    with pytest.raises(ReadFailed, match="Is a directory"):
        session.read(str(tmp_path))


@pytest.mark.slow
def test_a_machine_under_two_names_is_not_locked_by_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "lock")
    stale = lock.RELEASE_STALE_LOCK.replace(names.HOST_LOCK, place)
    monkeypatch.setattr("opspact.fleet.session.RELEASE_STALE_LOCK", stale)
    monkeypatch.setattr(lock, "HOST_LOCK", place)
    first, second = (Session(Connection(name, (), become=False), Settings()) for name in ("app1", "oa, as web"))
    first.lock("li-na on desk, process 7")
    for holder, words in (("li-na on desk, process 7", "the same machine as app1"), ("wu on ci", "locked by li-na")):
        with pytest.raises(HostLost) as lost:
            second.lock(holder)
        assert (lost.value.reach, lost.value.detail.startswith(words)) == (Reach.BUSY, True)
    first.close()
    second.close()


def test_a_closed_session_opens_anew_at_its_next_use(session: Session) -> None:
    session.run("true")
    session.close()
    assert (session.is_open, session.run("echo again").stdout) == (False, b"again\n")


def test_no_privilege_is_told_from_a_broken_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sudo(tmp_path, monkeypatch, 'echo "sudo: a password is required ($LC_ALL)" >&2; exit 1')
    session = Session(Connection("here", (), become=True), Settings())
    with pytest.raises(HostLost) as lost:
        session.open()
    way_out = "no password given; use --become-password secret:vault:NAME or --ask-become-pass"
    expected = (Reach.NO_PRIVILEGE, f"cannot become root: sudo: a password is required (C) ({way_out})")
    assert expected == (lost.value.reach, lost.value.detail)


def test_where_a_password_was_given_the_way_out_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sudo(tmp_path, monkeypatch, "echo 'sudo: no tty' >&2; exit 1")
    session = Session(Connection("here", (), become=True), Settings(become_password=Secret("given")))
    with pytest.raises(HostLost) as lost:
        session.open()
    assert lost.value.detail == "cannot become root: sudo: no tty"


def fake_date(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    (folder / "date").write_text(f"#!/bin/sh\n{says}\n")
    (folder / "date").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize("days", [-71, 0, 71])
def test_the_hosts_clock_is_measured_when_it_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session, *, days: int
) -> None:
    fake_date(tmp_path, monkeypatch, f"echo {time.time() + days * 86400:.9f}")
    assert session.clock is None
    session.open()
    assert session.clock
    assert abs(session.clock.ahead - days * 86400) < 10
    assert session.clock.is_off == bool(days)


@pytest.mark.parametrize("says", ["exit 1", "echo now", "echo 1795900000.%N"], ids=["nothing", "a word", "no fraction"])
def test_a_host_that_does_not_tell_its_time_is_reached_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session, *, says: str
) -> None:
    fake_date(tmp_path, monkeypatch, says)
    assert Completed(0, b"in\n", b"") == session.run("echo in")
    assert (session.clock is None) == ("%N" not in says)


ROCKY = """NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\n"""
ALPINE = """NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n"""
LEAP = """NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nPRETTY_NAME="openSUSE Leap 15.6"\n"""
UBUNTU = """PRETTY_NAME="Ubuntu 26.04 LTS"\nID=ubuntu\nID_LIKE=debian\n"""
UNIONTECH = """PRETTY_NAME="UnionTech OS Server 20"\nID=uos\n"""


@pytest.mark.parametrize(
    ("says", "named"),
    [
        (ROCKY, "Rocky Linux 9.4 (Blue Onyx): opspact"),
        (ALPINE, "Alpine Linux v3.20: opspact"),
        (LEAP, "openSUSE Leap 15.6: opspact"),
        (UNIONTECH, "UnionTech OS Server 20: opspact"),
        ("ID=other\n", "other: opspact"),
        ("PRETTY_NAME=\n", "it has no name: opspact"),
        ("if\n", "os-release does not name it"),
        (None, "os-release does not name it"),
        (UBUNTU, ""),
        ("ID=debian\n", ""),
    ],
)
def test_an_operating_system_that_is_not_managed_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, session: Session, *, says: str | None, named: str
) -> None:
    monkeypatch.setattr(operating_system, "OS_RELEASE", str(tmp_path / "os-release"))
    if says is not None:
        (tmp_path / "os-release").write_text(says)
    if not named:
        assert session.run("echo in").rc == 0
        return
    with pytest.raises(HostLost) as lost:
        session.run(f"touch {tmp_path}/done")
    assert lost.value.reach is Reach.UNKNOWN_SYSTEM
    assert lost.value.detail.startswith("operating system not supported: ")
    assert named in lost.value.detail
    assert not (tmp_path / "done").exists()


# Asks as sudo does: the prompt of `-p` on standard error, the password read byte by byte, so nothing after it is lost.
ASKING = """
prompt=$3; while [ "$1" != -- ]; do shift; done; shift
for attempt in 1 2 3; do
  printf %s "$prompt" >&2
  read -r answer
  [ "$answer" = "open sesame" ] && exec "$@"
done
exit 1"""


def test_sudos_password_is_fed_over_standard_input_when_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_sudo(tmp_path, monkeypatch, ASKING)
    settings = Settings(become_password=Secret("open sesame"))
    session = Session(Connection("here", (), become=True), settings)
    assert Completed(0, b"in\n", b"") == session.run("echo in")
    session.close()


def test_a_sudo_that_does_not_ask_is_never_given_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sudo(tmp_path, monkeypatch, 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    settings = Settings(become_password=Secret("touch-me"))
    session = Session(Connection("here", (), become=True), settings)
    assert Completed(0, b"in\n", b"") == session.run("echo in")
    session.close()


def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sudo(tmp_path, monkeypatch, ASKING)
    settings = Settings(become_password=Secret("hunter2"))
    session = Session(Connection("here", (), become=True), settings)
    with pytest.raises(HostLost) as lost:
        session.open()
    expected = (Reach.NO_PRIVILEGE, "cannot become root: sudo rejected the password")
    assert expected == (lost.value.reach, lost.value.detail)


def test_a_client_that_is_not_installed_is_said(tmp_path: Path) -> None:
    session = Session(Connection("far", (str(tmp_path / "ssh"),), become=False), Settings())
    with pytest.raises(HostLost, match="No such file or directory") as lost:
        session.open()
    assert lost.value.reach == Reach.BROKEN


@pytest.mark.slow
def test_being_turned_away_is_tried_again_until_it_works(tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text(
        "#!/bin/sh\n"
        f"echo x >>{tmp_path}/tries\n"
        f"if [ $(wc -l <{tmp_path}/tries) -lt 3 ]; then\n"
        "  echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255\nfi\n"
        'exec sh -c "$1"\n'
    )
    client.chmod(0o755)
    session = Session(Connection("far", (str(client),), become=False), Settings())
    assert session.run("echo in").stdout == b"in\n"
    session.close()


@pytest.fixture
def shut_out() -> Iterator[int]:
    """An sshd of OpenSSH 10 that lets this address in no more: recorded from PerSourcePenalties; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.sendall(b"Not allowed at this time\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _client(folder: Path, port: int, tries: int) -> Connection:
    """A client that is turned away so many times, and whose configuration is that of a host at a port."""
    client = folder / "ssh"
    client.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = -G ] && {{ echo hostname 127.0.0.1; echo port {port}; exit; }}\n'
        f"echo x >>{folder}/tries\n"
        f"if [ $(wc -l <{folder}/tries) -le {tries} ]; then\n"
        "  echo 'Connection closed by 127.0.0.1 port 4275' >&2; exit 255\nfi\n"
        'exec sh -c "$2"\n'
    )
    client.chmod(0o755)
    return Connection("far", (str(client), "127.0.0.1"), become=False)


def test_an_sshd_that_shuts_us_out_is_waited_for(
    tmp_path: Path, shut_out: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opspact.fleet.session._SHUT_OUT_PAUSE", 0.01)
    session = Session(_client(tmp_path, shut_out, tries=20), Settings())
    assert session.run("echo in").stdout == b"in\n"
    session.close()


@pytest.mark.slow
def test_an_sshd_that_shuts_us_out_for_long_is_said_to(tmp_path: Path, shut_out: int) -> None:
    session = Session(_client(tmp_path, shut_out, tries=99), Settings(shut_out_patience=0.0))
    with pytest.raises(HostLost, match="PerSourcePenalties") as lost:
        session.open()
    assert (lost.value.reach, len((tmp_path / "tries").read_text().split())) == (Reach.CUT_OFF, 4)


def test_a_login_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    client = tmp_path / "ssh"
    client.write_text("#!/bin/sh\necho 'Authorised use only' >&2\nexec sleep 60\n")
    client.chmod(0o755)
    session = Session(Connection("far", (str(client),), become=False), Settings(login_timeout=0.3))
    with pytest.raises(HostLost) as lost:
        session.open()
    expected = (Reach.CUT_OFF, "connection lost: no shell within 0.3 s; Authorised use only")
    assert expected == (lost.value.reach, lost.value.detail)
