"""Which changes of a host can cut the connections to it."""

import pytest

from opspact.plan.connection_changes import connection_changes
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.unit import Unit

RECORDS = "/var/lib/opspact/units"


def a_file(path: str, text: str = "x\n") -> File:
    return File(path=path, content=Content.of(text))


def found(
    *made: Step, wanted: tuple[Step, ...] = (), user: str = "ops"
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    changes = connection_changes(made, (), wanted=(*made, *wanted), user=user)
    return ((), (), False) if changes is None else (changes.paths, changes.units, changes.network)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/ssh/sshd_config.d/a.conf", "/etc/sudoers.d/opspact-a", "/etc/pam.d/sshd", "/etc/security/access.conf"),
        *("/etc/default/ssh", "/etc/hosts.deny", "/etc/nologin", "/home/ops/.ssh/authorized_keys"),
        *("/etc/systemd/system/ssh.service.d/a.conf",),
    ],
)
def test_what_decides_who_may_log_in(path: str) -> None:
    paths, _, network = found(a_file(path))
    assert (paths[0], network) == (path, False)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/nftables.conf", "/etc/nftables.d/a.nft", "/etc/ufw/user.rules", "/etc/iptables/rules.v4"),
        *("/etc/network/interfaces.d/eth0", "/etc/netplan/a.yaml", "/etc/systemd/network/a.network"),
        *("/etc/resolv.conf", "/etc/sysctl.d/a.conf", "/opt/rules.nft"),
    ],
)
def test_what_decides_whether_a_packet_comes_through(path: str) -> None:
    assert found(a_file(path)) == ((path,), (), True)


@pytest.mark.parametrize(
    "step",
    [
        *(a_file("/etc/nginx/nginx.conf"), a_file("/etc/sshd.txt"), a_file("/srv/ip.txt", "ip route add x\n")),
        *(
            Unit(name="nginx.service"),
            Package(name="nginx"),
            Directory(path="/srv/ssh"),
            Account(name="ops", home="/home/ops"),
        ),
        AuthorizedKeys(account="li", home="/home/li", keys=()),
    ],
)
def test_other_changes_are_not_guarded(step: Step) -> None:
    assert found(step) == ((), (), False)


def test_a_unit_that_reads_what_is_changed_is_brought_back_with_it_and_its_record_too() -> None:
    unit = Unit(name="gate.service", watches=("/etc/nftables.conf",))
    assert found(a_file("/etc/nftables.conf"), wanted=(unit,)) == (
        ("/etc/nftables.conf", f"{RECORDS}/gate.service"),
        ("gate.service",),
        True,
    )


def test_a_unit_is_known_by_its_name_and_by_what_its_definition_runs() -> None:
    assert found(Unit(name="nftables.service"))[1:] == (("nftables.service",), True)
    assert found(Unit(name="ssh.service"))[1:] == (("ssh.service",), False)
    path = "/etc/systemd/system/gate.service"
    definition = a_file(path, "[Service]\nExecStart=/usr/sbin/ip -6 route add blackhole ::/0\n")
    unit = Unit(name="gate.service", watches=(path,))
    assert found(definition, unit) == ((path, f"{RECORDS}/gate.service"), ("gate.service",), True)
    assert found(unit, wanted=(definition,))[1:] == (("gate.service",), True)  # it is started, the file stays
    harmless = a_file(path, "[Service]\n# ip route add x\nExecStart=/usr/bin/shipping\n")
    assert found(harmless, unit) == ((), (), False)


def test_packages_that_bring_such_units_are_guarded_by_these() -> None:
    assert found(Package(name="network-manager"))[1:] == (("NetworkManager.service",), True)


def test_keys_count_for_the_account_that_logs_in() -> None:
    keys = AuthorizedKeys(account="ops", home="/home/ops", keys=())
    assert found(keys)[0] == ("/home/ops/.ssh/authorized_keys", "/home/ops/.ssh/authorized_keys2")
    assert found(keys, user="li") == ((), (), False)
    assert found(keys, user="")[0] == found(keys)[0]  # nobody knows yet


def test_what_is_removed_counts_as_well() -> None:
    gone = connection_changes((), (Unit(name="nftables.service"),), wanted=(), user="ops")
    assert gone is not None
    assert gone.units == ("nftables.service",)
