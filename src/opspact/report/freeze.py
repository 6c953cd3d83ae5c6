"""Freezes, shown: who stopped changes, why, since when and until when.

In: freezes that hold. Out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.rollout.freeze import Freeze
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset


def freeze_lines(found: Iterable[Freeze], zone: ZoneInfo) -> Iterator[Line]:
    """Given freezes that hold and the zone for people, yield a line for each."""
    for freeze in found:
        since, until = (format_minute_with_offset(at, zone) for at in (freeze.since, freeze.until))
        yield line(("changes are frozen ", "doubt"), f"until {until}: {freeze.reason} ({freeze.by}, since {since})")


def freeze_data(found: Iterable[Freeze]) -> list[dict[str, object]]:
    """Given freezes, return them as JSON values; times in UTC."""
    return [
        {
            "name": freeze.name,
            "by": freeze.by,
            "since": format_instant_in_utc(freeze.since),
            "until": format_instant_in_utc(freeze.until),
            "reason": freeze.reason,
        }
        for freeze in found
    ]


def freeze_json(found: Sequence[Freeze], ended: Sequence[Freeze] = ()) -> str:
    """Given the freezes that hold and those that were ended just now, return one JSON object."""
    return document("freeze", {"freezes": freeze_data(found), "ended": freeze_data(ended)})
