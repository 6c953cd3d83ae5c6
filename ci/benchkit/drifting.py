"""`opspact drift` on hosts that have all drifted, beside bare ssh that asks the same of them.

In: a bed whose hosts are converged. Out: a row.
"""

from dataclasses import replace

from benchkit.bed import Bed
from benchkit.measure import Taking
from benchkit.table import Row
from benchkit.timing import BenchError, Run

_DRIFTED = "echo by hand >>/etc/bench/one.conf"


def drift(bed: Bed, taking: Taking) -> list[Row]:
    """Given a bed, measure looking for drift when a file has been edited on each host."""
    commands = bed.commands()
    for name in bed.lab.hosts:
        if bed.lab.root(name, _DRIFTED).rc != 0:
            raise BenchError(f"the file cannot be edited on {name}")
    taking.turns({"drift": lambda: _drift(bed), "floor": lambda: bed.floor(commands)})
    bed.apply()
    ours = taking.figure("drift", "`opspact drift`")
    floor = taking.figure("floor", f"bare `ssh host sudo sh -s`, {len(commands)} commands")
    return [Row(f"drift of a file on each of {bed.count} hosts", ours, floor, 1.5, at_most=True)]


def _drift(bed: Bed) -> Run:
    """Measure one look. Raise BenchError unless it finds the file on each host, and nothing else."""
    run = replace(bed.ours("--close-connections", "drift"), accept=(1,)).run()
    if f"{bed.count} hosts: {bed.count} drift, 0 unknown" not in run.output:
        raise BenchError(f"drift found something else: {run.output[-400:]}")
    return run
