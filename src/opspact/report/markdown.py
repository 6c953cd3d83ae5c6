"""Text that goes into Markdown: nothing in it can end what it stands in.

Comes in: text. Goes out: Markdown.
"""

import re

from opspact.report.lines import one_line


def code(text: str) -> str:
    """Return text as code that nothing in it can end."""
    text = one_line(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def plain(text: str) -> str:
    """Return text that Markdown shows as it is; what would notify somebody by an `@` is code."""
    return "".join(
        code(part) if "@" in part else re.sub(r"([\\`*_\[\]<>|#&~!])", r"\\\1", part)
        for part in re.split(r"(\S*@\S*)", one_line(text))
    )
