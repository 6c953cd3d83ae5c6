"""What tests of narrow terminals share: which lines are too wide, and which commands are in pieces."""

import re
from collections.abc import Iterable

from rich.cells import cell_len

_ONE_PIECE = re.compile(r"`[^`]+`\S*|[!-~]*/[!-~]+|[!-~]*[0-9a-f]{32}[!-~]*|opspact [^;]*")
COMMAND = re.compile(r"`[^`]+`|(?<=[·:] )(?<!Usage: )opspact [a-z]+ [\w/-]+")


def unfit(shown: Iterable[str], whole: str, width: int) -> list[str]:
    """Return the shown lines that are too wide though they could be broken, and the commands that are in pieces."""
    lines = list(shown)
    wide = [text for text in lines if cell_len(text) > width and not _ONE_PIECE.fullmatch(text.strip())]
    return wide + [command for command in COMMAND.findall(whole) if not any(command in text for text in lines)]
