"""Accounts that hosts had before: a leaver's is closed whoever made it, a system account is nobody's, homes stay."""

from collections.abc import Iterator

import pytest
from contracts import Contract, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

ANNA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89 anna-li"
POLICIES = f"""\
kind: person
name: anna-li
text: {{zh: 安, en: Anna Li}}
teams: [crew]
from: 2026-01-01
keys:
  - {ANNA}
---
kind: access
name: crew
hosts: app1
people: {{team: crew}}
groups: [adm]
sudo: [/usr/bin/id]
keys: additional
"""
BEFORE = """\
set -e
useradd --create-home --shell /bin/bash --groups sudo,disk anna-li
echo anna-li:secret | chpasswd
install -d -o anna-li -g anna-li -m 0700 ~anna-li/.ssh
install -o anna-li -g anna-li -m 0600 ~ops/.ssh/authorized_keys ~anna-li/.ssh/authorized_keys2
install -d -m 0755 /etc/ssh/keys
install -m 0644 ~ops/.ssh/authorized_keys /etc/ssh/keys/anna-li
echo 'AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/keys/%u' >/etc/ssh/sshd_config.d/keys.conf
systemctl reload ssh
install -d -m 1730 -g crontab /var/spool/cron/crontabs 2>/dev/null || install -d -m 1730 /var/spool/cron/crontabs
echo '0 3 * * * echo nightly' | install -m 0600 -o anna-li /dev/stdin /var/spool/cron/crontabs/anna-li
install -d -o daemon -g daemon -m 1770 /var/spool/cron/atjobs
echo 'echo at night' | install -m 0700 -o anna-li -g daemon /dev/stdin /var/spool/cron/atjobs/a0000101c2d3e4
runuser -u anna-li -- sh -c 'mkdir -p ~/.config/systemd/user/timers.target.wants && cd ~/.config/systemd/user &&
  printf "[Timer]\\nOnActiveSec=1h\\n" >beat.timer && printf "[Service]\\nExecStart=/bin/true\\n" >beat.service &&
  ln -s ../beat.timer timers.target.wants/beat.timer'
loginctl enable-linger anna-li
systemd-run --quiet --uid=anna-li --on-calendar=daily --unit=theirs true
setsid runuser -u anna-li -- sleep 600 >/dev/null 2>&1 </dev/null &
"""
OTHERS = f"""\
set -e
printf '[Service]\\nUser=%%i\\nExecStart=/bin/sleep 900\\n' >/usr/lib/systemd/system/sync@.service
systemctl daemon-reload
systemctl start sync@anna-li.service
slice=user-$(id -u anna-li).slice
systemd-run --quiet "--slice=$slice" --scope sleep 800 >/dev/null 2>&1 </dev/null &
mkdir -p -m 0700 /root/.ssh
echo 'command="true" {ANNA}' >>/root/.ssh/authorized_keys
printf 'User_Alias OLD = nobody, \\\\\\n  anna-li\\nOLD ALL=(ALL) ALL\\n' >/etc/sudoers.d/old
sleep 0.5
pgrep -f 'sleep 800'
"""
SU = "echo secret | runuser -u nobody -- su anna-li -c 'echo secret | sudo -S -k id -u'"


@pytest.fixture
def contract(healthy_lab: Lab, fresh_host: FreshHost) -> Iterator[Contract]:
    fresh_host("app1")
    with small(healthy_lab, "accounts", POLICIES) as made:
        yield made


def root(lab: Lab, command: str) -> str:
    return lab.root("app1", command).out


def leaves(contract: Contract) -> None:
    contract.change("policies/all.yaml", "name: anna-li\n", "name: anna-li\nuntil: 2026-02-01\n")
    contract.commit()


