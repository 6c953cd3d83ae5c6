"""Text that goes into JUnit's XML: nothing in it can end what it stands in.

Comes in: text. Goes out: XML. `html.escape` writes the same five entities as `xml.sax.saxutils`, without loading what
speaks HTTP and TLS (25 ms of each start).
"""

from html import escape

from opspact.report.lines import one_line


def body(text: str) -> str:
    """Return text as an element's content."""
    return escape(one_line(text), quote=False)


def attribute(text: str) -> str:
    """Return text as an attribute's value, with its quotation marks."""
    return f'"{escape(one_line(text))}"'
