"""Shifts as a calendar file (iCalendar, RFC 5545), for any calendar program.

Comes in: shifts, with the contract for names. Goes out: bytes.

Instants are written in UTC: every program shows them in its own zone, and an hour that comes twice stays two hours.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import icalendar

from opspact.model.contract import Contract
from opspact.model.roster.duty import Shift
from opspact.model.text import Text

_DAY = timedelta(days=1)


def calendar_file(
    contract: Contract, shifts: Iterable[Shift], unknown: Iterable[tuple[str, datetime]], *, now: datetime
) -> bytes:
    """Given shifts, from when on duty of which rosters is unknown, and this instant, return the file.

    It has one event for each, in the contract's language: days without any would look like days off duty.
    An event keeps its UID as long as roster, person and beginning stay: a program that reads the file again updates it.
    """
    file = icalendar.Calendar()
    file.add("prodid", "-//opspact//oncall//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", contract.name)
    file.add("x-wr-timezone", contract.zone)
    for shift in shifts:
        file.add_component(_event(contract, shift, now))
    for roster, since in unknown:
        file.add_component(_unknown(contract, roster, since, now=now))
    return bytes(file.to_ical())


def _unknown(contract: Contract, name: str, since: datetime, *, now: datetime) -> icalendar.Event:
    roster = contract.rosters[name].text.in_language(contract.language)
    event = icalendar.Event()
    event.add("uid", f"{name}.unknown@{contract.name}")
    event.add("dtstamp", now)
    event.add("dtstart", since)
    event.add("dtend", since + _DAY)
    unknown = Text(f"{roster}：此后的值班尚未排定", f"{roster}: later duty is unknown")
    event.add("summary", unknown.in_language(contract.language))
    event.add("transp", "TRANSPARENT")
    event.add("categories", [name])
    return event


def _event(contract: Contract, shift: Shift, now: datetime) -> icalendar.Event:
    roster = contract.rosters[shift.roster].text.in_language(contract.language)
    person = contract.people[shift.person].text.in_language(contract.language)
    event = icalendar.Event()
    event.add("uid", f"{shift.roster}.{shift.person}.{shift.start:%Y%m%dT%H%M%SZ}@{contract.name}")
    event.add("dtstamp", now)
    event.add("dtstart", shift.start)
    event.add("dtend", shift.end)
    event.add("summary", f"{roster}: {person}")
    event.add("categories", [shift.roster])
    if shift.instead_of:
        absent = contract.people[shift.instead_of].text.in_language(contract.language)
        event.add("description", f"{absent} → {person}")
    return event
