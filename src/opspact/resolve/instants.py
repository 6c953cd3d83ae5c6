"""Instants as written: those without an offset are in the contract's zone.

Comes in: instants, aware or not, and the context of the policy. Goes out: instants in UTC; problems are noted.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opspact.resolve.context import DocumentContext
from opspact.schema.yaml.nodes import PathPart


def resolve_instant(written: datetime, zone: ZoneInfo) -> datetime:
    """Given an instant as written, return it in UTC; without an offset it is in the zone."""
    return (written if written.tzinfo else written.replace(tzinfo=zone)).astimezone(UTC)


def resolve_interval(
    start: datetime, end: datetime, *path: PathPart, context: DocumentContext
) -> tuple[datetime, datetime]:
    """Given two instants as written, return both in UTC; note a problem when nothing lies between them."""
    zone = context.whole.zone
    first, last = resolve_instant(start, zone), resolve_instant(end, zone)
    if last <= first:
        context.problem("OP120", "the interval ends before it starts", *path, "to")
    return first, last
