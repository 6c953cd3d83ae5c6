"""A document as one HTML file, to be printed or sent: it loads nothing, and runs nothing.

Comes in: a page. Goes out: HTML, in which nothing that strangers wrote means anything. Written by hand: six kinds of
blocks need no template engine.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import assert_never

from opspact.report.line_breaks import columns
from opspact.report.lines import one_line
from opspact.report.page import Block, Fields, Output, Page, Paragraph, SignatureLines, Table, Title

_STYLE = """\
@page { size: A4; margin: 18mm 16mm; }
body { color: #1a1a1a; background: #fff; margin: 0 auto; max-width: 52rem; padding: 1.5rem; line-height: 1.5;
  font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei",
  "WenQuanYi Micro Hei", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; border-bottom: 2px solid #1a1a1a; padding-bottom: .3rem; }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #bbb; }
h3 { font-size: 1rem; margin-top: 1.4rem; }
h1, h2, h3 { break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .85rem; }
.short { white-space: nowrap; }
.words { overflow-wrap: break-word; }
th, td { border: 1px solid #ccc; padding: .25rem .4rem; text-align: left; vertical-align: top; }
th { background: #f2f2f2; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
table.fields th { width: 11rem; }
figure { margin: .6rem 0; }
figcaption { color: #555; font-size: .85rem; }
pre { background: #f6f6f6; border: 1px solid #ddd; padding: .5rem .7rem; margin: .2rem 0;
  font-size: .8rem; line-height: 1.4;
  font-family: ui-monospace, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; }
p.good { color: #14602a; } p.doubt { color: #7a4b00; } p.bad { color: #a01515; font-weight: bold; }
.sign { display: flex; gap: 2rem; margin-top: 2.2rem; break-inside: avoid; }
.sign span { border-bottom: 1px solid #1a1a1a; flex: 2; }
.sign span + b + span { flex: 1; }
.sign b { font-weight: normal; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; } pre { background: none; } }
"""
_SHORT, _SHORT_WORD = 10, 16
"""Columns of a cell that is not broken, and of a word that is not."""


def page_html(page: Page) -> str:
    """Given a page, return it as an HTML document."""
    title = _text(page.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(page.language)}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"{''.join(map(_block, page.blocks))}</body>\n</html>\n"
    )


def _text(text: str) -> str:
    return escape(one_line(text))


def _block(block: Block) -> str:
    match block:
        case Title():
            return f"<h{block.level}>{_text(block.text)}</h{block.level}>\n"
        case Paragraph():
            of = f' class="{escape(block.meaning)}"' if block.meaning else ""
            return f"<p{of}>{_text(block.text)}</p>\n"
        case Fields():
            rows = (
                f'<tr><th scope="row">{_text(label)}</th><td>{_text(value)}</td></tr>\n' for label, value in block.rows
            )
            return f'<table class="fields">\n{"".join(rows)}</table>\n'
        case Table():
            return f"<table>\n{''.join(_table(block))}</table>\n"
        case Output():
            lines = "\n".join(_text(line) for line in block.text.splitlines())
            return f"<figure>\n<figcaption>{_text(block.label)}</figcaption>\n<pre>{lines}</pre>\n</figure>\n"
        case SignatureLines():
            day = _text(block.day)
            return "".join(
                f'<div class="sign"><b>{_text(label)}</b><span></span><b>{day}</b><span></span></div>\n'
                for label in block.labels
            )
        case _:
            assert_never(block)


def _table(table: Table) -> Iterator[str]:
    yield f"<thead>{_row(table.head, 'th')}</thead>\n<tbody>\n"
    yield from (_row(row, "td") + "\n" for row in table.rows)
    yield "</tbody>\n"


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}{_class(cell, tag)}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _class(cell: str, tag: str) -> str:
    """Return how a cell is broken into lines: a short one never, one of short words between these, others anywhere."""
    if columns(cell) <= _SHORT and tag == "td":
        return ' class="short"'
    return ' class="words"' if max(map(columns, cell.split()), default=0) <= _SHORT_WORD else ""
