"""`ci/bench`: measure, print the table, write it into docs/performance.md.

In: the command line. Out: 0 if all targets are reached, 1 if one is not, 2 if it cannot be measured.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from labkit import LabError

from benchkit import drifting, measure, operating, page, searching
from benchkit.bed import Bed
from benchkit.measure import Taking
from benchkit.table import Row, markdown
from benchkit.timing import BenchError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
ALONE = {
    "compile": (measure.compiling,),
    "plan": (measure.planning_a_change,),
    "check": (measure.checking, measure.comparing),
    "deadlines": (measure.a_million_deadlines,),
    "judge": (measure.judging,),
    "search": (searching.search,),
}
WITH_DATA = {
    "purge": (measure.purge,),
    "drill": (measure.drill,),
    "inspect": (measure.inspect,),
    "review": (measure.review,),
    "operate": (operating.operate,),
}
"""Parts that have a lab of their own, with a database or a journal."""

ON_HOSTS = {
    "first": measure.first,
    "nothing": measure.nothing,
    "verify": measure.verify,
    "drift": drifting.drift,
    "names": measure.names,
    "waves": measure.waves,
    "collect": measure.collect,
}
"""Parts in their order: `collect` leaves the hosts with jobs of its own."""

IN_THE_LARGEST = ("drift", "names", "waves", "collect")
"""What is measured in the largest lab alone."""

PARTS = (*ALONE, *WITH_DATA, *ON_HOSTS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    parts: tuple[str, ...]
    hosts: tuple[int, ...]
    rounds: int
    write: bool

    @classmethod
    def of(cls, given: argparse.Namespace) -> "Asked":
        """Given the parsed arguments, return them checked. Raise BenchError for a part that does not exist."""
        parts = tuple(given.only.split(","))
        if strange := set(parts) - set(PARTS):
            raise BenchError(f"no such part: {', '.join(sorted(strange))}; the parts are {', '.join(PARTS)}")
        hosts = tuple(int(number) for number in given.hosts.split(","))
        return cls(parts, hosts, 1 if given.quick else given.rounds, given.write)


def main(argv: Sequence[str]) -> int:
    """Given the arguments, measure what they ask for and return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        asked = Asked.of(_parser().parse_args(argv))
        with tempfile.TemporaryDirectory(prefix="opspact-bench-") as folder:
            rows, loads = _rows(asked, Path(folder))
    except (BenchError, LabError) as error:
        print(f"ci/bench: {error}", file=sys.stderr)
        return 2
    print(markdown(rows))
    if asked.write:
        write = page.written if set(asked.parts) == set(PARTS) else page.merged
        measured = page.Measured(rows, loads, max(asked.rounds, *(row.ours.runs for row in rows)))
        PAGE.write_text(write(PAGE.read_text(), measured))
        print(f"written: {PAGE}")
    return 0 if all(row.is_reached for row in rows) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ci/bench", description="Measure opspact and its peers on the lab's hosts.")
    parser.add_argument("--quick", action="store_true", help="one run each")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="number of runs; the median counts (3)")
    parser.add_argument("--hosts", default="8,24", metavar="N,…", help="sizes of the lab (8,24)")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"parts: {', '.join(PARTS)}")
    writes = "write the table into docs/performance.md; with --only, the rows of these parts alone"
    parser.add_argument("--write", action="store_true", help=writes)
    return parser


def _rows(asked: Asked, folder: Path) -> tuple[list[Row], list[float]]:
    """Measure all that is asked for; return the rows, and the loads noted before each measurement."""
    rows: list[Row] = []
    loads: list[float] = []
    for taking, found in chain(_alone(asked, folder), *(_on_hosts(asked, count, folder) for count in asked.hosts)):
        rows += found
        loads += taking.loads
    return rows, loads


def _alone(asked: Asked, folder: Path) -> Iterator[tuple[Taking, list[Row]]]:
    """Yield what each part gave that needs no hosts, or has its own."""
    for name, works in {**ALONE, **WITH_DATA}.items():
        for work in works if name in asked.parts else ():
            print(name, file=sys.stderr)
            taking = Taking(asked.rounds)
            yield taking, work(folder, taking)


def _on_hosts(asked: Asked, count: int, folder: Path) -> Iterator[tuple[Taking, list[Row]]]:
    """Yield what each part gave on so many hosts; the lab is gone afterwards, whatever happened."""
    parts = [
        name for name in ON_HOSTS if name in asked.parts and (name not in IN_THE_LARGEST or count == max(asked.hosts))
    ]
    if not parts:
        return
    bed = Bed(count, folder)
    try:
        bed.renew()
        if "first" not in parts:
            bed.apply()
        for name in parts:
            print(f"{name}, {count} hosts", file=sys.stderr)
            taking = Taking(asked.rounds)
            yield taking, ON_HOSTS[name](bed, taking)
    finally:
        bed.down()
