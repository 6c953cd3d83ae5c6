"""Documents → calendars and lengths of time.

Comes in: written calendars and durations. Goes out: their meaning.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from importlib import import_module

from opspact.errors import Problem
from opspact.model.time.calendar import Calendar, Length
from opspact.model.time.open_year import DayHours
from opspact.resolve.context import origin
from opspact.schema import kinds
from opspact.schema.fields import Period
from opspact.schema.read import Written
from opspact.schema.values.durations import Duration
from opspact.schema.values.hours import OpenHours
from opspact.text import suggestions

_DAY = timedelta(days=1)


def calendar(written: Written, document: kinds.Calendar) -> Calendar:
    """Given a written calendar, return it."""
    week = tuple(_hours(hours) for hours in document.hours)
    holidays = document.holidays
    return Calendar(
        name=document.name,
        zone=document.zone,
        week=week,
        country=holidays.country or "",
        subdivision=holidays.subdivision or "",
        known_through=holidays.known_through,
        closed=frozenset(day for period in holidays.dates for day in _days(period)),
        yearly=frozenset(holidays.yearly),
        workdays=frozenset(document.workdays),
        workday_hours=_hours(document.workday_hours) if document.workday_hours else week[0],
        origin=origin(written),
    )


def problems(written: Written, document: kinds.Calendar) -> Iterator[Problem]:
    """Given a written calendar, yield what is wrong with its country."""
    country, part = document.holidays.country, document.holidays.subdivision
    if country is None:
        return
    parts: frozenset[str] | None = import_module("opspact.model.time.public_holidays").subdivisions(country)
    if parts is None:
        message = f'the public holidays of "{country}" are not known'
        hint = "two letters of ISO 3166, such as CN; or write the days as dates"
        yield written.problem("OP111", ("holidays", "country"), message, hint=hint)
    elif part is not None and part not in parts:
        message = f'"{part}" is no part of {country} with holidays of its own'
        hint = suggestions.did_you_mean(part, parts) or "leave it out"
        yield written.problem("OP111", ("holidays", "subdivision"), message, hint=hint)


def length(written: Duration) -> Length:
    """Given a written duration, return it."""
    if written.kind == "working_days":
        return Length(written.kind, days=written.amount, text=written.text)
    return Length(written.kind, timedelta(milliseconds=written.amount), text=written.text)


def _hours(written: tuple[OpenHours, ...]) -> DayHours:
    return tuple((hours.start, hours.end) for hours in written)


def _days(period: Period) -> Iterator[date]:
    for offset in range((period.last - period.first).days + 1):
        yield period.first + _DAY * offset
