"""Where connections are kept, and when they are not."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opspact.fleet import ssh_configuration
from opspact.fleet.connection import Connection, Settings, connections
from opspact.fleet.failures import HostLost
from opspact.fleet.kept_connections import KeptConnection, kept_connection, socket_folder
from opspact.fleet.session import Session
from opspact.model.inventory.host import Host
from opspact.steps.check import Reach
from opspact.values.secret import Secret

CLIENT = ("ssh", "-T", "--", "192.0.2.7")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's runtime directory; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


def test_a_connection_is_shared_by_the_same_arguments_for_the_same_host_alone(runtime: Path) -> None:
    folder = socket_folder()
    assert folder == runtime / "opspact/connections"
    others = (CLIENT, (*CLIENT[:-1], "192.0.2.8"), ("ssh", "-l", "ops", *CLIENT[1:]))
    found = [kept_connection(client, folder) for client in others]
    assert len({it.socket for it in found if it}) == 3
    assert kept_connection(CLIENT, folder) == found[0]


def test_options_stand_behind_those_of_the_inventory_and_before_the_address(runtime: Path) -> None:
    host = Host("web1", {"ansible_ssh_common_args": "-o ConnectTimeout=3"})
    connection = connections([host], Settings(keeps_connections=True))["web1"]
    assert connection.kept is not None
    assert connection.kept_client()[-8:] == (*connection.kept.options, "--", "web1")
    assert f"ControlPath={runtime}/opspact/connections/" in " ".join(connection.kept_client())
    assert not [word for word in connection.client if "Control" in word]


@pytest.mark.parametrize(
    "arguments",
    [
        *("-o ControlPath=none", "-oControlPath=~/.ssh/%C", "-S none", "-Snone", "-o controlpath=x"),
        *("-o ControlMaster=no", "-o ControlMaster=auto -o ControlPersist=30m", "-M", "-oControlPersist=yes"),
    ],
)
def test_arguments_about_sharing_are_followed(runtime: Path, arguments: str) -> None:
    host = Host("web1", {"ansible_ssh_common_args": arguments})
    connection = connections([host], Settings(keeps_connections=True))["web1"]
    assert (connection.kept, connection.kept_client()) == (None, connection.client)
    assert runtime.is_dir()


@pytest.mark.parametrize(
    ("written", "is_kept"),
    [
        ("Host *\n  ServerAliveInterval 5\n  # ControlPath none\n", True),
        ("Host web*\n\tcontrolmaster no\n", False),
        ("ControlPath=none\n", False),
        ('Host a\n  Include none "{folder}/parts/*.conf"\n', False),
        ('"ControlMaster" auto\n', False),
        ("Include {folder}/p**/one.conf\n", False),
        ("Include {folder}/**.conf /\n", True),  # for ssh, `**` does not lead into folders
        ("Include {folder}/config\n", True),  # ssh refuses this; it must not be waited for here
    ],
)
def test_what_the_users_ssh_configuration_says_about_sharing_is_followed(
    runtime: Path, tmp_path: Path, *, written: str, is_kept: bool
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/one.conf").write_text("ControlPersist 5m\n")
    (tmp_path / "config").write_text(written.format(folder=tmp_path))
    host = Host("web1", {"ansible_ssh_common_args": f"-F {tmp_path}/config"})
    kept = connections([host], Settings(keeps_connections=True))["web1"].kept
    assert (kept is not None, runtime.is_dir()) == (is_kept, True)


def test_the_usual_files_are_those_of_the_users_entry_and_what_they_include(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_configuration, "_home", lambda: tmp_path)
    monkeypatch.setattr(ssh_configuration, "_SYSTEM", tmp_path / "etc/ssh_config")
    (tmp_path / "etc/parts").mkdir(parents=True)
    (tmp_path / "etc/ssh_config").write_text("Include parts/*.conf\n")
    assert kept_connection(CLIENT, runtime) is not None
    monkeypatch.setattr(ssh_configuration, "_SYSTEM", tmp_path / "etc/../etc/ssh_config")  # another name: read again
    (tmp_path / "etc/parts/one.conf").write_text("ControlMaster no\n")
    assert kept_connection(CLIENT, runtime) is None


def test_a_password_that_is_given_is_tried(runtime: Path) -> None:
    settings = Settings(keeps_connections=True, ssh_password=Secret("x"))
    host = Host("web1", {"ansible_ssh_common_args": f"-S {runtime}/theirs -o ControlPath={runtime}/theirs"})
    for connection in connections([host, Host("web2", {})], settings).values():
        assert connection.kept is None
        asked = [connection.client[0], "-G", *connection.client[1:]]
        assert b"controlpath" not in subprocess.run(asked, capture_output=True, check=True).stdout


def test_nothing_is_kept_unless_it_is_wanted_nor_for_this_machine(runtime: Path) -> None:
    assert connections([Host("web1", {})], Settings())["web1"].kept is None
    local = Host("here", {"ansible_connection": "local"})
    assert connections([local], Settings(keeps_connections=True))["here"].kept is None
    assert runtime.is_dir()


def test_without_a_place_of_this_users_alone_nothing_is_kept(runtime: Path) -> None:
    (runtime / "opspact").mkdir(mode=0o755)
    assert socket_folder() is None
    (runtime / "opspact").rmdir()
    (runtime / "real").mkdir(mode=0o700)
    (runtime / "opspact").symlink_to(runtime / "real")
    assert socket_folder() is None
    (runtime / "opspact").unlink()
    assert socket_folder() == runtime / "opspact/connections"
    (runtime / "opspact/connections").rmdir()
    (runtime / "opspact").chmod(0o500)
    (runtime / "opspact/connections").touch()
    assert socket_folder() is None


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs OpenSSH's client")
def test_why_a_jump_host_failed_is_said_where_connections_are_kept(runtime: Path) -> None:
    # In a shell of its own: one that closes its output first is ended by ssh, sometimes before it has spoken.
    proxy = """ProxyCommand=sh -c 'echo "ssh: connect to host jump1 port 22: Connection refused" >&2; exit 1'"""
    client = ("ssh", "-F", "none", "-T", "-o", "BatchMode=yes", "-o", proxy, "--", "web1")
    session = Session(Connection("web1", client, become=False, kept=KeptConnection(runtime / "s")), Settings())
    with pytest.raises(HostLost) as lost:
        session.open()
    assert (lost.value.reach, "jump1 port 22: Connection refused" in lost.value.detail) == (Reach.NO_JUMP_HOST, True)


@pytest.mark.parametrize(
    "says", ["unix_listener: cannot bind to path /run/user/0/opspact/connections/a.X: No space left on device", ""]
)
def test_an_ssh_that_cannot_keep_its_connection_is_started_without(runtime: Path, says: str) -> None:
    (runtime / "ssh").write_text(
        f"#!/bin/sh\nfor last; do :; done\necho x >>{runtime}/tries\n"
        f'case "$*" in *ControlMaster*) echo "{says}" >&2; exit 255 ;; esac\nexec sh -c "$last"\n'
    )
    (runtime / "ssh").chmod(0o755)
    client = (str(runtime / "ssh"), "--", "web1")
    session = Session(Connection("web1", client, become=False, kept=KeptConnection(runtime / "s")), Settings())
    assert session.run("echo in").stdout == b"in\n"
    assert (runtime / "tries").read_text().split() == ["x", "x"]
    session.close()


def test_a_login_that_never_ends_is_tried_once(runtime: Path) -> None:
    (runtime / "ssh").write_text(f"#!/bin/sh\necho x >>{runtime}/tries\nexec sleep 60\n")
    (runtime / "ssh").chmod(0o755)
    client = (str(runtime / "ssh"), "--", "web1")
    connection = Connection("web1", client, become=False, kept=KeptConnection(runtime / "s"))
    with pytest.raises(HostLost, match="no shell within"):
        Session(connection, Settings(login_timeout=0.3)).open()
    assert (runtime / "tries").read_text().split() == ["x"]


# A client that hangs where it is to use a connection that is kept, and notes what it is asked to do with that.
CLIENT_THAT_HANGS = """\
#!/bin/sh
case "$1 $*" in
  -O*) echo "$2" >>{folder}/asked; exit ;;
  *ControlMaster*) exec sleep 60 ;;
