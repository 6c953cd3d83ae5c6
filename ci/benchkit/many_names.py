"""Verifying hosts that have many names: what one host costs the control machine, compared with one bare login.

In: a bed. Out: a contract with so many names for the bed's hosts, and measured runs.
"""

import shlex
import shutil
from pathlib import Path

from benchkit.bed import Bed
from benchkit.timing import BenchError, Program, Run

LOGINS = 50


def contract_with_names(bed: Bed, count: int) -> Path:
    """Given a bed and how many names, return the folder of its contract with these names, for its hosts in turns."""
    folder = bed.contract.with_name(f"names-{count}")
    shutil.copytree(bed.contract, folder, ignore=shutil.ignore_patterns(".opspact"))
    file = folder / "inventory" / "hosts.yaml"
    head = file.read_text().partition("  hosts:\n")[0]
    addresses = [bed.lab.address(name) for name in bed.lab.hosts]
    names = [f"name{number}" for number in range(count)]
    hosts = "".join(
        f"    {name}: {{ansible_host: {addresses[number % bed.count]}}}\n" for number, name in enumerate(names)
    )
    children = ", ".join(f"{name}: {{}}" for name in names)
    file.write_text(f"{head}  hosts:\n{hosts}  children:\n    web: {{hosts: {{{children}}}}}\n")
    return folder


def verify(bed: Bed, folder: Path, count: int) -> Run:
    """Measure `opspact verify` for a contract with so many names. Raise BenchError unless all of them are in order."""
    run = bed.ours("--close-connections", "verify", folder=folder).run()
    if f"{count} hosts" not in run.output.splitlines()[-1]:
        raise BenchError(f"{count} names are not all in order:\n{run.output[-2000:]}")
    return run


def logins(bed: Bed) -> Run:
    """Measure bare logins, one after the other."""
    calls = (shlex.join([*bed.lab.ssh_command(bed.lab.hosts[at % bed.count]), "true"]) for at in range(LOGINS))
    return Program(["/bin/sh", "-c", "\n".join(f"{call} || exit" for call in calls)], bed.contract, {}).run()
