"""The way to a host is what ssh's own configuration says; OpenSSH's client is asked."""

from pathlib import Path

import pytest

from opspact.fleet.route import Route, route_of

CONFIG = """\
Host behind
  HostName 198.51.100.7
  Port 2222
  User li#root#17
  ProxyJump gate
  UserKnownHostsFile /etc/ours /etc/theirs
Host by-command
  ProxyCommand ssh -W %h:%p gate
"""


@pytest.fixture
def client(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "config").write_text(CONFIG)
    return ("ssh", "-F", str(tmp_path / "config"), "-T", "--")


def test_aliases_ports_and_jump_hosts_are_those_of_the_configuration(client: tuple[str, ...]) -> None:
    assert route_of((*client, "behind")) == Route("198.51.100.7", 2222, "gate", "/etc/ours", "li#root#17")
    assert route_of((*client, "by-command")).proxy == "ssh -W %h:%p gate"
    plain = route_of((*client, "198.51.100.8"))
    assert (plain.host, plain.port, plain.proxy) == ("198.51.100.8", 22, "")


def test_a_jump_host_among_the_arguments_counts_too(client: tuple[str, ...]) -> None:
    assert route_of((*client[:-1], "-J", "li@gate:2200", "--", "198.51.100.8")).proxy == "li@gate:2200"


def test_a_client_that_cannot_be_asked_leaves_the_name(tmp_path: Path) -> None:
    assert route_of((str(tmp_path / "none"), "web1")) == Route("web1")
    assert route_of(()) == Route("")


def test_a_connection_ends_where_ssh_goes_or_somebody_is_between() -> None:
    assert Route("localhost", 2222).ends_at("127.0.0.1", "2222")
    others = (Route("localhost"), Route("198.51.100.7", 2222), Route("localhost", 2222, proxy="gate"), Route("", 2222))
    assert not [route for route in others if route.ends_at("127.0.0.1", "2222")]


def test_the_way_to_learn_a_key_is_a_command_for_this_host() -> None:
    assert "`ssh-keyscan -p 2222 198.51.100.7 | ssh-keygen -lf -`" in Route("198.51.100.7", 2222).host_key_commands()
    assert "`ssh gate ssh-keyscan 198.51.100.7 | ssh" in Route("198.51.100.7", proxy="gate").host_key_commands()
