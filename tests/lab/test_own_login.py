"""The login by which opspact is on a host: no plan takes it away, and another one that works makes it free."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import Contract, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi somebody"
PERSON = """\
kind: person
name: operator
text: {{zh: 运, en: Operator}}
teams: [crew]
from: 2026-01-01
account: ops
channels: {{email: ops@example.com}}
keys: ["{key}"]
---
kind: access
name: operators
hosts: app1
people: {{team: crew}}
sudo: [/usr/bin/true]
keys: exclusive
"""
SERVICE = """\
---
kind: service
name: doors
hosts: app1
owner: crew
files:
  - {path: /etc/ssh/sshd_config.d/crew.conf, source: files/sshd}
"""


@pytest.fixture
def contract(healthy_lab: Lab, fresh_host: FreshHost) -> Iterator[Contract]:
    fresh_host("app1")
    with small(healthy_lab, "doors", PERSON.format(key=OTHER)) as made:
        yield made


def planned(contract: Contract) -> dict[str, str]:
    said = contract.run("plan", "--live", "--format", "json")
    return {change["step"]: change["why"] for change in said.of_host("app1")["manual"]}


def test_the_key_of_the_run_stays_unless_another_one_that_it_has_is_let_in(
    healthy_lab: Lab, contract: Contract, tmp_path: Path
) -> None:
    refused = planned(contract)

    assert list(refused) == ["authorized-keys ops"]
    assert "SHA256:" in refused["authorized-keys ops"]
    applied = contract.run("apply", "--yes", "--format", "json")
    assert applied.code != 0
    assert "this run logs in as ops with the key SHA256:" in applied.of_host("app1")["why"]
    assert contract.run("verify").code == 1  # we are still let in

    second = tmp_path / "second"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "second", "-f", second], check=True)
    public = second.with_suffix(".pub").read_text().strip()
    healthy_lab.root("app1", f"echo '{public}' >>/home/ops/.ssh/authorized_keys")
    contract.change("policies/all.yaml", OTHER, public)
    contract.commit()
    assert list(planned(contract)) == ["authorized-keys ops"]  # it may log in, and we do not have it
    more = f"    ansible_ssh_extra_args: -o IdentityFile={second}\n"
    contract.change("inventory/hosts.yaml", "    ansible_user: ops\n", f"    ansible_user: ops\n{more}")
    contract.commit()
    assert planned(contract) == {}
    contract.good("apply", "--yes")
    contract.good("verify")
    assert healthy_lab.root("app1", "cat /home/ops/.ssh/authorized_keys").out.strip() == public


ELSEWHERE = """\
set -e
install -d -m 0755 /etc/ssh/keys
echo '{keys}' >/etc/ssh/keys/ops
echo 'AuthorizedKeysFile {files}' >/etc/ssh/sshd_config.d/own.conf
systemctl reload ssh
"""


def test_no_other_keys_are_left_wherever_sshd_looks_for_them(healthy_lab: Lab, contract: Contract) -> None:
    key = Path(f"{healthy_lab.key}.pub").read_text().strip()
    contract.change("policies/all.yaml", OTHER, key)
    contract.commit()
    contract.good("apply", "--yes")
    both = ELSEWHERE.format(keys=OTHER, files=".ssh/authorized_keys /etc/ssh/keys/%u")
    assert healthy_lab.root("app1", both).rc == 0

    seen = contract.run("verify")

    assert seen.code == 1
    assert "in /etc/ssh/keys/ops: a key that no policy names can log in: somebody" in " ".join(seen.out.split())
    contract.good("apply", "--yes")
    contract.good("verify")
    assert healthy_lab.root("app1", "ls /etc/ssh/keys; cat /var/lib/opspact/former-files/etc/ssh/keys/ops").out == (
        f"{OTHER}\n"
    )

    central = ELSEWHERE.format(keys=key, files="/etc/ssh/keys/%u")
    assert healthy_lab.root("app1", central).rc == 0
    assert contract.run("apply", "--yes").code != 0
    seen = contract.run("verify")  # the run is still let in
    assert seen.code == 1
    assert "sshd does not read /home/ops/.ssh/authorized_keys but /etc/ssh/keys/ops" in " ".join(seen.out.split())
    assert healthy_lab.root("app1", "cat /etc/ssh/keys/ops").out.strip() == key


def test_the_account_and_the_settings_of_sshd_stay_that_let_the_run_in(healthy_lab: Lab, contract: Contract) -> None:
    key = Path(f"{healthy_lab.key}.pub").read_text().strip()
    contract.write("files/sshd", "PermitRootLogin no\n")
    contract.write("policies/all.yaml", PERSON.format(key=key) + SERVICE)
    contract.commit()
    contract.good("apply", "--yes")
    contract.write("files/sshd", "PermitRootLogin no\nAllowUsers somebody\n")
    contract.drop("policies/all.yaml", "operators")
    contract.commit()

    refused = planned(contract)

    assert "AllowUsers somebody" in refused["file /etc/ssh/sshd_config.d/crew.conf"]
    assert "account ops" in refused or "authorized-keys ops" in refused
    assert contract.run("apply", "--yes").code != 0
    assert contract.run("verify").code == 1
    assert healthy_lab.root("app1", "cat /etc/ssh/sshd_config.d/crew.conf").out == "PermitRootLogin no\n"


HARD = """\
echo '%adm ALL=(ALL:ALL) NOPASSWD:ALL' >/etc/sudoers.d/own
rm -f /etc/sudoers.d/ops; sed -i '/^%sudo/d' /etc/sudoers; sudo -l -U ops
"""
FILES = {
    "/etc/ssh/sshd_config.d/port.conf": "Port 2222\n",
    "/etc/ssh/sshd_config.d/keys.conf": "AuthorizedKeysFile /etc/ssh/keys/%u\n",
    "/etc/ssh/sshd_config.d/match.conf": "Match Address 198.51.100.0/24\nForceCommand /bin/false\n",
    "/etc/ssh/sshd_config.d/rsa.conf": "PubkeyAcceptedAlgorithms rsa-sha2-512\n",
    "/etc/ssh/sshd_config.d/banner.conf": "Banner /etc/issue\n",
    "/etc/default/ssh": 'SSHD_OPTS="-p 2222"\n',
    "/etc/hosts.deny": "sshd: ALL EXCEPT 203.0.113. : spawn touch /tmp/spawned\n",
    "/etc/nologin": "closed\n",
    "/etc/systemd/system/ssh.service.d/doors.conf": "[Service]\nIPAddressDeny=any\n",
    "/etc/systemd/system/ssh.service.d/order.conf": "[Service]\n# at once\nRestart=always\n",
    "/home/ops/.ssh/authorized_keys": f"{OTHER}\n",
}
DOORS = """\
kind: service
name: doors
hosts: app1
owner: crew
directories:
  - {path: /home/ops, owner: ops, group: ops, mode: "0777"}
  - {path: /etc/systemd/system/ssh.service.d}
