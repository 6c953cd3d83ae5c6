"""Lists of holidays as calendar files (iCalendar, RFC 5545).

Comes in: the text of a file. Goes out: its days with their places.

An event is a day off or a working day by Apple's `X-APPLE-SPECIAL-DAY`, else by the words of its categories and its
summary; one that says neither is refused, never guessed. Where Apple's property is used at all, an event without it is
a festival that changes nothing. The lines are read here and not by `icalendar`, which keeps no places.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from opspact.errors import Problem
from opspact.schema.announcements.days import OfficialDay, OfficialDays, day_of, days_through, joined
from opspact.schema.codes import Code
from opspact.schema.value_error import quote
from opspact.schema.yaml.nodes import Mark
from opspact.schema.yaml.source import Source
from opspact.structs import Struct

_LINE = re.compile(r'(?P<name>[A-Za-z0-9-]+)(?P<parameters>(?:;(?:"[^"]*"|[^":])*)?):(?P<value>.*)', re.DOTALL)
_DATE = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_APPLE = "X-APPLE-SPECIAL-DAY"
_APPLE_DAYS = {"WORK-HOLIDAY": True, "ALTERNATE-WORKDAY": False}
_WORKED = re.compile(r"(?i)班|\bwork(?:ing)?[ -]?days?\b|\bmake-?up\b")
_OFF = re.compile(r"(?i)休|放假|\bdays?[ -]off\b")
_HOLIDAY = re.compile(r"(?i)假期|假日|\bholidays?\b")
_SWAPPED = "调休"
"""Said of days off and of days worked alike."""
_LONGEST = 31
"""Days that one event may have."""


class _Property(Struct):
    """One content line: its name in capitals, its value, and where it begins."""

    name: str
    value: str
    line: int


class _Event(Struct):
    """One event's properties by name (the first of each), and the line on which it begins."""

    properties: dict[str, _Property]
    line: int

    def value(self, name: str) -> str:
        """Given a property's name, return its text; empty where it is missing."""
        found = self.properties.get(name)
        return "" if found is None else found.value


def read_ical(source: Source) -> OfficialDays:
    """Given the text of a calendar file, return what it announces, with a problem for each event that is unclear."""
    events: list[_Event] = []
    about: dict[str, str] = {}
    inside: list[str] = []
    for line in _properties(source.text):
        if line.name == "BEGIN":
            inside.append(line.value.upper())
            if inside[-1] == "VEVENT":
                events.append(_Event({}, line.line))
        elif line.name == "END":
            inside = inside[:-1]
        elif inside[-1:] == ["VEVENT"]:
            events[-1].properties.setdefault(line.name, line)
        elif inside == ["VCALENDAR"]:
            about.setdefault(line.name, line.value)
    has_marks = any(event.value(_APPLE).upper() in _APPLE_DAYS for event in events)
    days: list[OfficialDay] = []
    problems: list[Problem] = []
    for event in events:
        if has_marks and event.value(_APPLE).upper() not in _APPLE_DAYS:
            continue
        found = _days(event, source)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            days.extend(found)
    said = joined(about.get(name, "") for name in ("X-WR-CALNAME", "NAME", "URL", "SOURCE"))
    return OfficialDays(tuple(days), tuple(problems), source=said, is_chinese=False)


def _properties(text: str) -> Iterator[_Property]:
    """Yield the content lines, unfolded; what is none is left out, as the standard asks of readers."""
    unfolded: list[tuple[int, str]] = []
    for number, line in enumerate(re.split("\r\n|\r|\n", text), start=1):
        if line[:1] in {" ", "\t"} and unfolded:
            unfolded[-1] = (unfolded[-1][0], unfolded[-1][1] + line[1:])
        else:
            unfolded.append((number, line))
    for number, line in unfolded:
        found = _LINE.fullmatch(line)
        if found is not None:
            value = _ESCAPED.sub(lambda escape: " " if escape[1] in "nN" else escape[1], found["value"])
            yield _Property(found["name"].upper(), value.strip(), number)


def _days(event: _Event, source: Source) -> tuple[OfficialDay, ...] | Problem:
    """Return the days of an event, or why they are unclear."""
    if "RRULE" in event.properties:
        return _problem(event, "RRULE", "a repeated event is not a list of announced days", source=source)
    span = _span(event, source)
    if isinstance(span, Problem):
        return span
    is_off = _is_off(event)
    summary = event.value("SUMMARY")
    if is_off is None:
        message = f"{quote(summary)} does not say whether the day is off or worked"
        return _problem(
            event, "SUMMARY", message, source=source, hint="write 休 or 班 into the summary, or remove the event"
        )
    mark = Mark(event.properties["DTSTART"].line, 1)
    return tuple(OfficialDay(day, is_off, summary, mark) for day in days_through(*span))


def _span(event: _Event, source: Source) -> tuple[date, date] | Problem:
    """Return an event's first and last day: its end is the day after. Without an end it lasts for one day."""
    first = _date(event.value("DTSTART"))
    if first is None:
        message = f"expected an event of whole days, got {quote(event.value('DTSTART'))}"
        return _problem(event, "DTSTART", message, source=source)
    if "DURATION" in event.properties:
        return _problem(event, "DURATION", "expected DTEND, not DURATION", source=source)
    if "DTEND" not in event.properties:
        return first, first
    end = _date(event.value("DTEND"))
    if end is None or end < first or (end - first).days > _LONGEST:
        message = f"expected the day after the last one, at most {_LONGEST} days on, got {quote(event.value('DTEND'))}"
        return _problem(event, "DTEND", message, source=source)
    return first, max(first, end - timedelta(days=1))


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    return day_of(int(found["year"]), int(found["month"]), int(found["day"])) if found else None


def _is_off(event: _Event) -> bool | None:
    """Return whether an event is a day off; None: it does not say."""
    marked = _APPLE_DAYS.get(event.value(_APPLE).upper())
    if marked is not None:
        return marked
    summary = event.value("SUMMARY")
    said = {*_said(event.value("CATEGORIES")), *_said(summary)}
    if not said and _HOLIDAY.search(summary):
        return True
    return said.pop() if len(said) == 1 else None


def _said(words: str) -> Iterator[bool]:
    """Yield whether some words say off, and worked; both where they say both."""
    plain = words.replace(_SWAPPED, "")
    if _OFF.search(plain):
        yield True
    if _WORKED.search(plain):
        yield False


def _problem(event: _Event, name: str, message: str, *, source: Source, hint: str = "") -> Problem:
    found = event.properties.get(name)
    mark = Mark(event.line if found is None else found.line, 1)
    return source.problem(Code.BAD_FORM, mark, message, hint=hint)
