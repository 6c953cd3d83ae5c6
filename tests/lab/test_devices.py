"""Devices, probed from a host on its own schedule: a host of the lab is the switch, and its cable is pulled."""

import secrets
from collections.abc import Iterator

import pytest
from canary import on_host, watched
from contracts import Contract, later, small
from disks import FreshHost
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: clause
name: C4
section: '1'
text: {{en: Devices are checked every day}}
kept_by: opspact
evidence_within: 7 days
---
kind: inspection
name: daily
hosts: app1
schedule: monthly on day 1 at 03:00
items: [{{memory: {{warn: 99%, critical: 99.9%}}}}]
---
kind: device
name: switch
clauses: [C4]
owner: crew
address: {address}
probed_from: app1
normal: [{{ping: {{within: 300ms}}}}, {{tcp: {{port: 22, within: 1s}}}}, {{tcp: {{port: 81, within: 1s}}}}]
"""


@pytest.fixture
def contract(healthy_lab: Lab) -> Iterator[Contract]:
    with small(healthy_lab, "devices", POLICIES.format(address=healthy_lab.address("db1"))) as made:
        made.good("apply", "--yes")
        yield made
        made.write("policies/all.yaml", POLICIES.format(address="").partition("---")[0])
        made.commit()
        made.good("apply", "--yes")


def looked_at(contract: Contract) -> list[tuple[str, str]]:
    """Have app1 inspect by its own service, and collect; return what was seen of the switch."""
    result = contract.run("inspect", "run", "daily", "--format", "json").json["results"][0]
    items = [item for item in result["items"] if item["subject"] == "device/switch"]
    return [(item["item"], item["verdict"]) for item in items]


def probe(contract: Contract, **environment: str) -> str:
    shown = contract.run("trace", "C4", "--format", "json", **environment).json
    (policy,) = (each for each in shown["policies"] if each["name"] == "device/switch")
    (state,) = (each["state"] for each in policy["obligations"] if each["obligation"] == "probe by daily")
    return str(state)


def test_a_dead_switch_was_looked_at_and_is_a_critical_finding(healthy_lab: Lab, contract: Contract) -> None:
    assert looked_at(contract) == [("ping", "ok"), ("tcp", "ok"), ("tcp", "critical")]
    assert probe(contract) == "kept"
    assert probe(contract, **later(40)) == "late"
    healthy_lab.cut("db1")
    assert looked_at(contract) == [("ping", "critical"), ("tcp", "critical"), ("tcp", "critical")]
    assert probe(contract) == "kept"
    status = contract.run("status", "--format", "json").json
    assert [(one["host"], one["item"], one["verdict"]) for one in status["findings"]] == [
        ("app1", "ping device/switch", "critical"),
        ("app1", "tcp device/switch", "critical"),
        ("app1", "tcp device/switch", "critical"),
    ]
    shown = contract.run("inspect", "show")
    assert shown.code == 1
    assert "does not answer 3 pings within 0.3 s each" in shown.out
    assert "device/switch  probe by daily: device/switch" in shown.out
    healthy_lab.heal("db1")
    assert looked_at(contract)[0] == ("ping", "ok")


OF_SNMP = """\
kind: device
name: ups
owner: crew
address: {address}
probed_from: app1
snmp: {{user: monitor, auth: "secret:file:../auth", auth_protocol: SHA-256, privacy: "secret:file:../privacy"}}
normal:
  - snmp: {{name: location, oid: 1.3.6.1.2.1.1.6.0, type: text, contains: 机房}}
  - snmp: {{name: link, oid: 1.3.6.1.2.1.2.2.1.8.1, type: integer, equals: 1}}
  - snmp: {{name: memory, oid: 1.3.6.1.2.1.25.2.2.0, type: integer, unit: KiB, below: {{warn: 1.0e+12, critical: 1}}}}
  - snmp: {{name: speed, oid: 1.3.6.1.2.1.2.2.1.5.1, type: gauge, above: {{critical: 10}}}}
  - snmp: {{name: traffic, oid: 1.3.6.1.2.1.31.1.1.1.6.1, type: counter, unit: B, above: {{warn: 1.0e+12}}}}
  - snmp: {{name: missing, oid: 1.3.6.1.2.1.33.1.2.4.0, type: integer, below: {{warn: 80}}}}
  - snmp: {{name: uptime, oid: 1.3.6.1.2.1.1.3.0, type: integer, above: {{warn: 1}}}}
---
kind: device
name: printer
owner: crew
address: {address}
probed_from: app1
snmp: {{community: "secret:file:../community"}}
normal: [{{snmp: {{name: location, oid: 1.3.6.1.2.1.1.6.0, type: text, contains: B}}}}]
"""
AGENT = """\
set -e
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends snmpd >/dev/null
cat >/etc/snmp/snmpd.conf <<'END'
agentaddress udp:161
sysLocation 机房 A
rocommunity {community}
createUser monitor SHA-256 {auth} AES {privacy}
rouser monitor priv
END
systemctl restart snmpd
"""


def by_snmp(contract: Contract) -> dict[str, str]:
    """Have app1 inspect by its own service; return the verdicts by device and value."""
    result = contract.run("inspect", "run", "daily", "--format", "json").json["results"][0]
    items = [item for item in result["items"] if item["item"].startswith("snmp")]
    return {f"{item['subject'].partition('/')[2]} {item['item'].partition('_')[2]}": item["verdict"] for item in items}


def test_values_are_asked_for_by_snmp_and_no_secret_is_seen_on_the_way(healthy_lab: Lab, fresh_host: FreshHost) -> None:
    fresh_host("db1")
    words = {name: f"Canary-{secrets.token_hex(12)}" for name in ("auth", "privacy", "community")}
    made = healthy_lab.root("db1", AGENT.format(**words))
    assert made.rc == 0, made
    head = POLICIES.format(address="").partition("\n---\nkind: device")[0]
    with small(healthy_lab, "snmp", f"{head}\n---\n{OF_SNMP.format(address=healthy_lab.address('db1'))}") as contract:
        for name, word in words.items():
            (contract.home / name).touch(mode=0o600)
            (contract.home / name).write_text(word)
        contract.good("apply", "--yes")
        with watched(list(words.values())) as watch:
            first, second = by_snmp(contract), by_snmp(contract)
        expected = {
            "ups ": "ok",
            "ups location": "ok",
            "ups link": "ok",
            "ups memory": "warning",
            "ups speed": "critical",
            "ups traffic": "ok",
            "ups missing": "unknown",
            "ups uptime": "unknown",
            "printer ": "ok",
            "printer location": "critical",
        }
        assert (first, second) == ({**expected, "ups traffic": "unknown"}, expected)
        assert (watch.looks > 5, watch.seen) == (True, set())
        files = sorted(f"/etc/opspact/snmp/{place}" for place in ("printer/community", "ups/auth", "ups/privacy"))
        assert on_host(healthy_lab, "app1", list(words.values())) == files
        contract.good("verify")
        healthy_lab.root("db1", "systemctl stop snmpd")
        assert by_snmp(contract) == {"ups ": "critical", "printer ": "critical"}
        contract.write("policies/all.yaml", head + "\n")
        contract.commit()
        contract.good("apply", "--yes")
        assert on_host(healthy_lab, "app1", list(words.values())) == []
