"""What a message says, whatever its words: numbers, days, instants, policies."""

import re

from opspact.model.finding import Finding

_DATA = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d|\d{4}-\d\d(?:-\d\d)?|\d\d:\d\d|\b[a-z_]+/[\w-]+|(?<![\w.])\d+(?:\.\d+)?",
)


def data(message: str) -> set[str]:
    """Return instants (`2026-03-02 09:00`), days, months, times, numbers without their units, and `kind/name`."""
    return set(_DATA.findall(message))


def named(finding: Finding, *names: str) -> set[str]:
    """Return those of some names that a finding's message has as words of their own."""
    words = set(re.findall(r"[\w./:-]*\w", finding.message))
    return words.intersection(names)
