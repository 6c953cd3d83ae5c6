"""Inventory variables become one ssh command line per host, or are refused all at once."""

from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.fleet.connection import Settings, connections
from opspact.model.inventory.host import Host
from opspact.values.secret import Secret


def client(**variables: object) -> tuple[str, ...]:
    return connections([Host("web1", variables)], Settings())["web1"].client


def refusals(**variables: object) -> list[str]:
    with pytest.raises(Refused) as refused:
        connections([Host("web1", variables)], Settings())
    return [f"{problem.where}: {problem.message}" for problem in refused.value.problems]


def test_a_host_without_variables_is_left_to_the_users_ssh_configuration() -> None:
    expected = (
        "ssh -T -o BatchMode=yes -o RemoteCommand=none -o ClearAllForwardings=yes"
        " -o ConnectTimeout=10 -o ServerAliveInterval=5 -o ServerAliveCountMax=3 -- web1"
    )
    assert expected == " ".join(client())


def test_with_a_password_ssh_may_ask_for_it_once() -> None:
    words = connections([Host("web1", {})], Settings(ssh_password=Secret("x")))["web1"].client
    assert words[:6] == ("ssh", "-T", "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1")


@pytest.mark.parametrize("user", ["li@root@app1", "li#root#17", "li%root%app1", "li@example.com", "EXAMPLE\\li"])
def test_a_user_that_names_an_asset_is_one_word_apart_from_the_address(user: str) -> None:
    words = client(ansible_host="192.0.2.1", ansible_user=user)
    assert words[words.index("-l") + 1] == user
    assert words[-2:] == ("--", "192.0.2.1")


def test_nothing_of_ours_loosens_the_check_of_host_keys() -> None:
    assert not [word for word in client() if "HostKey" in word or "KnownHosts" in word]


def test_address_port_user_key_and_arguments_come_from_the_inventory() -> None:
    words = client(
        ansible_host="192.0.2.7",
        ansible_port="2222",
        ansible_user="ops",
        ansible_ssh_private_key_file="~/keys/web",
        ansible_ssh_common_args="-o 'ProxyJump=gate way' -o ConnectTimeout=3",
        ansible_ssh_extra_args="-F ~/config",
    )
    expected = (
        *("-o", "ProxyJump=gate way", "-o", "ConnectTimeout=3", "-F", str(Path.home() / "config")),
        *("-i", str(Path.home() / "keys/web"), "-p", "2222", "-l", "ops", "-o", "ConnectTimeout=10"),
    )
    assert expected == words[8 : 8 + len(expected)]
    assert words[-2:] == ("--", "192.0.2.7")


def test_the_hosts_own_options_stand_before_ours_because_ssh_keeps_the_first() -> None:
    words = client(ansible_ssh_common_args="-o ConnectTimeout=3")
    assert words.index("ConnectTimeout=3") < words.index("ConnectTimeout=10")


def test_a_local_connection_needs_no_client() -> None:
    assert client(ansible_connection="local") == ()


@pytest.mark.parametrize(("said", "become"), [(None, True), (True, True), ("yes", True), (False, False), ("no", False)])
def test_root_is_wanted_unless_the_inventory_says_no(said: object, become: bool) -> None:
    variables = {} if said is None else {"ansible_become": said}
    assert become == connections([Host("web1", variables)], Settings())["web1"].become


def test_everything_wrong_in_every_host_is_said_at_once() -> None:
    hosts = [
        Host("a", {"ansible_host": "{{ address }}", "ansible_port": "ssh"}),
        Host("b", {"ansible_become_method": "doas", "ansible_become_user": "admin", "ansible_connection": "winrm"}),
    ]
    with pytest.raises(Refused) as refused:
        connections(hosts, Settings())
    expected = [
        "a.ansible_host",
        "a.ansible_port",
        "b.ansible_become_method",
        "b.ansible_become_user",
        "b.ansible_connection",
    ]
    assert expected == [problem.where for problem in refused.value.problems]


def test_templates_are_refused_by_name() -> None:
    expected = ["web1.ansible_user: templates are not supported"]
    assert expected == refusals(ansible_user="{{ login }}")


@pytest.mark.parametrize("variable", ["ansible_password", "ansible_ssh_pass", "ansible_become_pass"])
def test_passwords_in_the_inventory_are_refused_and_not_repeated(variable: str) -> None:
    (refusal,) = refusals(**{variable: "hunter2"})
    assert f"web1.{variable}: passwords in the inventory are not supported" == refusal


def test_a_value_that_is_no_text_is_refused() -> None:
    assert refusals(ansible_host=Secret("x")) == ["web1.ansible_host: expected plain text, got Secret"]


@pytest.mark.parametrize("address", ["-oProxyCommand=touch /tmp/x", "a b"])
def test_an_address_that_ssh_would_take_for_something_else_is_refused(address: str) -> None:
    assert [f'web1.ansible_host: expected a host\'s name or address, got "{address}"'] == refusals(ansible_host=address)


def test_arguments_that_cannot_be_split_are_refused() -> None:
    assert refusals(ansible_ssh_common_args="-o 'x") == [
        "web1.ansible_ssh_common_args: cannot be split into arguments: No closing quotation"
    ]