files:
"""


def test_sudo_and_sshd_are_rehearsed_and_what_cuts_the_run_off_is_left_out(
    healthy_lab: Lab, contract: Contract
) -> None:
    key = Path(f"{healthy_lab.key}.pub").read_text().strip()
    people = PERSON.format(key=key).replace("keys: exclusive", "keys: additional")
    contract.write("policies/all.yaml", f"{people}groups: [adm]\n")
    contract.commit()
    contract.good("apply", "--yes")
    assert "NOPASSWD: ALL" in healthy_lab.root("app1", HARD).out  # by that group alone
    lines = []
    for number, (path, text) in enumerate(FILES.items()):
        contract.write(f"files/{number}", text)
        lines.append(f"  - {{path: {path}, source: files/{number}, mode: '0440'}}\n")
    contract.write("policies/all.yaml", f"{people}---\n{DOORS}{''.join(lines)}")
    contract.commit()

    refused = planned(contract)

    fine = {"/etc/ssh/sshd_config.d/banner.conf", "/etc/systemd/system/ssh.service.d/order.conf"}
    assert refused.keys() == {
        *("directory /home/ops", "membership ops in adm"),
        *(f"file {path}" for path in FILES.keys() - fine),
    }
    assert "become root by sudo" in refused["membership ops in adm"]
    assert contract.run("apply", "--yes").code != 0
    assert contract.run("verify").code == 1  # the run is still let in, and becomes root
    written = "ls /etc/ssh/sshd_config.d | grep -E 'port|keys|match|rsa|banner'; ls -d /tmp/etc /tmp/made"
    assert healthy_lab.root("app1", written).out == "banner.conf\n"
    assert healthy_lab.root("app1", "ls /etc/systemd/system/ssh.service.d /tmp/spawned").out == (
        "/etc/systemd/system/ssh.service.d:\norder.conf\n"
    )
