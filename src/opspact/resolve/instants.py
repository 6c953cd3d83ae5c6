"""Instants as written: those without an offset are in the contract's zone.

Comes in: instants, aware or not, and the context of the policy. Goes out: instants in UTC; problems are noted.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.resolve.context import DocumentContext
from opspact.schema.yaml.nodes import PathPart
from opspact.text.instants import format_clock_time

_MINUTE = timedelta(minutes=1)


def resolve_instant(written: datetime, zone: ZoneInfo) -> datetime:
    """Given an instant as written, return it in UTC; without an offset it is in the zone."""
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def resolve_interval(
    start: datetime, end: datetime, *path: PathPart, context: DocumentContext
) -> tuple[datetime, datetime]:
    """Given two instants as written, return both in UTC; note a problem when nothing lies between them."""
    zone = context.whole.zone
    first, last = resolve_instant(start, zone), resolve_instant(end, zone)
    is_fine = [check_instant(at, zone, *path, key, context=context) for key, at in (("from", start), ("to", end))]
    if all(is_fine) and last <= first:
        message = "the interval ends before it starts"
        if start.tzinfo is None and end.tzinfo is None and start < end:
            message = f"nothing lies between `from` and `to`: clocks in {zone.key} go forward on {end.date()}"
        context.problem("OP120", message, *path, "to")
    return first, last


def check_instant(written: datetime, zone: ZoneInfo, *path: PathPart, context: DocumentContext) -> bool:
    """Given an instant as written, return whether clocks in the zone ever show it; note a problem where they do not.

    The first minute that they skip is the moment at which they are set, and fine.
    """
    if not (_is_skipped(written, zone) and _is_skipped(written - _MINUTE, zone)):
        return True
    there = resolve_instant(written, zone).astimezone(zone)
    message = f"{format_clock_time(written)} does not exist in {zone.key}: clocks go forward then"
    context.problem("OP120", message, *path, hint=f"use {there:%Y-%m-%dT%H:%M}, or write the offset from UTC")
    return False


def _is_skipped(written: datetime, zone: ZoneInfo) -> bool:
    return written.tzinfo is None and resolve_instant(written, zone).astimezone(zone).replace(tzinfo=None) != written
