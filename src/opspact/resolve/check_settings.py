"""Checks as the on-host program reads them.

Comes in: a check as written. Goes out: its settings.
"""

from opspact.schema.fields import Part
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.period import Period


def plain_settings(part: Part) -> dict[str, object]:
    """Return a check as the on-host program reads it: shares as per cent, durations in seconds, days as written."""
    plain: dict[str, object] = {}
    for name in type(part).model_fields:
        match getattr(part, name):
            case None:
                continue
            case Percent() as share:
                plain[name] = share.value
            case Duration() as duration:
                plain[name] = duration.seconds
            case Period() as days:
                plain[name] = f"{days.first}..{days.last}"
            case Part() as inner:
                plain[name] = plain_settings(inner)
            case value:
                plain[name] = value
    plain.pop("on", None)
    return plain
