"""Output of commands, as it is recorded: without secrets, and cut in the middle where it is long.

Comes in: what a command said. Goes out: what is kept of it.
"""

import json
import shlex
from collections.abc import Iterable

from opspact.onhost.redaction import HIDDEN

LARGEST = 48_000
"""Characters of one output that are recorded."""
LONGEST_DETAIL = 1000
"""Characters of why a step ended as it did that are recorded."""
_SHORTEST_SECRET = 3


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Given a text and secrets, return it with a mask in place of each, and of each of their lines.

    They are found as a shell, Python or JSON quotes them, too.
    """
    lines = {line for secret in secrets for line in (secret, *secret.splitlines()) if len(line) >= _SHORTEST_SECRET}
    forms = {form for line in lines for form in _quoted(line)}
    for line in sorted(forms, key=len, reverse=True):
        text = text.replace(line, HIDDEN)
    return text


def _quoted(line: str) -> tuple[str, ...]:
    """Return the forms in which a text may be printed."""
    in_json = (json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1])
    in_python = (repr(line)[1:-1], line.replace("\\", "\\\\").replace("'", "\\'"))
    return (line, shlex.quote(line), line.replace("'", "'\"'\"'"), line.replace("'", "'\\''"), *in_json, *in_python)


def recorded_detail(text: str, secrets: Iterable[str]) -> str:
    """Given why a step ended as it did, return what is recorded of it: cut once masked, lest a mask is missed there."""
    return without_secrets(text, secrets)[:LONGEST_DETAIL]


def recorded_output(text: str, largest: int = LARGEST) -> str:
    """Given a text, return what is recorded of it: all, or its first and last lines with a note between."""
    if len(text) <= largest:
        return text
    half = largest // 2
    head, tail = text[:half], text[-half:]
    head = head[: head.rfind("\n") + 1] or head
    tail = tail[tail.find("\n") + 1 :] or tail
    left_out = len(text) - len(head) - len(tail)
    return f"{head}[{left_out} characters not recorded]\n{tail}"
