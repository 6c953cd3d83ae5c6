"""What people record of policies: a new record, and how what they owe stands.

Comes in: an event, judged obligations. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from opspact.evidence.assessment import Judged
from opspact.ledger.person_events import PersonRecorded
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.obligations import group_lines, grouped, obligation_data


def record_lines(event: PersonRecorded | None, judged: Sequence[Judged], zone: ZoneInfo) -> Iterator[Line]:
    """Given what was recorded (None: nothing was to be), and how obligations stand, yield it for people."""
    if event:
        found = "" if event.found is None else f", {event.found} counted"
        yield line(("recorded", "good"), f": {event.what} of {event.policy}, {event.day}, {event.person}{found}")
    for group in grouped(judged):
        yield from group_lines(group, zone)


def record_json(event: PersonRecorded | None, judged: Sequence[Judged]) -> str:
    """Given the same, return it for scripts."""
    recorded = event and {
        "policy": event.policy,
        "record": event.what,
        "person": event.person,
        "day": event.day.isoformat(),
        "found": event.found,
        "note": event.note,
    }
    return document("record", {"recorded": recorded, "obligations": [obligation_data(each) for each in judged]})
