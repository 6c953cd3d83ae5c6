"""Compiling for very many hosts, beside ansible-inventory reading the same inventory.

In: a folder, how many hosts. Out: measured runs. No lab is needed.
"""

import shutil
import sys
from pathlib import Path

from benchkit import peers
from benchkit.timing import Program, Run

_ROOT = Path(__file__).resolve().parents[2]
_PER_DATABASE, _PER_BACKUP = 111, 1000


def write(folder: Path, count: int) -> Path:
    """Given a folder and a number of hosts, write the reference contract for so many hosts there, and return it.

    Of 10,000: 9,900 application servers, 90 databases, 10 backup servers, in the reference inventory's groups.
    """
    contract = folder / f"contract-{count}"
    for part in ("policies", "files", "inventory", "runbooks"):
        shutil.copytree(_ROOT / part, contract / part)
    for file in (contract / "inventory").glob("hosts.*"):
        file.unlink()
    (contract / "inventory" / "hosts.yaml").write_text(inventory(count))
    return contract


def inventory(count: int) -> str:
    """Given a number of hosts, return their inventory: every host with an address of its own."""
    backups, databases = max(1, count // _PER_BACKUP), max(1, count // _PER_DATABASE)
    of_group = {"web": count - backups - databases, "db": databases, "backup": backups}
    lines = ["all:", "  vars:", "    ansible_user: ops", "  children:"]
    number = 0
    for site, groups in {"site_a": ("web", "db"), "site_b": ("backup",)}.items():
        lines += [f"    {site}:", "      children:"]
        for group in groups:
            lines += [f"        {group}:", "          hosts:"]
            for place in range(1, of_group[group] + 1):
                number += 1
                name = f"{'app' if group == 'web' else group}{place}"
                address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
                lines.append(f"            {name}: {{ansible_host: {address}}}")
    lines += ["    canary:", "      hosts:", "        app1:"]
    return "\n".join(lines) + "\n"


def ours(contract: Path) -> Run:
    """Measure `opspact compile`, from the start of Python to the last file written."""
    out = contract / "out"
    shutil.rmtree(out, ignore_errors=True)
    program = str(Path(sys.executable).with_name("opspact"))
    return Program([program, "--contract", str(contract), "compile", "--out", str(out)], contract, {}).run()


def theirs(contract: Path) -> Run:
    """Measure `ansible-inventory --list` on the same inventory."""
    return Program([str(peers.programs() / "ansible-inventory"), "-i", "inventory", "--list"], contract, {}).run()
