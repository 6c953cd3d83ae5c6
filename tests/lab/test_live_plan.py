"""A live plan says what is intended and what is drift, and says the same again when nothing has happened."""

from collections.abc import Iterator

import pytest
from contracts import Contract, small
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: lived
hosts: app1:app2
owner: crew
files:
  - {path: /srv/lived-edited, source: files/edited}
  - {path: /srv/lived-drifted, source: files/note}
  - {path: /etc/lived.conf, source: files/note, restarts: lived.service}
  - {path: /etc/systemd/system/lived.service, source: files/unit, restarts: lived.service}
units: [lived.service]
"""
UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "lived", POLICIES) as made:
        for name, text in {"note": "noted\n", "edited": "first\n", "unit": UNIT}.items():
            made.write(f"files/{name}", text)
        made.commit()
        made.good("apply", "--yes")
        yield made
    lab.up()
    lab.reset("app1", "app2")


def reasons(contract: Contract, host: str) -> dict[str, str]:
    planned = contract.good("plan", "--live", "--format", "json").of_host(host)
    return {each["step"]: each["reason"] for each in [*planned["add"], *planned["change"], *planned["dependent"]]}


def test_a_policy_that_changed_is_intended_and_a_host_that_changed_is_drift(
    healthy_lab: Lab, contract: Contract
) -> None:
    contract.write("files/edited", "second\n")
    contract.commit()
    healthy_lab.root("app1", "echo drifted >/srv/lived-drifted; systemctl stop lived.service")

    assert reasons(contract, "app1") == {
        "file /srv/lived-edited": "intended",
        "file /srv/lived-drifted": "drift",
        "unit lived.service": "drift",
    }
    assert reasons(contract, "app2") == {"file /srv/lived-edited": "intended"}
    text = contract.good("plan", "--live").out
    assert "~ file /srv/lived-drifted [drift]" in text
    assert "(2 intended, 2 drift)" in text


def test_two_live_plans_are_the_same_byte_for_byte_when_nothing_happened(contract: Contract) -> None:
    for form in ("json", "text"):
        once, again = (contract.good("plan", "--live", "--diff", "--format", form).out for _ in range(2))
        assert once == again


def test_without_the_ledger_nobody_knows_whether_the_host_changed(contract: Contract) -> None:
    elsewhere = {"OPSPACT_LEDGER": str(contract.folder / ".opspact" / "other.db")}
    planned = contract.good("plan", "--live", "--format", "json", **elsewhere).of_host("app1")

    assert {each["step"]: each["reason"] for each in planned["change"]} == {
        "file /srv/lived-edited": "intended",
        "file /srv/lived-drifted": "unknown",
        "unit lived.service": "unknown",
    }


def test_after_an_apply_nothing_differs_for_whatever_reason(contract: Contract) -> None:
    contract.good("apply", "--yes")

    assert reasons(contract, "app1") == reasons(contract, "app2") == {}
