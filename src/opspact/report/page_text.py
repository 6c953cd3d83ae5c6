"""A document for a terminal.

Comes in: a page. Goes out: lines.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from opspact.report.line_breaks import columns
from opspact.report.lines import Line, line
from opspact.report.page import Block, Fields, Output, Page, Paragraph, SignatureLines, Table, Title

_MOST = 40
"""Columns of a table's cell beyond which the next one is not aligned."""


def page_lines(page: Page) -> Iterator[Line]:
    """Given a page, yield its lines."""
    yield line((page.title, "title"))
    for block in page.blocks:
        if isinstance(block, Title):
            yield line()
        yield from _lines(block)


def _lines(block: Block) -> Iterator[Line]:
    match block:
        case Title():
            yield line((block.text, "title"))
        case Paragraph():
            yield line((block.text, block.meaning) if block.meaning else block.text)
        case Fields():
            for label, value in block.rows:
                yield line((f"{label}: ", "title"), value, indent=2, hang=4)
        case Table():
            yield from _table(block)
        case Output():
            yield line((block.label, "title"), indent=2)
            yield from (line((text, "quiet"), indent=4, hang=2) for text in block.text.splitlines())
        case SignatureLines():
            yield from (line(f"{label}: {'_' * 24}  {block.day}: {'_' * 12}", indent=2) for label in block.labels)
        case _:
            assert_never(block)


def _table(table: Table) -> Iterator[Line]:
    every = [table.head, *table.rows]
    widths = [min(max(columns(row[place]) for row in every), _MOST) for place in range(len(table.head))]
    yield line((_row(table.head, widths), "title"), indent=2, hang=4)
    yield from (line(_row(row, widths), indent=2, hang=4) for row in table.rows)


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell}{' ' * (size - columns(cell))}" for cell, size in zip(row, widths, strict=True)).rstrip()
