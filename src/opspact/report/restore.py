"""A restore, before it is done: which copy, how old, what of it goes where.

In: the chosen copy, what is asked for. Out: lines.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.evidence.suspect_copies import SuspectCopies
from opspact.recovery.restore import ChosenCopy, Target
from opspact.report.lines import Line, line
from opspact.text.durations import format_duration
from opspact.text.instants import format_minute_with_offset


def choice_lines(copy: ChosenCopy, target: Target, *, host: str, zone: ZoneInfo) -> Iterator[Line]:
    """Given the copy that was chosen and what is asked for, yield what would be done."""
    begun = format_minute_with_offset(copy.started, zone)
    age = format_duration(copy.age_seconds)
    yield line((f"{host}  ", "title"), f"restore {target}")
    yield line(f"from {copy.name}, begun {begun}, {age} old", indent=2)
    if not copy.record:
        yield line(("what it held when it was made is not recorded", "doubt"), ": it cannot be compared", indent=2)


def suspect_lines(suspects: SuspectCopies, *, server: str, zone: ZoneInfo) -> Iterator[Line]:
    """Given what the server reported against the copies, yield what a person has to know of that."""
    if suspects.reported is None:
        yield line((f"{server} has not reported on this repository yet", "doubt"), ": no copy is known to be suspect")
        return
    at: datetime = suspects.reported
    if suspects.problem:
        yield line((suspects.problem, "bad"))
    if suspects.names and not suspects.is_damaged:
        words = f": {len(suspects.names)} suspect copies are left out ({server}, {format_minute_with_offset(at, zone)})"
        yield line(("damage was found in this repository", "doubt"), words)
