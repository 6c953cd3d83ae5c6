"""Days as a list of holidays names them, whatever its form.

Comes in: what a reader of one form found. Goes out: frozen values with places.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from opspact.errors import Problem
from opspact.schema.yaml.nodes import Mark
from opspact.structs import Struct

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class OfficialDay(Struct):
    """One day of a list: off or worked, for which holiday, and where the list says so."""

    day: date
    is_off: bool
    name: str
    mark: Mark


class OfficialDays(Struct):
    """What a list says, as far as it can be read.

    `year` is the year that it says it is of (None: it does not say). `is_chinese`: it has a form that only lists of
    China have, so that China's fixed holidays must be in it.
    """

    days: tuple[OfficialDay, ...]
    problems: tuple[Problem, ...]
    year: int | None = None
    source: str = ""
    is_chinese: bool = True


def day_of(year: int, month: int, day: int) -> date | None:
    """Given the numbers of a day, return it; None: there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def days_through(first: date, last: date) -> Iterator[date]:
    """Given two days, yield each from the first to the last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def weekday_name(day: date) -> str:
    """Given a day, return its weekday in English."""
    return _WEEKDAYS[day.weekday()]


def joined(texts: Iterable[str]) -> str:
    """Given texts, return those that say something, each once, with a comma between them."""
    return ", ".join(dict.fromkeys(text for text in texts if text))
