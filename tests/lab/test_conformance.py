"""The same steps over stock testinfra `ssh://` and over our sessions: the same verdicts, word for word."""

from collections.abc import Iterator, Sequence
from typing import cast

import pytest
import testinfra.host
from labkit import Lab
from reaching import HASTY, reached

from opspact.fleet.sessions import open_sessions
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import CheckedHost, Step
from opspact.steps.check import Check
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.kinds import KINDS
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.table_rows import TableRows
from opspact.steps.unit import Unit
from opspact.values.secret import Secret, SecretReference
from opspact.verify.check import check_host, check_hosts

pytestmark = pytest.mark.lab

FOLDER = "/srv/it's 100% 数据"
SECRET = SecretReference("env", "PASS")
SECRETS = {SECRET: Secret("open sesame")}

IN_ORDER = f"""
mkdir -p "{FOLDER}" && cd "{FOLDER}" && printf 'hello\\n数据\\n' >file && : >empty && ln -s "$PWD/file" link || exit
printf 'open sesame' >secret && chmod 600 secret || exit
printf '[Service]\\nExecStart=/usr/bin/python3 -m http.server 8099 --bind 127.0.0.1 --directory /srv\\n' \
  >/etc/systemd/system/conformance.service
printf '[Install]\\nWantedBy=multi-user.target\\n' >>/etc/systemd/system/conformance.service
systemctl daemon-reload && systemctl enable --now conformance.service || exit
for try in 1 2 3 4 5 6 7 8 9 10; do ss -Hltn 'sport = :8099' | grep -q . && break; sleep 0.3; done
"""
BROKEN = f"""
cd "{FOLDER}" || exit
printf 'changed' >file && chmod 666 empty && chown daemon: empty && ln -sf /nowhere link && rm secret || exit
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE intruder\\n' >>/home/ops/.ssh/authorized_keys || exit
printf 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE second\\n' >/home/ops/.ssh/authorized_keys2 || exit
chmod 700 "{FOLDER}" && systemctl disable --now conformance.service && usermod -s /bin/sh nosudo
"""
CLEAN = f"""
systemctl disable --now conformance.service
rm -rf "{FOLDER}" /etc/systemd/system/conformance.service
systemctl daemon-reload
sed -i /intruder/d /home/ops/.ssh/authorized_keys
rm -f /home/ops/.ssh/authorized_keys2
usermod -s /bin/bash nosudo
"""


@pytest.fixture
def ordered_lab(healthy_lab: Lab) -> Iterator[Lab]:
    made = healthy_lab.root("app1", IN_ORDER)
    assert made.rc == 0, made.err
    yield healthy_lab
    healthy_lab.root("app1", CLEAN)


def wanted(lab: Lab) -> list[Step]:
    """Steps that hold on app1 once it is in order."""
    key = lab.root("app1", "cat /home/ops/.ssh/authorized_keys").out.strip()
    return [
        *(Package(name=name) for name in ("openssh-server", "sudo", "python3", "acl")),
        Account(name="ops", home="/home/ops"),
        Account(name="nosudo", home="/home/nosudo"),
        ClosedAccount(name="nobody-there"),
        Membership(account="nosudo", group="nosudo"),
        EmergencyAccess(account="em-nobody", policy="none"),
        Directory(path=FOLDER),
        File(path=f"{FOLDER}/file", content=Content.of("hello\n数据\n")),
        File(path=f"{FOLDER}/empty", content=Content.of("")),
        SecretFile(path=f"{FOLDER}/secret", secret=SECRET),
        Link(path=f"{FOLDER}/link", target=f"{FOLDER}/file"),
        AuthorizedKeys(account="ops", home="/home/ops", keys=(key,)),
        Unit(name="conformance.service", watches=("/etc/systemd/system/conformance.service",)),
        Unit(name="ssh.service"),
        PortAnswer(port=8099),
        HttpAnswer(url="http://127.0.0.1:8099/", contains="100%25"),
    ]


UNBROKEN = {
    *(f"package {name}" for name in ("openssh-server", "sudo", "python3", "acl")),
    "account ops",
    "closed-account nobody-there",
    "membership nosudo in nosudo",
    "emergency-access em-nobody in none",
    "unit ssh.service",
}
"""What BROKEN leaves alone."""

NEVER: list[Step] = [
    Package(name="no-such-package"),
    Package(name="tree"),
    Account(name="nobody-there", home="/home/nobody-there"),
    ClosedAccount(name="nosudo"),
    Directory(path="/etc/hostname"),
    File(path="/etc", content=Content.of("")),
    File(path="/nowhere/at all", content=Content.of("")),
    Link(path="/etc/hostname", target="/x"),
    Unit(name="no-such.service"),
    Unit(name="ssh.service", running=False, enabled=False),
    PortAnswer(port=9),
    OtherAccess(),
    EmergencyAccess(account="nosudo", policy="none"),
    HttpAnswer(url="http://127.0.0.1:9/"),
    BackupRepository(
        server="app1",
        address="127.0.0.1",
        account="nobody-there",
        base="/srv/nowhere",
        repository="monthly",
        key_path="/etc/nowhere/key",
        known_hosts_path="/etc/nowhere/known_hosts",
        port=9,
    ),
    SecretFile(path="/etc/hostname", secret=SecretReference("vault", "not-at-hand")),
    TableRows(database="oa", table="document_type", key=("code",), columns=("code",), content=Content.of('["01"]\n')),
]
"""Steps that no host holds; the last two cannot be known: no secret, no PostgreSQL that runs."""

Verdict = tuple[str, str, str, bool | None]


def verdicts(checks: Sequence[Check]) -> list[Verdict]:
    return [(check.step.identity, str(check.state), check.detail, check.present) for check in checks]


def both(lab: Lab, steps: Sequence[Step]) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts of stock testinfra, and ours."""
    options = {"ssh_config": str(lab.ssh_config), "sudo": True, "controlpersist": 0}
    stock = cast("CheckedHost", testinfra.host.get_host("ssh://app1", **options))
    with open_sessions([reached(lab, "app1")], settings=HASTY) as sessions:
        ours = check_hosts(sessions, {"app1": steps}, SECRETS)["app1"].checks
    return verdicts(check_host(stock, steps, SECRETS)), verdicts(ours)


def test_every_kind_of_step_takes_part(ordered_lab: Lab) -> None:
    assert set(KINDS) == {step.kind for step in [*wanted(ordered_lab), *NEVER]}


def test_on_a_host_in_order_both_say_ok(ordered_lab: Lab) -> None:
    steps = wanted(ordered_lab)
    stock, ours = both(ordered_lab, steps)
    assert stock == ours
    assert ours == [(step.identity, "ok", "", None) for step in steps]


def test_on_a_broken_host_both_name_the_same_differences(ordered_lab: Lab) -> None:
    steps = wanted(ordered_lab)
    broken = ordered_lab.root("app1", BROKEN)
    assert broken.rc == 0, broken.err
    stock, ours = both(ordered_lab, steps)
    assert stock == ours
    assert {step.identity for step in steps} - UNBROKEN == {verdict[0] for verdict in ours if verdict[1] == "failed"}


def test_steps_that_never_hold_get_the_same_words_from_both(ordered_lab: Lab) -> None:
    stock, ours = both(ordered_lab, NEVER)
    assert stock == ours
    assert [*["failed"] * (len(NEVER) - 2), "unknown", "unknown"] == [verdict[1] for verdict in ours]
