"""Days, instants, pauses, lengths and calendars as options say them.

Comes in: the text of options. Goes out: their meaning, or Refused that names the option.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from opspact.cli.settings import Settings
from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.model.time.calendar import Calendar, Interval
from opspact.report.lines import line
from opspact.resolve.calendar import calendars_in
from opspact.schema.read import read_documents
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.days import parse_day, parse_period
from opspact.schema.values.durations import parse_duration, parse_elapsed
from opspact.schema.values.instants import parse_instant
from opspact.schema.yaml import limits
from opspact.text.suggestions import did_you_mean
from opspact.values.duration import Duration
from opspact.values.period import Period
from opspact.workspace.workspace import Workspace, now

_FIRST_YEAR, _LAST_YEAR = 1900, 2900
"""Years for which arithmetic on calendars makes sense and stays quick."""


def day(option: str, text: str | None) -> date | None:
    """Given an option and its text, return the day; nothing for nothing."""
    if text is None:
        return None
    try:
        return parse_day(text)
    except InvalidValueError as error:
        raise Refused(f"{option}: {error.message}", hint=error.hint) from error


def days(option: str, text: str) -> Period:
    """Given an option and its text `DAY..DAY`, return the days."""
    try:
        return parse_period(text)
    except InvalidValueError as error:
        raise Refused(f"{option}: {error.message}", hint=error.hint) from error


def instant(option: str, text: str, zone: ZoneInfo) -> datetime:
    """Given an option, its text and the zone of times without one, return the instant in UTC."""
    try:
        written = parse_instant(text)
    except InvalidValueError as error:
        hint = error.hint.replace("in the contract's time zone", f"in {zone.key}")
        raise Refused(f"{option}: {error.message}", hint=hint) from error
    if not _FIRST_YEAR <= written.year <= _LAST_YEAR:
        raise Refused(f"{option}: expected a year from {_FIRST_YEAR} to {_LAST_YEAR}, got {text}")
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def interval(option: str, text: str, zone: ZoneInfo) -> Interval:
    """Given an option, its text `T/T` and the zone of times without one, return the interval in UTC."""
    first, slash, second = text.partition("/")
    if not slash:
        hint = "for example 2026-03-02T10:00/2026-03-02T11:30"
        raise Refused(f'{option}: expected two instants with / between them, got "{text}"', hint=hint)
    start, end = instant(option, first.strip(), zone), instant(option, second.strip(), zone)
    if end < start:
        raise Refused(f"{option}: {second} is before {first}")
    return start, end


def intervals(option: str, texts: Iterable[str], zone: ZoneInfo) -> list[Interval]:
    """Given an option and its texts, return their intervals in UTC."""
    return [interval(option, text, zone) for text in texts]


def length(business: str | None, elapsed: str | None, working_days: int | None) -> Duration:
    """Given the three ways to say how long, of which one is given, return the length."""
    given = [value for value in (business, elapsed, working_days) if value is not None]
    if len(given) != 1:
        what = "none of them" if not given else "several"
        hint = "for example --business 15h"
        raise Refused(f"expected exactly one of --business, --elapsed and --working-days, got {what}", hint=hint)
    if working_days is not None:
        return Duration(f"{working_days} working days", "working_days", working_days)
    if business is not None:
        if re.search("[dw]", business):
            hint = "--working-days 5 keeps the time of day; --business 40h counts open hours"
            raise Refused(f"--business: expected hours, got {business}", hint=hint)
        found = _duration("--business", business)
        return Duration(found.text, "business", found.amount)
    if re.fullmatch("[0-9]+d", elapsed or ""):
        raise Refused(f"--elapsed: {elapsed} is ambiguous", hint=f"use {elapsed}ays for days of 24 hours")
    found = _duration("--elapsed", elapsed or "")
    if found.kind != "elapsed":
        hint = "use --business or --working-days to count on the calendar"
        raise Refused(f"--elapsed: expected elapsed time, got {elapsed}", hint=hint)
    return found


def elapsed(option: str, text: str) -> Duration:
    """Given an option and its text, return the length by the clock on the wall."""
    try:
        return parse_elapsed(text)
    except InvalidValueError as error:
        raise Refused(f"{option}: {error.message}", hint=error.hint) from error


def _duration(option: str, text: str) -> Duration:
    try:
        return parse_duration(text)
    except InvalidValueError as error:
        raise Refused(f"{option}: {error.message}", hint=error.hint) from error


def calendar(settings: Settings, text: str) -> tuple[Calendar, ZoneInfo]:
    """Given a calendar's name or file, return it and the zone for people: the contract's; for a file, its own.

    Tell on stderr when it does not say how far the holidays of its country are known.
    """
    found, zone = _calendar(settings, text)
    if found.country and found.known is None:
        note = f": {found.name} has no known_through for the holidays of {found.country}"
        settings.stderr.show([line(("later holidays are computed, not announced", "doubt"), note)])
    return found, zone


def check_period(settings: Settings, contract: Contract, at: datetime) -> None:
    """Given an instant that is asked about, tell on stderr when the contract's period does not include it."""
    period, day_ = contract.period, at.astimezone(ZoneInfo(contract.zone)).date()
    if not period.first <= day_ <= period.last:
        what = f"begins on {period.first}" if day_ < period.first else f"ends on {period.last}"
        settings.stderr.show([line((f"{day_} is outside the contract's period", "doubt"), f", which {what}")])


def is_file(text: str) -> bool:
    """Given what names a calendar, return whether it is the path of a file that has one."""
    return "/" in text or text.endswith((".yaml", ".yml"))


def _calendar(settings: Settings, text: str) -> tuple[Calendar, ZoneInfo]:
    if is_file(text):
        found = _from_file(text)
        return found, found.zone_info
    contract = Workspace(settings.folder(), now(), settings.trust_inventory).contract()
    calendars = contract.calendars
    if text not in calendars:
        raise Refused(f'--calendar: unknown calendar "{text}"', hint=did_you_mean(text, calendars))
    return calendars[text], ZoneInfo(contract.zone)


def _from_file(name: str) -> Calendar:
    try:
        with Path(name).open("rb") as file:
            content = file.read(limits.POLICY_FILE_BYTES + 1)
    except OSError as error:
        raise Refused(f"--calendar: cannot read {name}: {error.strerror}") from error
    found = calendars_in(read_documents(name, content))
    if len(found) != 1:
        names = ", ".join(found)
        what = f"several calendars: {names}" if found else "no calendar"
        raise Refused(f"--calendar: {name} contains {what}", hint="use a file with one document of kind: calendar")
    (calendar_,) = found.values()
    return calendar_
