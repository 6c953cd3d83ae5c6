"""Did you mean …? The nearest known word to a wrong one.

Comes in: a word and the known ones. Goes out: a hint, or nothing.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_LONGEST_WORD = 64
_MOST_NAMED = 12
_SHORTEST_BEGINNING = 2
_SEPARATORS = re.compile(r"[-_. ]")
_NUMBER = re.compile(r"[0-9]+|(?<=[-_.])[a-z]$")
"""What tells things of one name apart: `db1`, `db-a`."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Given a wrong word, return the nearest known one, letter case aside, or None where none is near.

    A word of three letters may have one typing error, for every three more another one. Another number is none:
    `db3` is not `db1`. A beginning is near what alone begins with it; of several, the shortest, when the others
    go on from it.
    """
    if not 0 < len(word) <= _LONGEST_WORD:
        return None
    by_fold = {name.casefold(): name for name in sorted(known, reverse=True)}
    folded = word.casefold()
    same = min((name for name in by_fold if _letters(name) == _letters(folded)), key=len, default=None)
    if same:
        return by_fold[same]
    if begun := _begun(folded, by_fold):
        return by_fold[begun]
    errors = {name: typing_errors(folded, name) for name in by_fold if _is_comparable(folded, name)}
    likely = [name for name, number in errors.items() if number <= _allowed(folded, name)]
    best = min(likely, key=lambda name: (errors[name], -_likeness(folded, name), name), default=None)
    best = best or _continued(folded, by_fold)
    return by_fold[best] if best else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Given a wrong word, return `did you mean "x"?`, or else the list of a few known words, or else nothing."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f'did you mean "{near}"?'
    if 0 < len(names) <= _MOST_NAMED:
        return f"known names: {', '.join(names)}"
    return ""


def _letters(name: str) -> str:
    """Return a name without what separates its parts: `li_na` and `lina` are meant for `li-na`."""
    return _SEPARATORS.sub("", name)


def _begun(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that begins with this one: of several the shortest, when all others begin with it too."""
    if len(word) < _SHORTEST_BEGINNING:
        return None
    found = sorted((name for name in known if name.startswith(word) and not name[len(word)].isdigit()), key=len)
    return found[0] if found and all(name.startswith(found[0]) for name in found) else None


def _continued(word: str, known: Iterable[str]) -> str | None:
    """Return the longest known word with which this one begins, where only letters follow: `warn` for `warning`."""
    found = (name for name in known if len(name) > _SHORTEST_BEGINNING and word.startswith(name))
    return max((name for name in found if word[len(name) :].isalpha()), key=len, default=None)


def _allowed(word: str, name: str) -> int:
    shorter = min(len(word), len(name))
    return (shorter + 1) // 3 if shorter > _SHORTEST_BEGINNING else int(shorter > 1 and set(word) == set(name))


def _is_comparable(word: str, name: str) -> bool:
    """Return whether one can be a typing error for the other: about one length, most letters, the same number."""
    allowed = _allowed(word, name)
    if abs(len(word) - len(name)) > allowed or len(set(word) ^ set(name)) > 2 * allowed:
        return False
    return _is_same_number("".join(_NUMBER.findall(word)), "".join(_NUMBER.findall(name)))


def _is_same_number(typed: str, meant: str) -> bool:
    """Return whether numbers are the same: leading zeros aside, with two digits swapped, or one typed twice."""
    if typed.lstrip("0") == meant.lstrip("0") or not meant:
        return True
    is_swapped = sorted(typed) == sorted(meant)
    is_doubled = len(typed) == len(meant) + 1 and set(typed) == set(meant)
    return (is_swapped or is_doubled) and typing_errors(typed, meant) == 1


def _likeness(word: str, name: str) -> float:
    return SequenceMatcher(None, word, name).ratio()


def typing_errors(word: str, name: str) -> int:
    """Return how many letters were typed wrong, too much, not at all, or in place of their neighbour's.

    The «optimal string alignment» distance: Boytsov, «Indexing methods for approximate dictionary searching» (2011).
    """
    before: list[int] = []
    row = list(range(len(name) + 1))
    for y, typed in enumerate(word, 1):
        older, before = before, row
        row = [y]
        for x, meant in enumerate(name, 1):
            cost = min(before[x] + 1, row[x - 1] + 1, before[x - 1] + (typed != meant))
            if y > 1 and x > 1 and typed == name[x - 2] and word[y - 2] == meant:
                cost = min(cost, older[x - 2] + 1)
            row.append(cost)
    return row[-1]
