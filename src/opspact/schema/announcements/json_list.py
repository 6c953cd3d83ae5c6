"""Lists of holidays in JSON, in the two shapes that people have.

Comes in: the text of a file. Goes out: its days with their places.

holiday-cn publishes `{"year": 2027, "papers": [URL], "days": [{"name", "date", "isOffDay"}]}`; its year is that of the
notice's title, so that days of the December before may be in it. timor.tech answers `{"code": 0, "holiday": {"01-01":
{"holiday": true, "name", "date"}}}`. Both answer with an empty list for a year that is not announced yet.
"""

import json
import re
from collections.abc import Iterator
from datetime import date

from opspact.errors import Problem
from opspact.schema.announcements.days import OfficialDay, OfficialDays, joined
from opspact.schema.codes import Code
from opspact.schema.value_error import quote
from opspact.schema.yaml.nodes import MappingNode, Mark, Node, PathPart, Scalar, Sequence, child, find
from opspact.schema.yaml.reader import read_yaml
from opspact.schema.yaml.source import Source

SHAPES = (
    'understood are {"year": 2027, "papers": […], "days": [{"name": …, "date": "2027-01-01", "isOffDay": true}]} '
    'and {"holiday": {"01-01": {"holiday": true, "name": …, "date": "2027-01-01"}}}'
)
_PAIR = re.compile(r"(?<!\\)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""A character that JSON writes as two escapes, which is none of YAML's ways."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_json(source: Source) -> OfficialDays:
    """Given the text of a JSON file, return what it announces, with a problem wherever it does not say it clearly."""
    try:
        json.loads(source.text)
    except json.JSONDecodeError as error:
        return _unread(source.problem(Code.BAD_FORM, Mark(error.lineno, error.colno), f"invalid JSON: {error.msg}"))
    except (RecursionError, ValueError):
        return _unread(source.problem(Code.TOO_LARGE, Mark(1, 1), "nested too deeply, or a number is too long"))
    text = _PAIR.sub(lambda pair: json.loads(f'"{pair[0]}"'), source.text)
    read = read_yaml(source.file, text.encode())  # JSON is YAML too, and this reader knows places
    if read.problems or not read.documents:
        return OfficialDays((), read.problems or (source.problem(Code.BAD_FORM, Mark(1, 1), "nothing is in it"),))
    (top,) = read.documents
    reader = _Reader(source)
    if isinstance(child(top, "days"), Sequence):
        return reader.list_of_days(top)
    if isinstance(child(top, "holiday"), MappingNode):
        return reader.holidays_by_day(top)
    return _unread(source.problem(Code.BAD_FORM, top.mark, "not a list of holidays in a known shape", hint=SHAPES))


def _unread(problem: Problem) -> OfficialDays:
    return OfficialDays((), (problem,))


class _Reader:
    """Reads the days of one file, and notes what is wrong."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems: list[Problem] = []

    def list_of_days(self, top: Node) -> OfficialDays:
        """Read the shape of holiday-cn."""
        items = child(top, "days")
        assert isinstance(items, Sequence), "the shape was recognised by it"
        days = tuple(self._days((item, "isOffDay") for item in items.items))
        written, papers = child(top, "year"), child(top, "papers")
        year = written.value if isinstance(written, Scalar) else None
        if not isinstance(year, int) or isinstance(year, bool):
            self._note(top, ("year",), f"expected a year, got {_shown(written)}")
            year = None
        urls = papers.items if isinstance(papers, Sequence) else ()
        source = joined(item.text for item in urls if isinstance(item, Scalar))
        return OfficialDays(days, tuple(self._problems), year, source)

    def holidays_by_day(self, top: Node) -> OfficialDays:
        """Read the shape of timor.tech: what each entry is called says the same as its date, without the year."""
        entries = child(top, "holiday")
        assert isinstance(entries, MappingNode), "the shape was recognised by it"
        for key, entry in entries.values.items():
            written = child(entry, "date")
            if isinstance(written, Scalar) and _DAY.fullmatch(written.text) and written.text[5:] != key[-5:]:
                self._note(entry, ("date",), f"the date {written.text} stands under {quote(key)}")
        days = tuple(self._days((entry, "holiday") for entry in entries.values.values()))
        return OfficialDays(days, tuple(self._problems))

    def _days(self, entries: Iterator[tuple[Node, str]]) -> Iterator[OfficialDay]:
        for entry, flag in entries:
            written, off, name = child(entry, "date"), child(entry, flag), child(entry, "name")
            day = _day(written)
            if day is None:
                self._note(entry, ("date",), f"expected a date such as 2027-01-01, got {_shown(written)}")
            is_off = off.value if isinstance(off, Scalar) else None
            if not isinstance(is_off, bool):
                self._note(entry, (flag,), f"{flag}: expected true or false, got {_shown(off)}")
            elif day is not None:
                called = name.text if isinstance(name, Scalar) else ""
                yield OfficialDay(day, is_off, called, find(entry, ("date",))[1])

    def _note(self, node: Node, path: tuple[PathPart, ...], message: str) -> None:
        self._problems.append(self._source.problem(Code.BAD_FORM, find(node, path)[1], message))


def _day(node: Node | None) -> date | None:
    if not isinstance(node, Scalar) or not _DAY.fullmatch(node.text):
        return None
    try:
        return date.fromisoformat(node.text)
    except ValueError:
        return None


def _shown(node: Node | None) -> str:
    match node:
        case None:
            return "nothing"
        case Scalar():
            return quote(node.value)
        case _:
            return "a list or an object"
