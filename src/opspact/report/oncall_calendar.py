"""Shifts as a calendar file (iCalendar, RFC 5545), for any calendar program.

Comes in: shifts, with the contract for names. Goes out: bytes.

Instants are written in UTC: every program shows them in its own zone, and an hour that comes twice stays two hours.
"""

from collections.abc import Iterable
from datetime import datetime

import icalendar

from opspact.model.contract import Contract
from opspact.model.roster.duty import Shift


def calendar_file(contract: Contract, shifts: Iterable[Shift], *, now: datetime) -> bytes:
    """Given shifts and this instant, return the file: one event for each, in the contract's language.

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
    return bytes(file.to_ical())


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
