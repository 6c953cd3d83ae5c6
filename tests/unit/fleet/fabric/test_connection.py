"""What fabric's documentation says of a Connection and a Group; what is ours; what is refused."""

import os
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import fabric
import paramiko
import pytest
from fabric_here import HERE, connected
from invoke.exceptions import AuthFailure, CommandTimedOut

from opspact.errors import Refused
from opspact.fleet.connection import Connection as Way
from opspact.fleet.connection import Settings
from opspact.fleet.fabric.connection import Connection, PrivilegeRefused
from opspact.fleet.failures import HostLost
from opspact.structs import replace
from opspact.values.secret import Secret

root = pytest.mark.skipif(os.geteuid() != 0, reason="becomes other users")

SUDO = r"""#!/bin/sh
echo "$*" >>"$0.calls"
user=root
while :; do
  case $1 in
    -p) prompt=$2; shift 2 ;;
    -u) user=$2; shift 2 ;;
    --) shift; break ;;
    *) shift ;;
  esac
done
if [ "$prompt" ]; then
  tries=0
  until [ "$word" = "open sesame" ]; do
    [ $tries -lt 3 ] || exit 1
    tries=$((tries + 1)); printf %s "$prompt" >&2; read -r word || exit 1
  done
fi
exec env "BECAME=$user" "$@"
"""


@pytest.fixture
def sudo(other_login: Path) -> Path:
    """A sudo that wants a password where it may ask for one; the file of its calls."""
    program = other_login / "sudo"
    program.write_text(SUDO)
    program.chmod(0o755)
    return other_login / "sudo.calls"


def test_it_is_fabrics_connection(connection: Connection) -> None:
    assert isinstance(connection, fabric.Connection)
    assert (connection.host, connection.original_host, connection.port) == ("here", "here", 22)
    assert str(connection) == "<Connection host=here>"


def test_a_host_has_the_address_user_and_port_of_its_client() -> None:
    client = ("ssh", "-T", "-p", "2222", "-l", "ops", "-o", "ConnectTimeout=3", "--", "198.51.100.9")
    made = connected(Way("app1", client, become=False))
    assert (made.name, made.original_host, made.host, made.user, made.port) == (
        "app1",
        "app1",
        "198.51.100.9",
        "ops",
        2222,
    )
    assert made != connected(Way("app2", client, become=False))


def test_nothing_is_connected_before_it_is_used_and_closing_leaves_the_session(connection: Connection) -> None:
    assert not connection.is_connected
    with connection:
        connection.open()
        assert connection.is_connected
    assert connection.session.is_open


def test_a_command_connects_and_a_local_one_does_not(connection: Connection) -> None:
    connection.local("true")
    assert not connection.is_connected
    connection.run("true")
    assert connection.is_connected
    connection.close()
    assert not connection.is_connected


def test_directories_nest_and_are_one_word(connection: Connection, tmp_path: Path) -> None:
    odd = tmp_path / "it's $HOME; 数据 *"
    (odd / "sub dir").mkdir(parents=True)
    with connection.cd(odd), connection.cd("sub dir"):
        assert connection.cwd == f"{odd}/sub dir"
        assert connection.run("pwd").stdout == f"{odd}/sub dir\n"
        assert connection.local("pwd").stdout == f"{odd}/sub dir\n"
        with connection.cd("/"):
            assert connection.run("pwd").stdout == "/\n"
    assert connection.cwd == ""


