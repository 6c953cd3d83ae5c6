"""What is secret in the values that steps capture and operators type.

Comes in: a value, the text that it was taken from. Goes out: whether it may be recorded, and what has to be masked from
then on.
"""

from collections.abc import Iterator, Mapping, Sequence

from opspact.onhost.redaction import LONGEST_LINE, SECRETS, Redactor, compiled, shortened_line
from opspact.runbook.output import without_secrets

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
    near = list(_near(value, text))
    is_searched = value in _shortened(text) or bool(near)
    return is_searched and all(value not in redactor.masked(each) for each in near)


def is_secret(redactor: Redactor, name: str, value: str, *, known: Sequence[str]) -> bool:
    """Whether a value holds a secret, a known one, or one by itself or under its name."""
    is_known = without_secrets(value, known) != value
    return is_known or is_masked(redactor, value) or is_masked(redactor, f"{name}: {value}")


def secret_names(redactor: Redactor, values: Mapping[str, str], said: str, *, known: Sequence[str]) -> tuple[str, ...]:
    """Given the values that a step captured from what it said, return the names of those that hold a secret."""
    return tuple(
        name
        for name, value in values.items()
        if is_secret(redactor, name, value, known=known) or is_masked_within(redactor, value, said)
    )


def secret_texts(redactor: Redactor, value: str) -> list[str]:
    """Given a value that holds a secret, return the texts that must be masked: what is secret in it, or all of it."""
    found = {text.strip("\"'") for part in _parts(value) for text in _secrets(redactor, part)}
    return sorted(text for text in found or {value} if len(text) >= _SHORTEST)


def _secrets(redactor: Redactor, text: str) -> Iterator[str]:
    """Yield what is masked in a text."""
    lower = text.lower()
    for words, expression in SECRETS:
        if any(word in lower for word in words):
            yield from (found[0][len(found[1]) :] for found in compiled(expression).finditer(text))
    for pattern, _ in redactor.patterns:
        yield from (found[0] for line in text.split("\n") for found in pattern.finditer(line))


def _shortened(text: str) -> str:
    return "\n".join(map(shortened_line, text.split("\n")))


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts that can be searched: of long lines also pieces, each beginning within the one before."""
    yield _shortened(text)
    for line in text.split("\n"):
        if len(line) > LONGEST_LINE:
            yield from (line[at : at + LONGEST_LINE] for at in range(0, len(line), LONGEST_LINE // 2))


def _near(value: str, text: str) -> Iterator[str]:
    """Yield what stands around a value in each line that is too long."""
    for line in text.split("\n"):
        if len(line) > LONGEST_LINE and value in line:
            at = line.index(value)
            yield line[max(0, at - _CONTEXT) : at + len(value) + _CONTEXT]
