"""A document in Markdown, for a repository or a forge.

Comes in: a page. Goes out: Markdown, in which nothing that strangers wrote means anything.
"""

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from opspact.report.lines import one_line
from opspact.report.markdown import plain
from opspact.report.page import Block, Fields, Output, Page, Paragraph, SignatureLines, Table, Title


def page_markdown(page: Page) -> str:
    """Given a page, return it in Markdown."""
    return "\n".join([f"# {plain(page.title)}\n", *(_block(block) for block in page.blocks)])


def _block(block: Block) -> str:
    match block:
        case Title():
            return f"{'#' * block.level} {plain(block.text)}\n"
        case Paragraph():
            return f"{f'**{plain(block.text)}**' if block.meaning in _LOUD else plain(block.text)}\n"
        case Fields():
            return "".join(_rows([("", ""), *((f"**{plain(label)}**", plain(value)) for label, value in block.rows)]))
        case Table():
            return "".join(_rows([tuple(map(plain, row)) for row in (block.head, *block.rows)]))
        case Output():
            return f"{plain(block.label)}\n\n{_fenced(block.text)}"
        case SignatureLines():
            return "".join(
                f"{plain(label)}: \\_\\_\\_\\_\\_\\_\\_\\_ {plain(block.day)}: \\_\\_\\_\\_\n\n"
                for label in block.labels
            )
        case _:
            assert_never(block)


_LOUD = frozenset({"bad", "doubt"})


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    head, *others = rows
    yield f"| {' | '.join(head)} |\n"
    yield f"|{'---|' * len(head)}\n"
    yield from (f"| {' | '.join(row)} |\n" for row in others)
    yield ""


def _fenced(text: str) -> str:
    """Given text, return it as a block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "".join(f"{one_line(each)}\n" for each in text.splitlines())
    return f"{fence}\n{lines}{fence}\n"
