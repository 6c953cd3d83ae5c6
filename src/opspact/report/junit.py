"""Text that goes into JUnit's XML: nothing in it can end what it stands in, and no two cases have one name.

Comes in: text. Goes out: XML. `html.escape` writes the same five entities as `xml.sax.saxutils`, without loading what
speaks HTTP and TLS (25 ms of each start).
"""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import chain, count

from opspact.report.lines import one_line


def body(text: str) -> str:
    """Return text as an element's content."""
    return escape(one_line(text), quote=False)


def attribute(text: str) -> str:
    """Return text as an attribute's value, with its quotation marks."""
    return f'"{escape(one_line(text))}"'


def distinct(cases: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Given each case's class name and name, yield its name: with a number where another of that class has it already.

    What reads JUnit keeps one case of each class name and name.
    """
    taken: set[tuple[str, str]] = set()
    for group, name in cases:
        numbered = (f"{name} ({number})" for number in count(2))
        new = next(each for each in chain([name], numbered) if (group, one_line(each)) not in taken)
        taken.add((group, one_line(new)))
        yield new
