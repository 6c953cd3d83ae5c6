"""The arithmetic and the text of the table: medians, ratios, targets and whether they are reached.

In: measured runs. Out: rows, and their Markdown. Tested in tests/unit/bench.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One side of a comparison: who, the median (seconds, or MiB), of how many runs, and what must be said about it."""

    name: str
    value: float
    runs: int = 1
    note: str = ""
    unit: str = "s"

    @property
    def words(self) -> str:
        """The value with its unit, and of how many runs it is the median; a dash for what was not measured."""
        if isnan(self.value):
            return "–"
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2  # noqa: PLR2004 - three significant digits
        of_runs = f" (×{self.runs})" if self.runs > 1 else ""
        return f"{self.value:.{digits}f} {self.unit}{of_runs}"


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison. The ratio, theirs over ours, shall be `reach` or more; `at_most`: ours over theirs, or less."""

    work: str
    ours: Figure
    theirs: Figure
    reach: float
    at_most: bool = False

    @property
    def ratio(self) -> float:
        """How many times: theirs over ours, or ours over theirs where that is the promise."""
        above, below = (self.ours, self.theirs) if self.at_most else (self.theirs, self.ours)
        return above.value / below.value

    @property
    def ratio_words(self) -> str:
        """The ratio as the table shows it; a dash where one side was not measured."""
        return "–" if isnan(self.ratio) else f"{self.ratio:.2f}"

    @property
    def is_reached(self) -> bool:
        """Whether the number promised is reached; nothing is rounded in our favour, what was not measured is not."""
        return self.ratio <= self.reach if self.at_most else self.ratio >= self.reach


def figure(name: str, seconds: Sequence[float], *, times: float = 1, note: str = "") -> Figure:
    """Given measured seconds, return their median, scaled by `times`. Raise ValueError when there are none."""
    if not seconds:
        raise ValueError(f"{name} was not measured")
    return Figure(name, median(seconds) * times, len(seconds), note)


def missing(name: str, note: str) -> Figure:
    """Given who could not be measured and why, return a figure that says so."""
    return Figure(name, nan, note=note)


def markdown(rows: Iterable[Row]) -> str:
    """Given rows, return the table in Markdown."""
    lines = [
        "| work | opspact | time | compared with | time | ratio | target | reached |",
        "|---|---|--:|---|--:|--:|--:|---|",
    ]
    lines += [
        f"| {row.work} | {row.ours.name} | {row.ours.words} | {_named(row.theirs)} | {row.theirs.words} "
        f"| {row.ratio_words} | {'≤' if row.at_most else '≥'} {row.reach:g} | {'yes' if row.is_reached else '**no**'} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _named(figure: Figure) -> str:
    return f"{figure.name} ({figure.note})" if figure.note else figure.name
