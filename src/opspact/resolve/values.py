"""Written values → what they mean.

Comes in: the document, and the context of resolving. Goes out: its meaning; problems are noted in the context.
"""

from dataclasses import asdict

from opspact.schema.values.ages import Age as WrittenAge
from opspact.schema.values.schedules import Schedule as WrittenSchedule
from opspact.values.age import Age
from opspact.values.schedule import Schedule


def schedule(written: WrittenSchedule) -> Schedule:
    """Given a schedule as written, return what it means."""
    return Schedule(**asdict(written))


def age(written: WrittenAge) -> Age:
    """Given an age as written, return what it means."""
    return Age(written.text, written.months, written.seconds)
