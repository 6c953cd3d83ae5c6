"""Did you mean …? The nearest known word to a wrong one.

Comes in: a word and the known ones. Goes out: a hint, or nothing.
"""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST_WORD = 64
_MOST_NAMED = 12


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Given a wrong word, return the nearest known one, letter case aside, or None where none is near."""
    if len(word) > _LONGEST_WORD:
        return None
    by_fold = {name.casefold(): name for name in sorted(known, reverse=True)}
    folded = word.casefold()
    matches = get_close_matches(folded, by_fold, n=1, cutoff=0.6)
    if not matches:
        matches = [name for name in sorted(by_fold) if min(len(folded), len(name)) > 1 and name.startswith(folded)]
    return by_fold[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Given a wrong word, return `did you mean "x"?`, or else the list of a few known words, or else nothing."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f'did you mean "{near}"?'
    if 0 < len(names) <= _MOST_NAMED:
        return f"known names: {', '.join(names)}"
    return ""
