"""Public holidays of countries, and the weekends that are worked to make up for them.

Comes in: a country, a year. Goes out: days.

Source: the library `holidays`, checked against `chinesecalendar` in the tests. Of a year that China has not announced
yet it guesses without saying so; `announced_through` is where its knowledge ends.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from holidays import registry


class DaysOfYear(NamedTuple):
    """Days off, and weekends that are worked."""

    off: frozenset[date]
    worked: frozenset[date]


class _Library(NamedTuple):
    """The library's module about a country, and its class for it."""

    module: Any
    entity: Any


@cache
def _library(country: str) -> _Library | None:
    """Given a country, return what the library has about it; None: nothing.

    Its module is loaded by itself: the package around it loads those of all 250 countries, which would take longer than
    anything else in a check.
    """
    found = ((name, names[0]) for name, names in registry.COUNTRIES.items() if names[1] == country)
    name, entity = next(found, ("", ""))
    if not name:
        return None
    path = Path(registry.__file__).with_name("countries") / f"{name}.py"
    spec = spec_from_file_location(f"{__name__}.{name}", path)
    assert spec is not None, "a path with a known suffix has a loader"
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return _Library(module, getattr(module, entity))


def _known(country: str) -> _Library:
    found = _library(country)
    assert found is not None, f"{country} is not known, and that was refused"
    return found


@cache
def days_of(country: str, subdivision: str, year: int) -> DaysOfYear:
    """Given a known country, a part of it (empty: the whole) and a year, return its days off and days made up for."""
    # The next year's announcement may say that the last days of this one are worked.
    found = _known(country).entity(subdiv=subdivision or None, years=(year, year + 1))
    worked: Iterable[date] = getattr(found, "weekend_workdays", ())
    return DaysOfYear(
        frozenset(day for day in found if day.year == year), frozenset(day for day in worked if day.year == year)
    )


@cache
def known_through(country: str) -> date | None:
    """Given a country whose holidays are announced year by year, return the last day known; None: they follow rules."""
    if country != "CN":
        return None
    years = sorted(_known(country).module.ChinaStaticHolidays.special_public_holidays)
    assert all(after == before + 1 for before, after in pairwise(years)), "a year is missing in the library"
    return date(years[-1], 12, 31)


@cache
def subdivisions(country: str) -> frozenset[str] | None:
    """Given a country's two letters, return its parts that have holidays of their own; None: it is not known."""
    found = _library(country)
    return frozenset(found.entity.subdivisions) if found else None


@cache
def called(country: str, subdivision: str, day: date) -> str:
    """Given a known country, a part of it and a day, return the public holiday's name in English; empty: it is none."""
    found = _known(country).entity(subdiv=subdivision or None, years=day.year, language="en_US")
    return str(found.get(day, ""))
