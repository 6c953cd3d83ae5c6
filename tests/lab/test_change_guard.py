"""The dead man's switch: what locks opspact out of a host is reverted by the host itself."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from contracts import Contract, small, until
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

WITHIN = "confirm_within: 10s\n"
PAM = "/etc/pam.d/sshd"
RULES = "auth required pam_unix.so\naccount required pam_unix.so\nsession required {}\n"
"""Of sshd: without a session, nobody is let in."""
LOGINS = f"""\
kind: service
name: logins
hosts: app1
owner: crew
files:
  - {{path: {PAM}, source: files/logins}}
"""


@pytest.fixture
def contract(healthy_lab: Lab, fresh_host: FreshHost) -> Iterator[Contract]:
    fresh_host("app1")
    with small(healthy_lab, "guarded", LOGINS) as made:
        made.change("policies/contract.yaml", "language: en\n", f"language: en\n{WITHIN}")
        made.write("files/logins", RULES.format("pam_permit.so"))
        made.commit()
        yield made


def states(contract: Contract) -> list[tuple[str, str]]:
    return [(event["body"]["host"], event["body"]["state"]) for event in contract.events("change.guarded")]


def nothing_armed(lab: Lab) -> bool:
    left = "ls /var/lib/opspact/change-guard; systemctl list-units --all --no-legend 'opspact-change-guard*'; "
    left += "ls /etc/systemd/system /etc/systemd/system/sysinit.target.wants | grep guard"
    return lab.root("app1", left).out.split() in ([], ["change_guard.py", "lock", "python"])


def test_a_good_change_is_confirmed_and_one_that_locks_us_out_is_reverted(healthy_lab: Lab, contract: Contract) -> None:
    contract.good("apply", "--yes")

    assert states(contract) == [("app1", "confirmed")]
    until(lambda: nothing_armed(healthy_lab))

    contract.write("files/logins", RULES.format("pam_deny.so"))  # the rehearsal asks for accounts, not for sessions
    contract.commit()
    said = contract.run("apply", "--yes", "--format", "json")

    assert said.code == 3, said.out + said.err
    assert f"the host has reverted {PAM}" in said.of_host("app1")["why"]
    assert healthy_lab.root("app1", f"cat {PAM}").out == RULES.format("pam_permit.so")
    assert states(contract)[1:] == [("app1", "reverted")]
    until(lambda: nothing_armed(healthy_lab))


def lock_out(lab: Lab, contract: Contract) -> "subprocess.Popen[str]":
    """Begin to apply what locks everybody out; return when it is in effect. The lab keeps a connection of its own."""
    contract.write("files/logins", RULES.format("pam_deny.so"))
    contract.commit()
    applying = contract.start("apply", "--yes", "--format", "json")
    until(lambda: "deny" in lab.root("app1", f"cat {PAM}").out or applying.poll() is not None, within=120)
    assert applying.poll() is None, applying.communicate()
    return applying


def is_reverted(lab: Lab) -> bool:
    return lab.root("app1", f"cat {PAM}").out == RULES.format("pam_permit.so")


def test_a_run_that_is_cut_off_hears_that_the_host_has_reverted_its_change(
    healthy_lab: Lab, contract: Contract
) -> None:
    contract.good("apply", "--yes")
    with lock_out(healthy_lab, contract) as applying:
        healthy_lab.cut("app1")
        time.sleep(15)
        healthy_lab.heal("app1")
        out, err = applying.communicate(timeout=300)

    assert applying.returncode == 3, out + err
    (host,) = json.loads(out)["hosts"]
    assert f"the host has reverted {PAM}: nobody confirmed it within 10" in host["why"]
    assert is_reverted(healthy_lab)
    until(lambda: nothing_armed(healthy_lab))
    assert states(contract)[1:] == [("app1", "reverted")]


def test_a_run_that_is_killed_and_a_reboot_leave_the_host_as_it_was(healthy_lab: Lab, contract: Contract) -> None:
    contract.good("apply", "--yes")
    contract.change("policies/contract.yaml", WITHIN, "confirm_within: 1h\n")  # the base decides: still 10s
    with lock_out(healthy_lab, contract) as applying:
        applying.kill()
    until(lambda: is_reverted(healthy_lab), within=120)
    contract.write("files/logins", RULES.format("pam_permit.so") + "# a comment\n")
    contract.commit()

    said = contract.good("apply", "--yes")

    assert f"app1: the host has reverted {PAM}" in said.err
    assert states(contract)[1:] == [("app1", "reverted"), ("app1", "confirmed")]
    contract.good("verify")

    with lock_out(healthy_lab, contract) as applying:
        applying.kill()
    healthy_lab.stop("app1")
    healthy_lab.start("app1")
    until(lambda: healthy_lab.root("app1", f"cat {PAM}").out.endswith("# a comment\n"), within=120)
    assert contract.run("verify").code == 1
    contract.write("files/logins", RULES.format("pam_permit.so"))
    contract.commit()
    contract.good("apply", "--yes")
    until(lambda: nothing_armed(healthy_lab))
    reboot = contract.events("change.guarded")[-2]["body"]
    assert reboot["why"].endswith("the host was started again before it was confirmed")


NETWORK = """
import json, subprocess
from opspact.onhost.saved_network import restore_network, save_network
def ip(words): subprocess.run(["ip", *words.split()], check=True)
for words in SETUP: ip(words)
saved = json.loads(json.dumps(save_network()))
for words in CHANGES: ip(words)
with open("/proc/sys/net/ipv4/conf/net0/rp_filter", "w") as file: file.write("1")
assert save_network() != saved
problems = restore_network(saved)
assert problems == [], problems
now = save_network()
assert now == saved, {each: (now[each], saved[each]) for each in saved if now[each] != saved[each]}
"""
SETUP = (
    *("link add net0 type veth peer name net1", "link set net1 up", "link set net0 up"),
    *("address add 192.0.2.9/24 brd + dev net0", "-6 address add 2001:db8::9/64 dev net0 nodad"),
    *("route add default via 192.0.2.1", "rule add to 203.0.113.9 table 7"),
    "route add 203.0.113.0/24 via 192.0.2.2 table 7",
)
CHANGES = (
    *("address del 192.0.2.9/24 dev net0", "address add 192.0.2.77/24 dev net0", "link set net0 down"),
    *("route add blackhole 198.51.100.1/32", "rule add pref 9 to 198.51.100.1 prohibit", "-6 address flush dev net0"),
    *("-6 route add unreachable 2001:db8:1::/64", "rule del to 203.0.113.9 table 7"),
)


def test_addresses_routes_and_rules_are_as_before(healthy_lab: Lab) -> None:
    """In a network of its own on this machine: hosts of the lab may not change theirs."""
    assert healthy_lab.hosts
    program = f"SETUP = {SETUP!r}\nCHANGES = {CHANGES!r}\n{NETWORK}"
    command = ["unshare", "--net", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
