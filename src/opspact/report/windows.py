"""Hosts that may not be changed now by the contract's windows, shown beside a plan.

In: closed hosts. Out: lines, JSON.
"""

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from opspact.report.lines import Line, line
from opspact.rollout.windows import ClosedHosts, reason
from opspact.text.instants import format_instant_in_utc, format_minute_with_offset
from opspact.text.names import list_names


def closed_lines(found: Iterable[ClosedHosts]) -> Iterator[Line]:
    """Given hosts that may not be changed now, yield why, and when apply may change them."""
    for closed in found:
        opens = format_minute_with_offset(closed.opens, ZoneInfo(closed.zone)) if closed.opens else ""
        after = f"; apply can change {'it' if len(closed.hosts) == 1 else 'them'} from {opens} on" if opens else ""
        yield line(("no changes now on ", "doubt"), (list_names(closed.hosts), "title"), f": {reason(closed)}{after}")


def closed_data(found: Iterable[ClosedHosts]) -> list[dict[str, object]]:
    """Given hosts that may not be changed now, return them as JSON values; times in UTC."""
    return [
        {
            "hosts": list(closed.hosts),
            "windows": list(closed.windows),
            "reason": "outside maintenance window" if closed.is_outside else "blackout",
            "until": format_instant_in_utc(closed.until) if closed.until else None,
            "opens": format_instant_in_utc(closed.opens) if closed.opens else None,
        }
        for closed in found
    ]
