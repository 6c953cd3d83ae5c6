"""Lists of names as text.

Comes in: names. Goes out: text.
"""

from collections.abc import Sequence

_SHOWN = 3


def join_names(names: Sequence[str], noun: str = "", *, last: str = "and") -> str:
    """Given names, return them for a sentence, a few of many: `app1, app2, app3 and 9,997 more hosts`.

    `last`: the word before the last one.
    """
    if len(names) <= _SHOWN + 1:
        return ", ".join(names[:-1]) + (f" {last} " if len(names) > 1 else "") + "".join(names[-1:])
    more = f"{len(names) - _SHOWN:,} more"
    return f"{', '.join(names[:_SHOWN])} {last} {more}" + (f" {noun}" if noun else "")


def list_names(names: Sequence[str], most: int = 5) -> str:
    """Given names, return the first of them and how many more there are: `app1, app2, app3 and 9,997 more`.

    A single one more than `most` is shown as well: its name is no longer than the number.
    """
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def is_or_are(names: Sequence[str]) -> str:
    """Given names, return the verb that goes with them."""
    return "is" if len(names) == 1 else "are"
