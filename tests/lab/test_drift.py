"""Drift on real hosts: seen, with since when over two runs; known; fixed where that is allowed; and coming back."""

from collections.abc import Iterator
from typing import Any

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: fixed
hosts: app1:app2
owner: crew
files:
  - {path: /etc/drifting.conf, source: files/note, restarts: drifting.service}
  - {path: /etc/systemd/system/drifting.service, source: files/unit, restarts: drifting.service}
units: [drifting.service]
---
kind: service
name: left
hosts: app1:app2
owner: crew
files:
  - {path: /srv/drift-left, source: files/note}
  - {path: /srv/drift-known, source: files/note}
---
kind: known_drift
name: an-agent
steps: ["file /srv/drift-known"]
hosts: app1:app2
reason: an agent writes it
by: crew
until: 2099-12-31
---
kind: rollout
name: default
hosts: app1:app2
waves: [{count: 1}, {percent: 100}]
fix_drift: [service/fixed]
"""
UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
CONF, LEFT, KNOWN = "file /etc/drifting.conf", "file /srv/drift-left", "file /srv/drift-known"
FOLLOWS = "unit drifting.service"  # it has not read its file since that was edited


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "drifting", POLICIES) as made:
        for name, text in {"note": "noted\n", "unit": UNIT}.items():
            made.write(f"files/{name}", text)
        made.commit()
        made.good("apply", "--yes")
        yield made
    lab.up()
    lab.reset("app1", "app2")


def drift(contract: Contract, code: int, *arguments: str) -> dict[str, Any]:
    """Return what is reported of each host, by name."""
    said = contract.run("drift", "--format", "json", *arguments)
    assert said.code == code, said.err
    return {host["name"]: host for host in said.json["hosts"]}


def steps(found: list[dict[str, Any]]) -> list[str]:
    return [each["step"] for each in found]


def test_drift_is_seen_fixed_where_that_is_allowed_and_named_when_it_comes_back(
    healthy_lab: Lab, contract: Contract
) -> None:
    for host in ("app1", "app2"):
        healthy_lab.root(host, "echo by hand | tee /etc/drifting.conf /srv/drift-left /srv/drift-known >/dev/null")
    first = drift(contract, 1)["app1"]
    assert (steps(first["drift"]), steps(first["known"])) == ([CONF, LEFT, FOLLOWS], [KNOWN])
    assert first["applied"]["actor"]

    started = "systemctl show -P ActiveEnterTimestampMonotonic drifting.service"
    before = healthy_lab.root("app1", started).out
    fixed = drift(contract, 1, "--fix")
    for host in ("app1", "app2"):
        found = fixed[host]
        assert (found["fixed"], steps(found["drift"])) == ([CONF, FOLLOWS], [LEFT])
        assert found["drift"][0]["since"] == first["drift"][1]["since"]  # two runs later
        assert "service/left" in found["why_not_fixed"]
        text = healthy_lab.root(host, "cat /etc/drifting.conf /srv/drift-left /srv/drift-known").out
        assert text == "noted\nby hand\nby hand\n"
    assert healthy_lab.root("app1", started).out == before  # the text is the one that it has read

    healthy_lab.root("app1", "echo by hand >/etc/drifting.conf")
    healthy_lab.kill("app2")
    again = drift(contract, 1)
    conf, left, _ = again["app1"]["drift"]
    assert conf["earlier"] == [first["drift"][0]["since"]]
    assert left["earlier"] == []
    assert (again["app2"]["reachable"], again["app2"]["drift"]) == (False, [])

    assert contract.good("ledger", "verify").code == 0
