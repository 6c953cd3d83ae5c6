"""Inventories that only Ansible can read go through `ansible-inventory`, in bounded time, leaving nothing behind."""

import os
import time
from pathlib import Path

import pytest

from opspact.fleet.inventory import InventoryProgramFailed, list_inventory
from opspact.resolve.inventory import from_ansible_list

pytestmark = pytest.mark.slow  # each test starts Ansible


def script(folder: Path, text: str) -> Path:
    path = folder / "inventory.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_script_inventory_becomes_hosts_and_groups(tmp_path: Path) -> None:
    path = script(tmp_path, """echo '{"web": {"hosts": ["w1"]}, "_meta": {"hostvars": {"w1": {"a": 1}}}}'""")

    inventory = from_ansible_list(list_inventory(path))

    assert inventory.groups["web"] == ("w1",)
    assert inventory.hosts["w1"].variables == {"a": 1}


def test_a_failing_script_says_what_ansible_said(tmp_path: Path) -> None:
    path = script(tmp_path, "echo no cloud today >&2; exit 3")

    with pytest.raises(InventoryProgramFailed, match="exit code"):
        list_inventory(path)


def test_an_inventory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InventoryProgramFailed):
        list_inventory(tmp_path / "nothing.yaml")


def test_a_script_that_hangs_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    path = script(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    started = time.monotonic()

    with pytest.raises(InventoryProgramFailed, match="longer than 8 seconds"):
        list_inventory(path, timeout=8)

    assert time.monotonic() - started < 20
    pid = int((tmp_path / "pid").read_text())
    for _ in range(50):
        if not is_running(pid):
            break
        time.sleep(0.1)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that ended and waits to be collected by its new parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
