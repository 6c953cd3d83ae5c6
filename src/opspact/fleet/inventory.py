"""Asks `ansible-inventory` for an inventory that only Ansible can read: plugins, scripts, TOML.

Comes in: the inventory's path. Goes out: the parsed `--list` object for `model.inventory.from_ansible_list`.
Called only after the user said that the inventory is trusted: it runs code of the repository.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from opspact.errors import Refused

TIMEOUT = 120.0
"""Seconds. Cloud inventories of thousands of hosts take half a minute."""

STRICT = {
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",  # else a broken source is a warning, and its hosts are lost
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
    "ANSIBLE_NOCOLOR": "true",
}
LAST_WORDS = 2_000


class InventoryProgramFailed(Refused):
    """`ansible-inventory` is not there, failed, took too long or printed no JSON; nothing is known about the hosts."""


def list_inventory(path: Path, *, timeout: float = TIMEOUT) -> object:
    """Given the path of an inventory, return what `ansible-inventory --list` says about it.

    Raise InventoryProgramFailed when it cannot; after `timeout` seconds it is ended, with everything it started.
    """
    program = Path(sys.executable).with_name("ansible-inventory")
    command = [str(program), "--inventory", str(path), "--list"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | STRICT,
            start_new_session=True,
        )
    except OSError as error:
        raise InventoryProgramFailed(f"{program} cannot be started: {error.strerror}") from error
    try:
        printed, failure_reason = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise InventoryProgramFailed(f"ansible-inventory took longer than {timeout:g} seconds") from error
    finally:
        _end(process)
    if process.returncode:
        said = failure_reason.decode(errors="replace").strip()[-LAST_WORDS:]
        raise InventoryProgramFailed(f"ansible-inventory failed with exit code {process.returncode}:\n{said}")
    try:
        listed: object = json.loads(printed)
    except (ValueError, RecursionError) as error:
        raise InventoryProgramFailed("ansible-inventory did not print JSON") from error
    return listed


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the program's session: plugins start programs of their own."""
    with contextlib.suppress(ProcessLookupError):  # everything may have ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
