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


def written(page: str, rows: Sequence[Row], loads: Sequence[float], *, rounds: int) -> str:
    """Given the page's text, return it with a new part between the markers. Raise ValueError when they are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no markers: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{_part(rows, loads, rounds=rounds)}{END}{after}"


def _part(rows: Sequence[Row], loads: Sequence[float], *, rounds: int) -> str:
    versions = ", ".join(
        f"{name} {peers.version(name)}" for name in ("ansible-core", "pyinfra", "pytest-testinfra", "paramiko")
    )
    missed = [row for row in rows if not row.is_reached]
    said = f"Targets not reached: {'; '.join(map(_words, missed))}." if missed else "All targets are reached."
    often = "Medians; ×n is the number of runs." if rounds > 1 else "One run each."
    return (
        f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}, all in one run. {Machine.this().words}.\n"
        f"Peers: {versions}. {often}\n"
        f"Load average before the measurements: {min(loads):.1f} to {max(loads):.1f}, including the lab.\n\n"
        f"{markdown(rows)}\n{said}\n\n"
    )


def _words(row: Row) -> str:
    sign = "≤" if row.at_most else "≥"
    return f"{row.work}: {row.theirs.name} ({row.ratio_words}, target {sign} {row.reach:g})"
