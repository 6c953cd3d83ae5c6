"""Which hosts lie behind one bastion, by the users that lead to them."""

import pytest

from opspact.model.inventory.bastion import Bastion, asset_user, bastions
from opspact.model.inventory.host import Host


def behind(user: str, *, at: str = "192.0.2.1", **variables: object) -> dict[str, object]:
    return {"ansible_host": at, "ansible_user": user} | variables


@pytest.mark.parametrize(
    "user", ["li@root@app1", "li#root#17", "li%root%app1", "li@app1", "root@app1:SSH:li", "li/root/7"]
)
def test_a_user_that_names_more_than_a_person_names_an_asset(user: str) -> None:
    assert asset_user(user) == user


@pytest.mark.parametrize("user", ["", "ops", "li-na", "li.na_2"])
def test_a_plain_user_names_none(user: str) -> None:
    assert asset_user(user) == ""


def test_hosts_with_one_address_by_such_users_are_behind_one_bastion() -> None:
    hosts = {
        "app1": behind("li@root@app1"),
        "app2": behind("li@root@app2", ansible_port=22),
        "db1": behind("li#root#3", ansible_port=2222),
        "db2": behind("li#root#4", ansible_port=2222),
    }
    assert bastions(Host(name, it) for name, it in hosts.items()) == (
        Bastion("192.0.2.1", ("app1", "app2")),
        Bastion("192.0.2.1 port 2222", ("db1", "db2")),
    )


@pytest.mark.parametrize(
    "other",
    [
        behind("ops"),
        behind("li@example.com", at="192.0.2.2"),  # a user of a directory
        behind("li@root@app2", ansible_ssh_common_args="-J gate"),  # the same address elsewhere
        behind("li@root@app2", ansible_connection="local"),
    ],
)
def test_others_do_not(other: dict[str, object]) -> None:
    assert bastions([Host("app1", behind("li@root@app1")), Host("app2", other)]) == ()