def test_the_account_of_somebody_who_leaves_is_closed_whoever_made_it(healthy_lab: Lab, contract: Contract) -> None:
    assert healthy_lab.root("app1", BEFORE).rc == 0
    assert root(healthy_lab, SU) == "0\n"
    assert healthy_lab.run("app1", "id -un", user="anna-li").out == "anna-li\n"
    contract.good("apply", "--yes")
    leaves(contract)

    planned = contract.good("plan", "--live").out
    for way in (
        *("its password is not locked", "it is not expired", "shell is /bin/bash", "it is in group sudo"),
        *("it is in group disk", "it is in group adm", "keys can log in: /home/anna-li/.ssh/authorized_keys2"),
        *("/etc/ssh/keys/anna-li", "it has a crontab", "it has an at job: /var/spool/cron/atjobs/", "sleep ("),
        *("its systemd units run without a login: beat.timer", "systemd runs theirs.service as it"),
    ):
        assert way.replace("keys can", "key can") in planned, way
    assert contract.run("verify").code == 1
    root(healthy_lab, "systemctl stop theirs.timer")  # root's own units are left to people
    contract.good("apply", "--yes")
    contract.good("verify")

    assert healthy_lab.root("app1", SU).rc != 0
    assert healthy_lab.run("app1", "true", user="anna-li").rc == 255
    assert (
        root(healthy_lab, "sudo -l -U anna-li | grep -c NOPASSWD; id -nG anna-li; pgrep -u anna-li") == "0\nanna-li\n"
    )
    assert root(
        healthy_lab,
        "cd /var; ls lib/systemd/linger spool/cron/atjobs spool/cron/crontabs /etc/ssh/keys; cat ~anna-li/.ssh/*",
    ) == ("/etc/ssh/keys:\n\nlib/systemd/linger:\n\nspool/cron/atjobs:\n\nspool/cron/crontabs:\n")
    assert root(healthy_lab, "cat /var/lib/opspact/closed-accounts/anna-li/*") == (
        "echo at night\n0 3 * * * echo nightly\n"
    )
    assert contract.good("plan", "--live", "--format", "json").of_host("app1")["change"] == []

    # By hand it is opened again, one way after the other: each is seen, and closed.
    by_hand = "passwd -u anna-li || usermod -p '*x' anna-li; usermod -G sudo -e '' -s /bin/sh anna-li"
    root(healthy_lab, by_hand)
    found = contract.run("verify")
    assert (found.code, "it is in group sudo" in found.out, "it is not expired" in found.out) == (1, True, True)
    contract.good("apply", "--yes")
    contract.good("verify")

    contract.change("policies/all.yaml", "until: 2026-02-01\n", "")
    contract.commit()
    contract.good("apply", "--yes")
    contract.good("verify")
    assert root(healthy_lab, "id -nG anna-li; getent passwd anna-li | cut -d: -f7") == "anna-li adm\n/bin/bash\n"


def test_what_belongs_to_others_is_named_and_keeps_running(healthy_lab: Lab, contract: Contract) -> None:
    assert healthy_lab.root("app1", f"{BEFORE}\n{OTHERS}").rc == 0
    service = root(healthy_lab, "systemctl show --property=MainPID --value sync@anna-li.service")
    leaves(contract)

    applied = contract.run("apply", "--yes")

    assert applied.code == 3
    assert root(healthy_lab, "systemctl show --property=MainPID --value sync@anna-li.service") == service
    assert root(healthy_lab, "pgrep -u anna-li") == service  # nothing else of hers
    assert root(healthy_lab, "pgrep -f 'sleep [86]00'") == ""
    said = contract.run("verify")
    assert said.code == 1
    for way in (
        *("systemd runs sync@anna-li.service as it", "logs in to root: /root/.ssh/authorized_keys"),
        "sudo rules name it: /etc/sudoers.d/old",
    ):
        assert way in said.out, way
    root(healthy_lab, "systemctl stop sync@anna-li.service theirs.timer")
    root(healthy_lab, "rm /usr/lib/systemd/system/sync@.service /etc/sudoers.d/old /root/.ssh/authorized_keys")
    root(healthy_lab, "systemctl daemon-reload")
    contract.good("apply", "--yes")
    contract.good("verify")


def test_a_system_account_of_the_host_is_nobodys(healthy_lab: Lab, contract: Contract) -> None:
    seen = "getent passwd anna-li; getent shadow anna-li; id -nG anna-li; ls /home /etc/sudoers.d | grep -E 'anna|crew'"
    root(healthy_lab, "useradd --system --home-dir /var/lib/anna --shell /usr/sbin/nologin anna-li")
    before = root(healthy_lab, seen)

    assert "is a system account" in contract.good("plan", "--live").out
    applied = contract.run("apply", "--yes")
    assert (applied.code, "is a system account" in applied.out) == (3, True)
    assert root(healthy_lab, seen) == before
    assert contract.run("verify").code == 1
    leaves(contract)
    assert contract.run("apply", "--yes").code == 3
    assert root(healthy_lab, seen) == before


def test_a_home_elsewhere_is_said_and_not_moved(healthy_lab: Lab, contract: Contract) -> None:
    root(healthy_lab, "mkdir /srv/homes; useradd --create-home --home-dir /srv/homes/anna --shell /bin/bash anna-li")
    root(healthy_lab, "echo mine >/srv/homes/anna/mine")
    applied = contract.run("apply", "--yes")
    assert (applied.code, "home is /srv/homes/anna, expected /home/anna-li" in applied.out) == (3, True)
    assert root(healthy_lab, "getent passwd anna-li | cut -d: -f6; cat /srv/homes/anna/mine; ls /home | grep anna") == (
        "/srv/homes/anna\nmine\n"
    )
    assert root(healthy_lab, "usermod --move-home --home /home/anna-li anna-li; cat /home/anna-li/mine") == "mine\n"
    contract.good("apply", "--yes")
    contract.good("verify")
