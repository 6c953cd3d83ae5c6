"""What ends on a day, and how long before that day it is reported.

Comes in: the last day of something, today. Goes out: how much its end weighs, and when it is, in words.
"""

from datetime import date, timedelta

from opspact.model.finding import Severity
from opspact.text.counts import format_count

_NOTICE = timedelta(days=60)
_URGENT = timedelta(days=14)


def severity_of_end(last: date | None, today: date) -> Severity | None:
    """Given the last day on which something is valid (None: it never ends), return how much its end weighs today.

    A note 60 days ahead, a warning in the last 14 days and ever after; None: it is far away.
    """
    if last is None or (left := last - today) > _NOTICE:
        return None
    return Severity.NOTE if left > _URGENT else Severity.WARNING


def format_end(last: date, today: date) -> str:
    """Given the last day on which something is valid, return for example `ends on 2026-12-31 (in 9 days)`."""
    days = (last - today).days
    if days < 0:
        return f"ended on {last}"
    return f"ends on {last} (in {format_count(days, 'day')})" if days else f"ends on {last} (today)"
