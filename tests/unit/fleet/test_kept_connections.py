"""Where connections are kept, and when they are not."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opspact.fleet.connection import Settings, connections
from opspact.fleet.kept_connections import kept_connection, socket_folder
from opspact.model.inventory.host import Host

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


@pytest.mark.parametrize("arguments", ["-o ControlPath=none", "-oControlPath=~/.ssh/%C", "-S none", "-o controlpath=x"])
def test_arguments_about_sharing_are_followed(runtime: Path, arguments: str) -> None:
    host = Host("web1", {"ansible_ssh_common_args": arguments})
    connection = connections([host], Settings(keeps_connections=True))["web1"]
    assert (connection.kept, connection.kept_client()) == (None, connection.client)
    assert runtime.is_dir()


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
