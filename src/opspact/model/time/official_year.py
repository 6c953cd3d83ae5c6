"""Years whose holidays were announced, as the policy has them from an official list.

Comes in: days. Goes out: frozen values.
"""

from collections.abc import Collection, Iterable
from datetime import date
from operator import attrgetter

from opspact.structs import Struct


class OfficialYear(Struct):
    """The holidays of a year as they were announced; days of the December before may be among them."""

    year: int
    off: frozenset[date]
    worked: frozenset[date]
    source: str


def official_days(years: Iterable[OfficialYear]) -> dict[date, bool]:
    """Given years, return of each day that they name whether it is worked; of one in two years, the later decides."""
    found: dict[date, bool] = {}
    for year in sorted(years, key=attrgetter("year")):
        found.update(dict.fromkeys(year.off, False) | dict.fromkeys(year.worked, True))
    return found


def last_in_a_row(years: Collection[int], first: int) -> int:
    """Given years and one to begin with, return the last that follows it without one missing between."""
    while first + 1 in years:
        first += 1
    return first
