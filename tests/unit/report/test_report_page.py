"""Documents in every form: nothing that a host or a person wrote can be anything but text."""

import re
from html.parser import HTMLParser

import pytest

from opspact.report.lines import plain
from opspact.report.page import Fields, Output, Page, Paragraph, SignatureLines, Table, Title
from opspact.report.page_html import page_html
from opspact.report.page_markdown import page_markdown
from opspact.report.page_text import page_lines

HOSTILE = [
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "</pre></td></style><h1>x</h1>",
    "&lt;b&gt;",
    "a | b\n| c |",
    "```\n# x\n````",
    "\x1b]0;x\x07\u202e\x00",
]


def page(text: str) -> Page:
    rows = ((text, text), (text, text))
    blocks = (Title(text), Paragraph(text, "bad"), Fields(rows), Table((text, text), rows), Output(text, text))
    return Page(text, "zh-CN", (*blocks, SignatureLines((text,), text)))


class Reader(HTMLParser):
    """Reads the elements and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(page_html(page(text)))
    return reader


@pytest.mark.parametrize("text", HOSTILE)
def test_html_has_the_same_elements_whatever_is_written_in_it(text: str) -> None:
    found, harmless = read(text), read("x")
    assert found.tags == harmless.tags
    assert found.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "scope"}
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", page_html(page(text)))


def test_html_shows_what_was_written() -> None:
    assert "<script>alert(1)</script>" in read("<script>alert(1)</script>").texts


def test_html_loads_nothing() -> None:
    assert not re.search(r"\b(src|href)=|@import|url\(", page_html(page("x")))


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_keeps_its_tables_and_blocks(text: str) -> None:
    lines = page_markdown(page(text)).splitlines()
    fence = next(line for line in lines if re.fullmatch("`{3,}", line))
    begin, end = (place for place, line in enumerate(lines) if line == fence)
    assert end - begin - 1 == len(text.splitlines())
    rows = [line for line in (*lines[:begin], *lines[end:]) if line.startswith("|")]
    assert len(rows) == 8
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_gets_nothing_that_steers_it(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", plain(page_lines(page(text))))
