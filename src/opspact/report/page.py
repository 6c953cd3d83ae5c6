"""A document for people, as blocks: what it says, whatever it is written in.

Comes in: texts from anywhere. Goes out: blocks, which `page_text`, `page_markdown` and `page_html` write down.
"""

from opspact.structs import Struct


class Title(Struct):
    """A heading; `level` counts from 1, the page's own."""

    text: str
    level: int = 2


class Paragraph(Struct):
    """A sentence or two; `meaning` is good, doubt or bad, empty: none."""

    text: str
    meaning: str = ""


class Fields(Struct):
    """Values with their labels."""

    rows: tuple[tuple[str, str], ...]


class Table(Struct):
    """Rows under a head; each row has as many cells."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Output(Struct):
    """Text of several lines, as a program printed it or a person wrote it."""

    label: str
    text: str


class SignatureLines(Struct):
    """Lines on which people sign on paper, by their labels, each with a place for the day."""

    labels: tuple[str, ...]
    day: str


Block = Title | Paragraph | Fields | Table | Output | SignatureLines
"""Every kind of block."""


class Page(Struct):
    """A document. `language` is `zh-CN` or `en`."""

    title: str
    language: str
    blocks: tuple[Block, ...]
