"""What an inspection says of the values of a device, from what net-snmp 5.9 showed of a real one."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from inspecting import look
from programs import Machine

SHOWN = """\
.1.3.6.1.2.1.1.1.0 = Hex-STRING: 4C 69 6E 75 78 20 76 6D 20 36 2E 31 38 2E 34 34 
2D 66 63 2D 76 36 36 39 20 23 31 20 53 4D 50 20 
.1.3.6.1.2.1.1.3.0 = Timeticks: (114) 0:00:01.14
.1.3.6.1.2.1.1.4.0 = ""
.1.3.6.1.2.1.1.6.0 = Hex-STRING: E6 9C BA E6 88 BF 20 41 
.1.3.6.1.2.1.1.5.0 = Hex-STRING: D6 D0 0A 2E 31 20 3D 20 
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.8072.3.2.10
.1.3.6.1.2.1.2.2.1.10.1 = Counter32: 566449
.1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 5664490000
.1.3.6.1.2.1.25.1.7.0 = INTEGER: -3
.1.3.6.1.2.1.2.2.1.8.1 = INTEGER: 1
.1.3.6.1.2.1.4.20.1.1.127.0.0.1 = IpAddress: 127.0.0.1
.1.3.6.1.2.1.2.2.1.5.1 = Gauge32: 10000000
.1.3.6.1.2.1.1.99.0 = No Such Object available on this agent at this OID
.1.3.6.1.2.1.2.2.1.8.99 = No Such Instance currently exists at this OID
"""  # noqa: W291 - as it is shown

Seen = dict[str, dict[str, Any]]


def device(machine: Machine, *values: dict[str, Any], **access: Any) -> dict[str, Any]:
    """Return the item of a device of version 2c, whose secrets lie in files."""
    secrets = access.pop("secrets", {"community": "s3cret"})
    for name, secret in secrets.items():
        (machine.folder / name).write_text(secret)
    files = {name: str(machine.folder / name) for name in secrets}
    return {
        "item": "snmp",
        "subject": "device/switch",
        "address": "192.0.2.1",
        "port": 161,
        "within": 2.0,
        "secrets": files,
        "values": [
            {"name": "value", "oid": "1.3.6.1.2.1.1.6.0", "type": "text", "contains": "", **value} for value in values
        ],
        **access,
    }


def answers(machine: Machine, shown: str = SHOWN) -> None:
    (machine.folder / "answer").write_text(shown)
    keep = f'echo "$@" >> {machine.folder}/asked; cat "$SNMPCONFPATH/snmp.conf" > {machine.folder}/read'
    machine.command("snmpget", f"{keep}; cat {machine.folder}/answer")


def seen_of(machine: Machine, item: dict[str, Any]) -> Seen:
    return {seen["item"].removeprefix("snmp_"): seen for seen in look(machine, item)}


@pytest.mark.parametrize(
    ("value", "verdict", "seen"),
    [
        ({"oid": "1.3.6.1.2.1.1.1.0", "type": "text", "contains": "#1 SMP"}, "ok", "Linux vm 6.18.44-fc-v669 #1 SMP "),
        (
            {"oid": "1.3.6.1.2.1.1.1.0", "type": "text", "equals": "Linux"},
            "critical",
            "Linux vm 6.18.44-fc-v669 #1 SMP ",
        ),
        ({"oid": "1.3.6.1.2.1.1.6.0", "type": "text", "equals": "机房 A"}, "ok", "机房 A"),
        ({"oid": "1.3.6.1.2.1.1.4.0", "type": "text", "contains": "x"}, "critical", ""),
        ({"oid": "1.3.6.1.2.1.1.5.0", "type": "text", "contains": "D6 D0"}, "ok", "D6 D0 0A 2E 31 20 3D 20"),
        ({"oid": "1.3.6.1.2.1.1.2.0", "type": "text", "contains": ".8072."}, "ok", ".1.3.6.1.4.1.8072.3.2.10"),
        ({"oid": "1.3.6.1.2.1.4.20.1.1.127.0.0.1", "type": "text", "equals": "127.0.0.1"}, "ok", "127.0.0.1"),
        ({"oid": "1.3.6.1.2.1.25.1.7.0", "type": "integer", "equals": -3}, "ok", -3),
        ({"oid": "1.3.6.1.2.1.25.1.7.0", "type": "integer", "below": {"warn": 0, "critical": -5}}, "warning", -3),
        ({"oid": "1.3.6.1.2.1.2.2.1.8.1", "type": "integer", "equals": 2}, "critical", 1),
        ({"oid": "1.3.6.1.2.1.2.2.1.5.1", "type": "gauge", "above": {"critical": 1e7}}, "critical", 10000000),
        ({"oid": "1.3.6.1.2.1.2.2.1.5.1", "type": "gauge", "above": {"warn": 1e8}}, "ok", 10000000),
        # A value that is not there, or is another one than the policy takes it for.
        ({"oid": "1.3.6.1.2.1.1.99.0", "type": "integer", "equals": 1}, "unknown", None),
        ({"oid": "1.3.6.1.2.1.2.2.1.8.99", "type": "text", "contains": "No Such"}, "unknown", None),
        ({"oid": "1.3.6.1.2.1.1.3.0", "type": "integer", "above": {"warn": 1}}, "unknown", None),
        ({"oid": "1.3.6.1.2.1.2.2.1.5.1", "type": "integer", "above": {"warn": 1}}, "unknown", None),
        ({"oid": "1.3.6.1.2.1.1.4.0", "type": "integer", "equals": 0}, "unknown", None),
        ({"oid": "1.3.6.1.9", "type": "text", "contains": "x"}, "unknown", None),
    ],
)
def test_a_value_is_judged_by_its_type_and_what_is_expected_of_it(
    machine: Machine, value: dict[str, Any], verdict: str, *, seen: object
) -> None:
    answers(machine)
    item = device(machine)
    item["values"] = [{"name": "value", **value}]
    found = seen_of(machine, item)
    assert (found["snmp"]["verdict"], found["value"]["verdict"], found["value"]["value"]) == ("ok", verdict, seen)
    assert found["value"]["subject"] == "device/switch"


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        ("echo 'Timeout: No Response from udp:192.0.2.1:161.' >&2; exit 1", "critical"),
        ("echo 'snmpget: Timeout' >&2; exit 1", "critical"),  # as one of version 3 is asked for its engine first
        ("echo 'snmpget: Authentication failure (incorrect password, community or key)' >&2; exit 1", "unknown"),
        ("echo 'snmpget: Unknown user name' >&2; exit 1", "unknown"),
        ("echo 'Error in packet'; echo 'Reason: authorizationError (access denied to that object)'; exit 2", "unknown"),
    ],
)
def test_a_device_that_does_not_answer_is_critical_and_one_that_refuses_unknown(
    machine: Machine, shown: str, verdict: str
) -> None:
    machine.command("snmpget", shown)
    (seen,) = look(machine, device(machine, {}))
    assert (seen["item"], seen["verdict"], "s3cret" in json.dumps(seen)) == ("snmp", verdict, False)


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"secrets": {"community": 'a"b\\c d#'}}, ["defVersion 2c", 'defCommunity "a\\"b\\\\c d#"']),
        (
            {
                "user": "monitor",
                "auth_protocol": "SHA-256",
                "privacy_protocol": "AES",
                "secrets": {"auth": "a-s3cret", "privacy": "p-s3cret"},
            },
            [
                "defVersion 3",
                "defSecurityName monitor",
                "defSecurityLevel authPriv",
                "defAuthType SHA-256",
                'defAuthPassphrase "a-s3cret"',
                "defPrivType AES",
                'defPrivPassphrase "p-s3cret"',
            ],
        ),
        (
            {"user": "monitor", "auth_protocol": "SHA", "secrets": {"auth": "a-s3cret"}},
            [
                "defVersion 3",
                "defSecurityName monitor",
                "defSecurityLevel authNoPriv",
                "defAuthType SHA",
                'defAuthPassphrase "a-s3cret"',
            ],
        ),
    ],
)
def test_secrets_are_given_by_a_configuration_that_is_gone_afterwards(
    machine: Machine, access: dict[str, Any], expected: list[str]
) -> None:
    answers(machine)
    runtime = machine.folder / "runtime"
    runtime.mkdir()
    machine.environment["RUNTIME_DIRECTORY"] = str(runtime)
    assert seen_of(machine, device(machine, {}, **access))["snmp"]["verdict"] == "ok"
    assert (machine.folder / "read").read_text().splitlines() == expected
    asked = (machine.folder / "asked").read_text()
    assert asked == "-On -Oe -OU -Ox -r 1 -t 1 udp:192.0.2.1:161 .1.3.6.1.2.1.1.6.0\n"
    assert list(runtime.iterdir()) == []


def test_a_secret_of_several_lines_is_not_used(machine: Machine) -> None:
    """net-snmp shows the line that it cannot read."""
    answers(machine)
    (seen,) = look(machine, device(machine, {}, secrets={"community": "s3\ncret"}))
    assert (seen["verdict"], "cannot be typed" in seen["message"]) == ("unknown", True)
    assert not (machine.folder / "asked").exists()


def test_many_values_are_asked_for_in_several_questions(machine: Machine) -> None:
    answers(machine)
    item = device(machine, *({"name": f"value-{number}", "oid": f"1.3.6.{number}"} for number in range(40)))
    item["address"] = "2001:db8::1"
    assert len(look(machine, item)) == 41
    asked = (machine.folder / "asked").read_text().splitlines()
    assert [line.count(" .1.3.6.") for line in asked] == [16, 16, 8]
    assert all(" udp6:[2001:db8::1]:161 " in line for line in asked)


COUNTER = {"name": "traffic", "oid": "1.3.6.1.2.1.31.1.1.1.6.1", "type": "counter", "unit": "B", "above": {"warn": 100}}


def counted(machine: Machine, count: int, *, back: float = 0, oid: str = str(COUNTER["oid"])) -> dict[str, Any]:
    """Inspect when the counter is at `count`; `back`: seconds by which the last look is moved into the past."""
    if back:
        (*_, newest) = machine.files("inspection/daily")
        result = json.loads(newest.read_text())
        for seen in result["items"]:
            if "at" in seen:
                seen["at"] -= back
        newest.write_text(json.dumps(result))
    answers(machine, f".{oid} = Counter64: {count}\n")
    item = device(machine)
    item["values"] = [{**COUNTER, "oid": oid}]
    return seen_of(machine, item)["traffic"]


def test_a_counter_is_judged_by_its_growth_and_unknown_when_it_cannot_be_told(machine: Machine) -> None:
    begun = time.time()
    first = counted(machine, 1000)
    assert (first["verdict"], first["value"], "not seen before" in first["message"]) == ("unknown", None, True)
    slow = counted(machine, 6000, back=100)
    fast = counted(machine, 26000, back=100)
    assert [(seen["verdict"], seen["unit"]) for seen in (slow, fast)] == [("ok", "B/s"), ("warning", "B/s")]
    took = time.time() - begun
    assert 5000 / (100 + took) <= slow["value"] <= 50
    fell = counted(machine, 10, back=100)
    assert (fell["verdict"], "fell from 26000 to 10" in fell["message"]) == ("unknown", True)
    assert counted(machine, 20, back=100)["verdict"] == "ok"
    assert counted(machine, 30, back=-1000)["verdict"] == "unknown"
    assert counted(machine, 40, oid="1.3.6.1.2.1.31.1.1.1.6.2")["verdict"] == "unknown"


def test_a_file_of_a_secret_that_is_missing_is_unknown(machine: Machine) -> None:
    answers(machine)
    item = device(machine, {})
    Path(item["secrets"]["community"]).unlink()
    (seen,) = look(machine, item)
    assert (seen["verdict"], "No such file" in seen["message"]) == ("unknown", True)
