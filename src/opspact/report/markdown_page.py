"""A comment in Markdown that forges take: whole blocks alone, as many as fit, and a word about the rest.

In: blocks, each of which is complete by itself. Out: the text of the comment.
"""

import html
from collections.abc import Iterable, Iterator, Sequence

from opspact.report.lines import shortened

LIMIT = 65_000
"""How long a comment is at most, in UTF-16 code units.

GitHub refuses more than 65,536 characters in some places and more than 262,144 bytes in others. A code unit is never
less than a character, and takes at most three bytes.
"""


def length(text: str) -> int:
    """Given text, return its length in UTF-16 code units, by which no forge counts more."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class MarkdownPage:
    """A comment that grows block by block; `end` is kept free for what is said when something does not fit."""

    def __init__(self, end: str, limit: int = LIMIT) -> None:
        self._end = end
        self._blocks: list[str] = []
        self._room = limit - length(end)
        self._is_cut = False

    def add(self, *versions: str) -> bool:
        """Given a block in its versions, the longest first, add the first that fits; return whether one does."""
        for version in versions:
            if length(version) <= self._room:
                self._blocks.append(version)
                self._room -= length(version)
                self._is_cut = self._is_cut or version is not versions[0]
                return True
        self._is_cut = True
        return False

    def add_rows(self, head: str, rows: Sequence[str], foot: str = "", *, most: int) -> None:
        """Given rows of a section, add those that fit into half of what is left, `most` of them at most."""
        left = self._room // 2 - length(head) - length(foot) - length(_more(len(rows)))
        shown = list(_fitting(rows[:most], left))
        if not shown:
            self._is_cut = self._is_cut or bool(rows)
            return
        more = len(rows) - len(shown)
        self._is_cut = self._is_cut or more > 0
        self.add("".join([head, *shown, _more(more) if more else "", foot]))

    @property
    def text(self) -> str:
        """The comment; where something did not fit, it ends with the word about that."""
        return "".join([*self._blocks, self._end if self._is_cut else ""])


def _fitting(rows: Iterable[str], left: int) -> Iterator[str]:
    for row in rows:
        left -= length(row)
        if left < 0:
            return
        yield row


def _more(number: int) -> str:
    return f"\nand {number:,} more\n"


def detail_borders(summary: str, names: str = "") -> tuple[str, str]:
    """Given the summary of a folded part, and names that others gave, return what stands before and after the part."""
    shown = f": <code>{html.escape(shortened(names))}</code>" if names else ""
    return f"\n<details><summary>{html.escape(summary)}{shown}</summary>\n\n", "\n</details>\n"
