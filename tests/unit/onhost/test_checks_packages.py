"""What an inspection says of updates and pending restarts, from recorded outputs."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from inspecting import look
from programs import Machine

DAY = 86400.0
NEEDRESTART = """\
NEEDRESTART-VER: 3.6
NEEDRESTART-KCUR: 6.1.0-13-amd64
NEEDRESTART-KEXP: {expected}
NEEDRESTART-KSTA: {state}
"""
SERVICES = "NEEDRESTART-SVC: cron.service\nNEEDRESTART-SVC: ssh.service\n"
UPGRADE = """\
NOTE: This is only a simulation!
Inst libssl3 [3.0.11-1~deb12u1] (3.0.13-1~deb12u1 Debian-Security:12/oldstable-security [amd64]) []
Inst openssl [3.0.11-1~deb12u1] (3.0.13-1~deb12u1 Debian:12.5/oldstable, Debian-Security:12/oldstable-security [amd64])
Inst linux-image-6.1.0-18-amd64 (6.1.76-1 Debian-Security:12/oldstable-security [amd64])
Inst tzdata [2024a-0+deb12u1] (2024b-0+deb12u1 Debian:12.8/oldstable [all])
Inst tree [2.1.0-1] (2.1.1-1 localhost [amd64])
Conf libssl3 (3.0.13-1~deb12u1 Debian-Security:12/oldstable-security [amd64])
"""


def restarts(machine: Machine, shown: str, *, container: str = "none", **limits: Any) -> dict[str, dict[str, Any]]:
    machine.command("needrestart", f"printf '{shown}'")
    machine.command("systemd-detect-virt", f"echo {container}; [ {container} != none ]")
    return {seen["item"]: seen for seen in look(machine, {"item": "reboot", "warn_after": 0, **limits})}


def age(machine: Machine, seconds: float) -> None:
    """Have the newest result say that what waits was seen so long ago."""
    path = machine.files("inspection/daily")[-1]
    result = json.loads(path.read_text())
    for item in result["items"]:
        if item.get("since"):
            item["since"] -= seconds
    path.write_text(json.dumps(result))


@pytest.mark.parametrize(
    ("state", "verdict", "words"),
    [
        (1, "ok", "The newest kernel is running: 6.1.0-13-amd64."),
        (2, "warning", "A reboot is pending: kernel 6.1.0-18-amd64 is installed, 6.1.0-13-amd64 is running."),
        (3, "warning", "A reboot is pending"),
        (0, "unknown", "could not find out"),
        ("", "unknown", "could not find out"),
    ],
)
def test_a_newer_kernel_waits_for_a_reboot(machine: Machine, state: object, verdict: str, *, words: str) -> None:
    seen = restarts(machine, NEEDRESTART.format(expected="6.1.0-18-amd64", state=state))["reboot"]
    assert (seen["verdict"], words in seen["message"]) == (verdict, True), seen


def test_a_container_has_no_kernel_of_its_own(machine: Machine) -> None:
    seen = restarts(machine, NEEDRESTART.format(expected="x", state=3) + SERVICES, container="systemd-nspawn")
    assert (seen["reboot"]["verdict"], "systemd-nspawn" in seen["reboot"]["message"]) == ("ok", True)
    assert (seen["restart"]["verdict"], seen["restart"]["value"]) == ("warning", 2)
    assert seen["restart"]["message"] == "Services that use replaced libraries: cron.service, ssh.service."


def test_needrestart_that_is_not_there_is_unknown(machine: Machine) -> None:
    machine.command("systemd-detect-virt", "echo none; exit 1")
    (seen,) = look(machine, {"item": "reboot"}, only_ours=True)
    assert (seen["verdict"], "needrestart is not on this host" in seen["message"]) == ("unknown", True)


def test_what_waits_too_long_is_critical_and_the_time_begins_again_when_it_is_done(machine: Machine) -> None:
    pending, done = (NEEDRESTART.format(expected="6.1.0-18-amd64", state=state) for state in (3, 1))
    limits: dict[str, Any] = {"warn_after": 3600, "critical_after": 14 * DAY}
    assert restarts(machine, pending, **limits)["reboot"]["verdict"] == "ok"
    age(machine, 3700)
    assert restarts(machine, pending, **limits)["reboot"]["verdict"] == "warning"
    age(machine, 14 * DAY)
    seen = restarts(machine, pending, **limits)["reboot"]
    assert (seen["verdict"], "for 14.0 days" in seen["message"]) == ("critical", True)
    assert restarts(machine, done, **limits)["reboot"]["verdict"] == "ok"
    assert restarts(machine, pending, **limits)["reboot"]["verdict"] == "ok"


@pytest.fixture
def lists(machine: Machine) -> Path:
    folder = machine.folder / "lists"
    (folder / "partial").mkdir(parents=True)
    (folder / "mirror_dists_oldstable_InRelease").write_text("x")
    machine.command("apt-get", f'cat {machine.folder}/upgrade; echo "$@" >> {machine.folder}/asked')
    (machine.folder / "upgrade").write_text(UPGRADE)
    return folder


def updates(machine: Machine, lists: Path, **limits: Any) -> dict[str, dict[str, Any]]:
    item = {"item": "updates", "lists": str(lists), "lists_within": 3 * DAY, "security": {"warn": 1}, **limits}
    return {seen["item"]: seen for seen in look(machine, item)}


def test_security_updates_are_counted_apart(machine: Machine, lists: Path) -> None:
    seen = updates(machine, lists, other={"warn": 3})
    assert {name: (each["verdict"], each["value"]) for name, each in seen.items()} == {
        "security_updates": ("warning", 2),
        "other_updates": ("ok", 2),
    }
    assert seen["security_updates"]["message"] == "2 packages have a security update: libssl3, openssl."
    (asked,) = (machine.folder / "asked").read_text().splitlines()
    assert asked == "--simulate --option=Debug::NoLocking=1 -qq dist-upgrade"


def test_without_updates_all_is_ok(machine: Machine, lists: Path) -> None:
    (machine.folder / "upgrade").write_text("")
    seen = updates(machine, lists)
    assert [each["verdict"] for each in seen.values()] == ["ok", "ok"]
    assert seen["security_updates"]["message"] == "0 packages have a security update."


def test_old_lists_are_unknown(machine: Machine, lists: Path) -> None:
    old = time.time() - 4 * DAY
    for path in (*lists.iterdir(), lists, lists / "partial"):
        os.utime(path, (old, old))
    seen = updates(machine, lists)
    assert [each["verdict"] for each in seen.values()] == ["unknown"]
    assert "the package lists were last updated 4.0 days ago" in seen["updates"]["message"]


def test_what_has_not_changed_is_not_asked_again(machine: Machine, lists: Path) -> None:
    first, second = updates(machine, lists), updates(machine, lists)
    assert len((machine.folder / "asked").read_text().splitlines()) == 1
    assert [each["message"] for each in first.values()] == [each["message"] for each in second.values()]
    (lists / "mirror_dists_oldstable_InRelease").write_text("newer")
    updates(machine, lists)
    assert len((machine.folder / "asked").read_text().splitlines()) == 2


def test_security_updates_that_wait_too_long_are_critical(machine: Machine, lists: Path) -> None:
    limits = {"security": {"critical_after": 14 * DAY}}
    assert updates(machine, lists, **limits)["security_updates"]["verdict"] == "ok"
    age(machine, 15 * DAY)
    assert updates(machine, lists, **limits)["security_updates"]["verdict"] == "critical"


def test_apt_that_cannot_say_is_unknown(machine: Machine, lists: Path) -> None:
    machine.command("apt-get", "echo 'E: The package cache file is corrupted' >&2; exit 100")
    seen = updates(machine, lists)
    assert [each["verdict"] for each in seen.values()] == ["unknown"]
