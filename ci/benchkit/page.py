"""docs/performance.md: what a run writes between the markers; the rest of the page is written by hand.

In: rows, loads. Out: the page's text.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchkit import peers
from benchkit.table import Row, markdown

BEGIN = "<!-- written by ci/bench: begin -->"
END = "<!-- written by ci/bench: end -->"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the numbers were measured on."""

    processors: int
    model: str
    memory: int  # GiB
    system: str

    @classmethod
    def this(cls) -> "Machine":
        """Return the machine that this runs on."""
        info = Path("/proc/cpuinfo").read_text().splitlines()
        models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
        release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
        return cls(os.cpu_count() or 1, models[0] if models else platform.machine(), round(memory), release)

    @property
    def words(self) -> str:
        """The machine in one line."""
        kernel, python = platform.release().split("-")[0], platform.python_version()
        return (
            f"{self.processors} CPUs ({self.model}), {self.memory} GiB, {self.system}, Linux {kernel}, Python {python}"
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run gave: rows, the loads before each measurement, how many rounds it had."""

    rows: Sequence[Row]
    loads: Sequence[float]
    rounds: int

    @property
    def load(self) -> str:
        """The least and the greatest load."""
        return f"{min(self.loads):.1f} to {max(self.loads):.1f}"


def written(page: str, measured: Measured) -> str:
    """Given the page's text, return it with a new part between the markers. Raise ValueError when they are missing."""
    before, _, after = _divided(page)
    versions = ", ".join(
        f"{name} {peers.version(name)}" for name in ("ansible-core", "pyinfra", "pytest-testinfra", "paramiko")
    )
    often = "Medians; ×n is the number of runs." if measured.rounds > 1 else "One run each."
    head = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, all in one run. {Machine.this().words}.\n"
        f"Peers: {versions}. {often}\n"
        f"Load average before the measurements: {measured.load}, including the lab.\n"
    )
    return f"{before}{BEGIN}\n\n{head}\n{_table(markdown(measured.rows).splitlines(), [])}\n{END}{after}"


def merged(page: str, measured: Measured) -> str:
    """Given the page's text and a run of some parts, return it with the rows of these works alone replaced.

    They say when they were measured, and on which machine if that is another one. Raise ValueError as above.
    """
    before, part, after = _divided(page)
    lines, new = part.splitlines(), markdown(measured.rows).splitlines()[2:]
    works = list(dict.fromkeys(row.work for row in measured.rows))
    table = [line for line in lines if line.startswith("|")]
    places = [place for place, line in enumerate(table) if _cells(line)[0] in works]
    place = places[0] if places else len(table)
    kept = [line for line in table if _cells(line)[0] not in works]
    notes = [line for line in (_without(line, works) for line in lines if line.startswith(_NOTE)) if line]
    machine = "" if Machine.this().words in part else f", {Machine.this().words}"
    notes.append(f"{_NOTE}{datetime.now(UTC):%Y-%m-%d}, load {measured.load}{machine}: {'; '.join(works)}.")
    head = "\n".join(lines[: next((at for at, line in enumerate(lines) if line.startswith("|")), len(lines))])
    return f"{before}{BEGIN}{head or chr(10)}\n{_table([*kept[:place], *new, *kept[place:]], notes)}\n{END}{after}"


_NOTE = "- measured by itself on "


def _divided(page: str) -> tuple[str, str, str]:
    before, begin, rest = page.partition(BEGIN)
    part, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no markers: {BEGIN} … {END}")
    return before, part, after


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _without(note: str, works: Sequence[str]) -> str:
    """Return a note without works that were measured since; empty when none is left."""
    when, _, named = note.removesuffix(".").partition(": ")
    left = [work for work in named.split("; ") if work not in works]
    return f"{when}: {'; '.join(left)}." if left else ""


def _table(lines: Sequence[str], notes: Sequence[str]) -> str:
    """Return the table, what says when rows were measured by themselves, and the targets that are not reached."""
    missed = [cells for cells in map(_cells, lines) if cells[-1] == "**no**"]
    words = [f"{work}: {name} ({ratio}, target {reach})" for work, _, _, name, _, ratio, reach, _ in missed]
    said = f"Targets not reached: {'; '.join(words)}." if words else "All targets are reached."
    return "\n".join([*lines, "", *notes, *([""] if notes else []), said, ""])
