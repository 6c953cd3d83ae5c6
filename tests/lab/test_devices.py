"""Devices, probed from a host on its own schedule: a host of the lab is the switch, and its cable is pulled."""

from collections.abc import Iterator

import pytest
from contracts import Contract, later, small
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
