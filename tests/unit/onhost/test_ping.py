"""Pings as the inspection sends them itself: who answers, who does not, and what cannot be asked."""

import socket
import struct

import pytest
from programs import Machine

from opspact.onhost.checks_ping import ping_request


def look(machine: Machine, *items: dict[str, object]) -> list[dict[str, object]]:
    done = machine.run("inspection", machine.settings(job="inspection/daily", items=items))
    assert done.returncode == 0, done.stderr
    seen: list[dict[str, object]] = machine.newest("inspection/daily")["items"]
    return seen


@pytest.fixture
def _may_ping() -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except PermissionError:
        pytest.skip("only root may send pings of its own")


@pytest.mark.usefixtures("_may_ping")
def test_what_answers_is_ok_and_what_does_not_is_critical(machine: Machine) -> None:
    device = {"item": "ping", "subject": "device/switch", "within": 0.2}
    seen = look(machine, device | {"address": "127.0.0.1"}, device | {"address": "192.0.2.99"})
    assert [(each["item"], each["subject"], each["verdict"]) for each in seen] == [
        ("ping", "device/switch", "ok"),
        ("ping", "device/switch", "critical"),
    ]
    assert "127.0.0.1 answered a ping in" in str(seen[0]["message"])
    assert "192.0.2.99 does not answer 3 pings within 0.2 s each" in str(seen[1]["message"])
    assert isinstance(seen[0]["value"], float)
    assert seen[1]["value"] is None


@pytest.mark.usefixtures("_may_ping")
def test_many_are_asked_at_once_and_each_gets_its_own_answer(machine: Machine) -> None:
    items = [{"item": "ping", "address": f"127.0.0.{number}", "within": 2.0} for number in range(1, 60)]
    assert {each["verdict"] for each in look(machine, *items)} == {"ok"}


def test_a_name_that_nobody_knows_is_unknown(machine: Machine) -> None:
    (seen,) = look(machine, {"item": "ping", "subject": "device/switch", "address": "no-such-name.invalid"})
    assert seen["verdict"] == "unknown"
    assert "ping device/switch could not be checked: the name no-such-name.invalid cannot be" in str(seen["message"])


@pytest.mark.parametrize("number", [1, 2, 0x7FFF, 0xFFFF])
def test_the_checksum_of_a_request_is_that_of_the_standard(number: int) -> None:
    packet = ping_request(8, 0xBEEF, number, token=bytes(range(16)))
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))  # RFC 1071: with its checksum, it sums up to all ones
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert packet[0] == 8
