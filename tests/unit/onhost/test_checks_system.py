"""What an inspection says of disks, swap and processes."""

import getpass
import os
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from inspecting import look, one
from programs import Machine

from opspact.onhost import checks_system
from opspact.onhost.check import CannotCheck
from opspact.onhost.checks_system import mount_options
from opspact.onhost.history import History
from opspact.onhost.inspection import inspect_items

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
30 22 8:2 / /srv rw,relatime shared:2 master:1 - ext4 /dev/sda2 ro,errors=remount-ro
31 22 8:3 / /a\\040b\\134c ro,nosuid - xfs /dev/sda3 rw
32 22 8:4 / /数据 rw - xfs /dev/sda4 rw,attr2
33 22 0:5 / /over rw - tmpfs tmpfs rw
34 33 0:6 / /over ro - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("mount", "is_read_only"),
    [("/", False), ("/srv", True), ("/a b\\c", True), ("/数据", False), ("/over", True)],
)
def test_a_read_only_mount_is_one_by_its_own_options_or_by_its_file_system_s(mount: str, *, is_read_only: bool) -> None:
    assert ("ro" in mount_options(mount, MOUNTS)) is is_read_only


def test_a_mount_that_the_first_process_does_not_see_is_unknown() -> None:
    with pytest.raises(CannotCheck, match="nothing mounted on /other"):
        mount_options("/other", MOUNTS)


def test_a_disk_says_whether_it_can_be_written_to_if_asked(machine: Machine) -> None:
    items = [
        part["item"]
        for part in look(machine, {"item": "disk", "mount": "/"}, {"item": "disk", "mount": "/", "writable": True})
    ]
    assert items == ["disk", "inodes", "disk", "inodes", "mount"]


def test_a_mount_that_never_answers_is_unknown_and_the_other_items_are_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever, really = threading.Event(), os.statvfs
    monkeypatch.setattr(checks_system, "PATIENCE", 0.2)
    monkeypatch.setattr(os, "statvfs", lambda path: really(path) if path != "/" or forever.wait() else None)
    items: list[dict[str, object]] = [
        {"item": "disk", "mount": "/"},
        {"item": "disk", "mount": "/proc"},
        {"item": "load"},
    ]
    seen = inspect_items(items, History(machine.folder))
    forever.set()
    assert [each["verdict"] for each in seen if each["subject"] == "/"] == ["unknown"]
    assert "did not answer within 0.2 s" in seen[0]["message"]
    assert {"/proc", ""} <= {each["subject"] for each in seen if each["verdict"] == "ok"}


def test_swap_space_is_judged_and_none_is_none_in_use(machine: Machine) -> None:
    seen = one(machine, item="swap", warn=0)
    assert (seen["unit"], seen["value"] >= 0) == ("%", True)
    assert seen["verdict"] in {"ok", "warning"}


@pytest.fixture
def sleepers(machine: Machine) -> Iterator[str]:
    """Two processes of one program; its name is longer than what the kernel keeps of it."""
    name = "opspact-sleeper-of-tests"
    program = machine.folder / name
    program.symlink_to("/bin/sleep")
    running = [subprocess.Popen([str(program), "60"]) for _ in range(2)]
    yield name
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("more", "verdict", "words"),
    [
        ({}, "ok", "2 processes found, expected at least 1."),
        ({"min": 3}, "critical", "expected at least 3"),
        ({"min": 1, "max": 1}, "warning", "expected 1 to 1"),
        ({"user": getpass.getuser()}, "ok", f"2 processes of user {getpass.getuser()} found"),
        ({"user": "nobody"}, "critical", "0 processes of user nobody found"),
        ({"user": "no-such-user"}, "unknown", "there is no account no-such-user"),
    ],
)
def test_processes_are_counted_by_program_and_user(
    machine: Machine, sleepers: str, more: dict[str, Any], *, verdict: str, words: str
) -> None:
    seen = one(machine, item="process", name=sleepers, **more)
    assert (seen["verdict"], seen["subject"], words in seen["message"]) == (verdict, sleepers, True), seen


def test_a_program_that_does_not_run_is_critical(machine: Machine) -> None:
    seen = one(machine, item="process", name="no-such-program")
    assert (seen["verdict"], seen["value"]) == ("critical", 0)
