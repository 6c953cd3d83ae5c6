"""Words that rules share: a few of many names, and how many.

Comes in: names. Goes out: phrases. Called by rules.
"""

from collections.abc import Sequence

_SHOWN = 3


def some(names: Sequence[str], noun: str = "") -> str:
    """Given names, return a few of them and how many more there are: `app1, app2, app3 and 9,997 more hosts`."""
    if len(names) <= _SHOWN + 1:
        return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])
    more = f"{len(names) - _SHOWN:,} more"
    return f"{', '.join(names[:_SHOWN])} and {more}" + (f" {noun}" if noun else "")


def is_or_are(names: Sequence[str]) -> str:
    """Given names, return the verb that goes with them."""
    return "is" if len(names) == 1 else "are"
