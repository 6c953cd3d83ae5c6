"""The times of a window.

Comes in: a window, the days looked at. Goes out: the times that it takes.
"""

from opspact.model.policies.window import Window
from opspact.model.time.occupancy import Days, Taken, taken, whole_days


def window_times(window: Window, looked_at: Days) -> Taken:
    """Given a window and the days looked at, return its times on those days, whatever contract it is part of."""
    if window.schedule and window.length:
        return taken(
            window.schedule,
            looked_at,
            days=looked_at.due_days(window.schedule),
            seconds=window.length.seconds,
            forward=True,
        )
    return whole_days(looked_at.between(window.days.first, window.days.last) if window.days else 0, looked_at)
