"""When a backup server looks after its repositories by itself.

Comes in: nothing. Goes out: a schedule.
"""

from opspact.values.schedule import Schedule

PRUNED = Schedule(
    text="daily at 06:30",
    minutes=(30,),
    hours=(6,),
    month_days=tuple(range(1, 32)),
    months=tuple(range(1, 13)),
    week_days=tuple(range(7)),
)
"""When a server drops what is past its keeping: after the night's backups."""
