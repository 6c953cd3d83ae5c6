"""Public holidays of countries, and the weekends that are worked to make up for them.

Comes in: a country, a year. Goes out: days. Loaded by `model.calendar` only when a calendar names a country, because
the library takes a while to import.

Source: the library `holidays`, checked against `chinesecalendar` in the tests. Of a year that China has not announced
yet it guesses without saying so; `announced_through` is where its knowledge ends.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import holidays
from holidays.countries.china import ChinaStaticHolidays


class DaysOfYear(NamedTuple):
    """Days off, and weekends that are worked."""

    off: frozenset[date]
    worked: frozenset[date]


@cache
def days_of(country: str, subdivision: str, year: int) -> DaysOfYear:
    """Given a known country, a part of it (empty: the whole) and a year, return its days off and days made up for."""
    # The next year's announcement may say that the last days of this one are worked.
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=(year, year + 1))
    worked: Iterable[date] = getattr(found, "weekend_workdays", ())
    return DaysOfYear(
        frozenset(day for day in found if day.year == year), frozenset(day for day in worked if day.year == year)
    )


@cache
def announced_through(country: str) -> date | None:
    """Given a country whose holidays are announced year by year, return the last day known; None: they follow rules."""
    if country != "CN":
        return None
    years = sorted(ChinaStaticHolidays.special_public_holidays)
    assert all(after == before + 1 for before, after in pairwise(years)), "a year is missing in the library"
    return date(years[-1], 12, 31)


@cache
def subdivisions(country: str) -> frozenset[str] | None:
    """Given a country's two letters, return its parts that have holidays of their own; None: it is not known."""
    known = holidays.list_supported_countries(include_aliases=False)
    return frozenset(known[country]) if country in known else None


@cache
def called(country: str, subdivision: str, day: date) -> str:
    """Given a known country, a part of it and a day, return the public holiday's name in English; empty: it is none."""
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=day.year, language="en_US")
    return str(found.get(day, ""))
