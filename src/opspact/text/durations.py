"""Lengths of time as text, in the form in which policies write them. What was written is shown as it was written.

Comes in: seconds. Goes out: text.
"""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_IN_DAYS = 3 * _DAY
"""From so many seconds on, days are easier to grasp than hours."""


def format_duration(seconds: float) -> str:
    """Given a length, return it to the minute: `40s`, `45m`, `26h`, `1h30m`, `31 days`, `31 days 1h`.

    Less than nothing is shown as nothing.
    """
    whole = round(seconds / _MINUTE) * _MINUTE
    if whole <= 0:
        return f"{max(0, round(seconds))}s"
    days, rest = divmod(whole, _DAY) if whole >= _IN_DAYS else (0, whole)
    parts = [f"{days} days" if days else "", format_hours(rest) if rest else ""]
    return " ".join(filter(None, parts))


def format_hours(seconds: float) -> str:
    """Given a length, return it in hours, minutes and seconds, nothing rounded: `168h`, `1h30m`, `102h20m15s`."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, left = divmod(int(minutes), _MINUTE)
    parts = [
        f"{hours}h" if hours else "",
        f"{left}m" if left else "",
        f"{plain_number(round(rest, 6))}s" if rest else "",
    ]
    return "".join(parts) or "0s"


def plain_number(seconds: float) -> int | float:
    """Given seconds, return them without a fraction where there is none."""
    return int(seconds) if seconds == int(seconds) else seconds
