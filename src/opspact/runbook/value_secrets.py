"""What is secret in the values that steps capture and operators type.

Comes in: a value, the text that it was taken from. Goes out: whether it may be recorded, and what has to be masked from
then on.
"""

from collections.abc import Iterator

from opspact.onhost.redaction import HIDDEN, LONGEST_LINE, Redactor, shortened_line

_SHORTEST = 4
"""A value of fewer characters is part of many texts."""
_CONTEXT = 400
"""Characters around a value that say whether it is secret, in a line that is too long to be searched."""


def is_masked(redactor: Redactor, text: str) -> bool:
    """Whether something in a text would be masked; lines of any length are searched."""
    return any(redactor.masked(part) != part for part in _parts(text))


def is_masked_within(redactor: Redactor, value: str, text: str) -> bool:
    """Given a value and the text that it was taken from, return whether it is masked wherever it stands there."""
    if len(value) < _SHORTEST or value not in text or value in redactor.masked(text):
        return False
    return all(value not in redactor.masked(near) for near in _near(value, text))


def secret_texts(redactor: Redactor, value: str) -> list[str]:
    """Given a value that holds a secret, return the texts that must be masked: what is secret in it, or all of it."""
    found = []
    for line in value.splitlines():
        masked = redactor.masked(line)
        start, end = _same_ends(line, masked)
        if HIDDEN in masked:
            found += [line, line[start : len(line) - end]]
    left = set(redactor.masked(value).splitlines())
    found += [line for line in value.splitlines() if line not in left]
    return [text for text in found if len(text) >= _SHORTEST] or [value]


def _same_ends(one: str, other: str) -> tuple[int, int]:
    """Return how many characters two texts have in common at their beginnings, and after that at their ends."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    most = shorter - start
    return start, next((at for at in range(most) if one[-1 - at] != other[-1 - at]), most)


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts that can be searched: of long lines also pieces, each beginning within the one before."""
    yield "\n".join(map(shortened_line, text.split("\n")))
    for line in text.split("\n"):
        if len(line) > LONGEST_LINE:
            yield from (line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE // 2))


def _near(value: str, text: str) -> Iterator[str]:
    """Yield what stands around a value in each line that is too long."""
    for line in text.split("\n"):
        if len(line) > LONGEST_LINE and value in line:
            at = line.index(value)
            yield line[max(0, at - _CONTEXT) : at + len(value) + _CONTEXT]