def test_a_directory_may_begin_at_a_home_or_with_a_dash(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my app").mkdir()
    (tmp_path / "-").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with connection.cd("/tmp"), connection.cd("~/my app"):
        assert connection.run("pwd").stdout == f"{tmp_path}/my app\n"
    with connection.cd("-"):
        assert connection.run("pwd").stdout == f"{tmp_path}/-\n"


def test_prefixes_are_the_fabfiles_own_words_in_order(connection: Connection, tmp_path: Path) -> None:
    with connection.cd(tmp_path), connection.prefix("X='a b'"), connection.prefix("Y=$X$PWD"):
        assert connection.run("echo $Y").stdout == f"a b{tmp_path}\n"
    with connection.prefix("false"):
        assert connection.run("echo no", warn=True).stdout == ""


def test_local_commands_run_here_with_both_streams(connection: Connection) -> None:
    done = connection.local("printf '数据'; printf e >&2; exit 2", warn=True)
    assert (done.stdout, done.stderr, done.exited) == ("数据", "e", 2)


def test_sudo_runs_all_of_a_command(sudo: Path, connection: Connection, tmp_path: Path) -> None:
    with connection.cd(tmp_path), connection.prefix("X=1"):
        done = connection.sudo("echo $X $BECAME && pwd; echo $A", env={"A": "b c"})
    assert done.stdout == f"1 root\n{tmp_path}\nb c\n"
    assert connection.sudo("echo $BECAME", user="postgres").stdout == "postgres\n"
    assert "-n" in sudo.read_text().split()


@pytest.mark.parametrize("given", ["session", "argument", "setting"])
def test_sudo_gives_the_password_to_nobody_but_sudo(sudo: Path, given: str) -> None:
    word = "open sesame"
    connection = connected(settings=Settings(become_password=Secret(word) if given == "session" else None))
    if given == "setting":
        connection.config.sudo.password = word
    options = {"password": word} if given == "argument" else {}
    done = connection.sudo(
        "printf '[sudo] password: '; cat; echo $BECAME", in_stream=StringIO("own input\n"), **options
    )
    assert done.stdout == "[sudo] password: own input\nroot\n"
    assert word not in sudo.read_text() + str(vars(done)) + str(connection.config)[: 0 if given == "setting" else None]


def test_a_wrong_password_and_none_are_authentication_failures(sudo: Path, connection: Connection) -> None:
    with pytest.raises(AuthFailure) as wrong:
        connection.sudo("id", password="Wrong-1")
    assert "sudo rejected the password" in str(wrong.value)
    assert "Wrong-1" not in str(wrong.value)
    (sudo.parent / "sudo").write_text("#!/bin/sh\necho 'sudo: a password is required' >&2; exit 1\n")
    with pytest.raises(PrivilegeRefused) as refused:
        connection.sudo("id")
    assert "--ask-become-pass" in str(refused.value)
    assert refused.value.result.exited is None
    assert connection.run("echo still here").stdout == "still here\n"


@root
def test_root_needs_no_sudo_and_becomes_others_with_their_homes(connection: Connection) -> None:
    assert connection.sudo("id -un").stdout == "root\n"
    done = connection.sudo("id -un; echo $HOME; exit 3", user="nobody", warn=True)
    assert (done.stdout, done.exited) == ("nobody\n/nonexistent\n", 3)


@root
def test_a_time_limit_ends_what_another_user_runs(connection: Connection) -> None:
    with pytest.raises(CommandTimedOut):
        connection.sudo("setsid sleep 881.25 & sleep 881.25", user="nobody", timeout=0.3)
    until = time.monotonic() + 20
    while connection.run("pgrep -fx 'sleep 881.25'", warn=True).ok and time.monotonic() < until:
        time.sleep(0.1)
    assert connection.run("pgrep -fx 'sleep 881.25'", warn=True).exited == 1


@pytest.mark.parametrize("kind", [fabric.SerialGroup, fabric.ThreadingGroup])
def test_groups_take_our_connections(kind: type[fabric.Group]) -> None:
    members = [connected(replace(HERE, host=name)) for name in ("one", "two", "three")]
    group = kind.from_connections(members)
    assert {member.name: done.stdout for member, done in group.run("echo hi").items()} == dict.fromkeys(
        ("one", "two", "three"), "hi\n"
    )
    members[1].session.give_up("cut off")
    with pytest.raises(fabric.exceptions.GroupException) as failed:
        group.run("echo hi")
    assert {member.name for member in failed.value.result.failed} == {"two"}
    assert isinstance(failed.value.result.failed[members[1]], HostLost)


@pytest.mark.parametrize(
    "call",
    [
        lambda it: it.sftp(),
        lambda it: it.shell(),
        lambda it: it.create_session(),
        lambda it: it.open_gateway(),
        lambda it: it.forward_local(80).__enter__(),
        lambda it: it.forward_remote(80).__enter__(),
        lambda it: it.run("true", disown=True),
        lambda it: it.run(["true"]),
        lambda it: it.from_v1({}),
    ],
)
def test_what_is_not_offered_is_refused(connection: Connection, call: Callable[[Connection], Any]) -> None:
    with pytest.raises(Refused):
        call(connection)


def test_paramiko_connects_to_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(paramiko.Transport, "__init__", fail)
    monkeypatch.setattr(paramiko.SSHClient, "connect", fail)
    connection.run("true")
    (tmp_path / "file").write_text("x")
    connection.put(str(tmp_path / "file"), str(tmp_path / "there"))
    connection.get(str(tmp_path / "there"), f"{tmp_path}/back")
    assert (tmp_path / "back").read_text() == "x"
    assert (connection.client, connection.transport) == (None, None)


def test_no_file_of_settings_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".fabric.yaml").write_text("run: {warn: true}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert connected().config.run.warn is False
