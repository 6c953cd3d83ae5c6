"""What differs between a step as it was and as it will be: fields in words, contents of files as a diff.

Comes in: two steps. Goes out: text. Steps hold no secret, so none can be shown here.
"""

import difflib

from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.kinds import as_data
from opspact.steps.table_rows import TableRows
from opspact.text.unicode import covered
from opspact.values.secret import SecretReference

_LARGEST = 200_000  # bytes of a content that are still compared line by line
_NOT_SAID = {"kind", "content", "program"}


def fields_that_differ(before: Step, after: Step) -> str:
    """Given a step before and after, return the differing fields in words; empty when none can be named."""
    old, new = as_data(before), as_data(after)
    said = [
        f"{name.replace('_', ' ')}: {_value(getattr(before, name))} → {_value(getattr(after, name))}"
        for name in new
        if name not in _NOT_SAID and name in old and old.get(name) != new.get(name)
    ]
    if old.get("content") != new.get("content"):
        said.insert(0, "content differs")
    return ", ".join(said)


def _value(value: object) -> str:
    """Return a field's value in words; a secret's is its reference."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, SecretReference):
        return value.key
    return str(value) if value else "nothing"


def difference(before: Step | None, after: Step) -> list[str]:
    """Given a step with content before (None: not known) and after, return their difference as lines of a unified diff.

    Empty when a content is not available, not text, too large, or the same.
    """
    if not isinstance(before, File | TableRows) or not isinstance(after, type(before)):
        return []
    old, new = _text(before), _text(after)
    if old is None or new is None or old == new:
        return []
    found = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    return [covered(text.replace("\t", "    ")) for text in list(found)[2:]]


def _text(step: File | TableRows) -> str | None:
    """Return a step's text; None when there is none to show."""
    if len(step.content.data) > _LARGEST:
        return None
    try:
        return step.content.data.decode()
    except UnicodeDecodeError:
        return None