esac
for last; do :; done
exec /bin/sh -c "$last"
"""


def test_a_kept_connection_that_does_not_answer_is_used_by_no_other_command(runtime: Path) -> None:
    (runtime / "ssh").write_text(CLIENT_THAT_HANGS.format(folder=runtime))
    (runtime / "ssh").chmod(0o755)
    client = (str(runtime / "ssh"), "--", "web1")
    connection = Connection("web1", client, become=False, kept=KeptConnection(runtime / "s"))
    with socket.socket(socket.AF_UNIX) as master:
        master.bind(str(runtime / "s"))
        session = Session(connection, Settings(kept_timeout=0.2))
        assert session.run("echo in").stdout == b"in\n"
        assert (runtime / "asked").read_text().split() == ["stop"]
        session.close_kept()  # another command may have opened one since
        assert (runtime / "asked").read_text().split() == ["stop", "stop"]
        session.close()


def test_the_way_to_a_jump_host_outlives_the_session_that_made_it(runtime: Path) -> None:
    (runtime / "ssh").write_text(
        "#!/bin/sh\nfor last; do :; done\nsleep 60 </dev/null >/dev/null 2>&1 &\n"
        f'echo $! >{runtime}/way\nexec sh -c "$last"\n'
    )
    (runtime / "ssh").chmod(0o755)
    client = (str(runtime / "ssh"), "--", "web1")
    for kept in (KeptConnection(runtime / "s"), None):
        session = Session(Connection("web1", client, become=False, kept=kept), Settings())
        assert session.run("echo in").stdout == b"in\n"
        session.stop()
        session.close()
        way = int((runtime / "way").read_text())
        if kept is not None:
            assert is_alive(way)
            os.kill(way, signal.SIGKILL)
        until = time.monotonic() + 10
        while is_alive(way) and time.monotonic() < until:
            time.sleep(0.01)
        assert not is_alive(way)


def is_alive(process: int) -> bool:
    """Whether there is such a process; one that has ended and waits for its parent has no command line."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except FileNotFoundError:
        return False
