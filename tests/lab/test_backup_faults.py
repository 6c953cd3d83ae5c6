"""Backups that go wrong on real hosts: a full disk, a network that is cut, a host that goes down, each in the middle.

Each failure is said and is no copy, the copies before it can be restored, and the next backup needs nobody's help. The
tests share the hosts and go in the order written.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from contracts import Contract, later, small, until
from labkit import Lab

pytestmark = pytest.mark.lab

CLIENT, SERVER = "db1", "backup1"
BASE = "/srv/opspact-backup"
REPOSITORY = f"{BASE}/{CLIENT}/kept"
FILLER = f"{BASE}/.filled-by-the-lab"
UNIT = "opspact-backup-kept.service"
POLICIES = f"""\
kind: clause
name: D2
section: '1'
text: {{en: There is a copy of each day}}
kept_by: opspact
evidence_within: 92 days
---
kind: backup
name: kept
clauses: [D2]
hosts: {CLIENT}
what: {{paths: [/etc, /srv], databases: [{{postgresql: oa}}]}}
schedule: daily at 03:00
to: {{host: {SERVER}, repository: kept}}
keep: {{hourly: 50}}
rpo: 50h
rto: 1h
passphrase: secret:vault:borg
"""
MORE = "mkdir -p /srv/more; for each in $(seq 30); do head -c 100000 /dev/urandom >/srv/more/$each; done"
SLOW = """cat >/usr/local/bin/borg <<'END'
#!/bin/sh
[ "$1" = create ] || exec /usr/bin/borg "$@"
shift
exec /usr/bin/borg create --upload-ratelimit 400 --checkpoint-interval 1 "$@"
END
chmod 755 /usr/local/bin/borg"""
"""What is sent for minutes in reality takes some seconds, and a part of the archive is stored before it is whole."""
IMPATIENT = (
    "sed -i 's/ServerAliveInterval=30/ServerAliveInterval=1/g; s/ServerAliveCountMax=10/ServerAliveCountMax=2/g;"
    " s/ConnectTimeout=10/ConnectTimeout=2/g' /etc/opspact/backup/kept.*"
)


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    """A contract with one good copy. Each test is a day later: another one is due."""
    lab.up()
    with small(lab, "faults", POLICIES) as made:
        made.good("apply", "--yes")
        made.good("backup", "run")
        lab.set_patience(CLIENT, 1)  # a connection that was cut is forgotten in seconds, as it is in hours
        yield made
    lab.set_patience(CLIENT, 0)
    lab.reset(CLIENT, SERVER)


def on_day(contract: Contract, number: int) -> Contract:
    """Return the contract, so many days after its first copy."""
    return replace(contract, environment=later(number))


def back_up(contract: Contract) -> dict[str, Any]:
    (result,) = contract.run("backup", "run", "--format", "json").json["results"]
    found: dict[str, Any] = result
    return found


def status(contract: Contract) -> Any:
    said = contract.run("backup", "status", "--collect", "--format", "json")
    assert said.out, said
    return said.json


def clause(contract: Contract) -> str:
    (found,) = contract.run("trace", "--format", "json").json["clauses"]
    return str(found["state"])


def transactions(lab: Lab) -> int:
    return int(lab.root(SERVER, f"wc -l <{REPOSITORY}/transactions").out)


def is_held(lab: Lab) -> bool:
    """Whether a session of the host is open on the server."""
    return lab.root(SERVER, "pgrep -f '^/usr/bin/python3 /usr/bin/borg serve'").rc == 0


def demand_restore(lab: Lab, contract: Contract, copy: str, *, to: str) -> None:
    """Demand that a file comes back from this copy, which is the newest."""
    arguments = ("--file", "/etc/hostname", "--to", f"/root/{to}", "--yes", "--format", "json")
    (result,) = contract.run("backup", "restore", "kept", "--host", CLIENT, *arguments).json["results"]
    assert (result["verdict"], result["facts"]["archive"]["name"]) == ("ok", copy), result
    assert lab.root(CLIENT, f"cat /root/{to}/etc/hostname").out == f"{CLIENT}\n"


def demand_failure(contract: Contract, state: str, *, words: str) -> None:
    """Demand that the newest run is said to have failed, and why, and that the copy before it is none the worse."""
    found = status(contract)
    assert words in found["copies"][0]["failed"]["message"], found
    owed = {each["obligation"]: each for each in found["obligations"]}
    assert (owed["backup run"]["state"], owed["copy"]["state"]) == (state, "kept"), found
    assert clause(contract) in {state, "late"}, "late: the day's pruning is still to come"
    assert words in owed["backup run"]["reason"], found


def demand_recovery(lab: Lab, contract: Contract) -> None:
    """Demand that the next backup counts, whatever the last one left, and that the server gets at the repository."""
    result = back_up(contract)
    assert (result["outcome"], result["verdict"]) == ("done", "ok"), result
    assert lab.root(SERVER, "systemctl start opspact-prune-kept", timeout=120).rc == 0
    found = status(contract)
    assert (found["copies"][0]["copy"], found["copies"][0]["failed"]) == (result["copy"]["name"], None), found
    assert {each["state"] for each in found["obligations"]} <= {"kept", "not_due"}, found


def test_the_backup_server_s_disk_is_full(lab: Lab, contract: Contract) -> None:
    contract = on_day(contract, 1)
    copy = status(contract)["copies"][0]["copy"]
    lab.root(CLIENT, MORE)
    lab.fill(SERVER, BASE)
    lab.root(SERVER, f"truncate -s -1M {FILLER}")
    for rest in ("a part of it fits", "not even a lock fits"):
        result = back_up(contract)
        assert (result["outcome"], result["verdict"], result["copy"]["name"]) == ("failed", "critical", copy), rest
        assert result["message"].endswith(f"@{lab.address(SERVER)}:22/./kept: No space left on device."), result
        lab.root(SERVER, f"cat /dev/zero >>{FILLER}")
    demand_failure(contract, "failed", words="No space left on device")
    demand_restore(lab, contract, copy, to="full")
    lab.unfill(SERVER)
    demand_recovery(lab, contract)


def test_the_network_is_cut_and_the_server_does_not_notice(lab: Lab, contract: Contract) -> None:
    contract = on_day(contract, 2)
    copy = status(contract)["copies"][0]["copy"]
    assert lab.root(CLIENT, f"{MORE}; {IMPATIENT}; {SLOW}").rc == 0
    before = transactions(lab)
    asked = contract.start("backup", "run")
    until(lambda: transactions(lab) > before, within=120)
    lab.cut(SERVER)
    out, err = asked.communicate(timeout=120)
    assert (asked.returncode, "connection to the backup server was lost" in out) == (3, True), out + err
    connections = f"ss -Htn state all dst {lab.address(SERVER)}"
    until(lambda: lab.root(CLIENT, connections).out == "", within=60)
    lab.root(CLIENT, "rm /usr/local/bin/borg")
    lab.heal(SERVER)
    assert is_held(lab), "the server does not know that nobody is there"
    demand_failure(contract, "failed", words="connection to the backup server was lost")
    demand_restore(lab, contract, copy, to="cut")
    demand_recovery(lab, contract)


@pytest.mark.soak
def test_the_host_goes_down_and_comes_back(lab: Lab, contract: Contract) -> None:
    contract = on_day(contract, 3)
    copy = status(contract)["copies"][0]["copy"]
    assert lab.root(CLIENT, f"{MORE}; {SLOW}").rc == 0
    before = transactions(lab)
    lab.root(CLIENT, f"systemctl start --no-block {UNIT}; sync")
    until(lambda: transactions(lab) > before, within=120)
    lab.cut(CLIENT)
    lab.kill(CLIENT)
    lab.start(CLIENT)
    lab.root(CLIENT, "rm /usr/local/bin/borg")
    demand_failure(contract, "unknown", words="left no result")
    demand_restore(lab, contract, copy, to="down")
    demand_recovery(lab, contract)
