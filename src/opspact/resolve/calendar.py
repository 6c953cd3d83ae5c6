"""The kind `calendar`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from importlib import import_module

from opspact.model.inventory.host import Inventory
from opspact.model.time.calendar import Calendar
from opspact.model.time.official_year import OfficialYear
from opspact.resolve.context import Context, DocumentContext
from opspact.schema import kinds
from opspact.schema.documents import calendar
from opspact.schema.read import LocatedDocument, policies_refused
from opspact.text import suggestions


def resolve_calendar(document: kinds.Calendar, context: DocumentContext) -> Calendar:
    """Given a calendar as written, return its meaning; holidays of an unknown country are refused."""
    week = document.hours
    holidays = document.holidays
    _check_country(document, context)
    return Calendar(
        name=document.name,
        zone=document.zone,
        week=week,
        country=holidays.country or "",
        subdivision=holidays.subdivision or "",
        known_through=holidays.known_through,
        closed=frozenset(day for period in holidays.dates for day in period.days()),
        yearly=frozenset(holidays.yearly),
        workdays=frozenset(document.workdays),
        workday_hours=document.default_hours or week[0],
        day_hours=tuple((day, hours) for day, hours in (document.workday_hours or {}).items() if day is not None),
        official=tuple(_official(year, written) for year, written in holidays.official.items()),
        origin=context.origin(),
    )


def calendars_in(documents: tuple[LocatedDocument, ...]) -> dict[str, Calendar]:
    """Given policies that stand for themselves, return the calendars among them by name.

    Raise Refused with all problems when one of them is wrong.
    """
    context = Context({}, Inventory({}, {}), documents)
    found = context.resolve(kinds.Calendar, resolve_calendar)
    if context.problems:
        raise policies_refused(context.problems)
    return found


def _official(year: int, written: calendar.OfficialYear) -> OfficialYear:
    off = frozenset(day for period in written.days_off for day in period.days())
    return OfficialYear(year, off, frozenset(written.workdays), written.source)


def _check_country(document: kinds.Calendar, context: DocumentContext) -> None:
    """Note a problem where a calendar's country, or its part of that country, is not known."""
    country, part = document.holidays.country, document.holidays.subdivision
    if country is None:
        return
    parts: frozenset[str] | None = import_module("opspact.model.time.public_holidays").subdivisions(country)
    if parts is None:
        message = f'unknown country "{country}" for public holidays'
        hint = "use a two-letter ISO 3166 code, such as CN, or list the days under dates"
        context.problem("OP111", message, "holidays", "country", hint=hint)
    elif part is not None and part not in parts:
        message = f'"{part}" is not a subdivision of {country} with its own holidays'
        hint = suggestions.did_you_mean(part, parts) or "remove it"
        context.problem("OP111", message, "holidays", "subdivision", hint=hint)
