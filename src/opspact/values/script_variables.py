"""Variables of shell scripts: those that a script needs from outside.

Comes in: the text of a script. Goes out: names.
"""

import re

_NEEDED = re.compile(r"\$\{?([a-z][a-z0-9_]*)(?!\w)")
_SET = r"(?:^|[\s;&|(])(?:%s\+?=|for\s+%s\s|read\b[^\n;|]*\b%s\b)|\$\{%s:?[-+=?]"
"""How a script sets a variable, or says what holds without it."""


def needed_variables(script: str) -> tuple[str, ...]:
    """Given a script, return the variables that it uses and neither sets nor does without, in their order."""
    names = dict.fromkeys(_NEEDED.findall(script))
    return tuple(name for name in names if not re.search(_SET.replace("%s", name), script))
