"""The text of a policy file with the holidays of a year written into one of its calendars.

Comes in: a policy file's bytes, the calendar's name, what was announced. Goes out: the new bytes.

Only what stands below `holidays` of that document is touched: comments, order, other documents and line ends stay.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

import yaml

from opspact.errors import Refused
from opspact.schema.announcements.reader import Announcement
from opspact.schema.documents.calendar import Calendar, Holidays, OfficialYear
from opspact.schema.read import read_documents
from opspact.schema.yaml.nodes import plain
from opspact.schema.yaml.reader import read_yaml
from opspact.structs import Struct
from opspact.text.names import list_names
from opspact.text.unicode import covered
from opspact.values.period import Period

_BOM = b"\xef\xbb\xbf"
_STEP = 2
"""Columns by which a level is indented."""


class HolidayChange(Struct):
    """What to write: the holidays of a year, and the last day known (None: it stays as it is written)."""

    announcement: Announcement
    known_through: date | None = None


class _Change(Struct):
    """A piece of the text that is replaced; an insertion where it ends at its start."""

    start: int
    end: int
    text: str


def with_announcement(file: str, content: bytes, name: str, *, edit: HolidayChange) -> bytes:
    """Given a policy file that can be read, and a calendar in it, return the file with the announced holidays.

    Raise Refused where `holidays` is written in a way that cannot be edited without touching anything else.
    """
    bom = _BOM if content.startswith(_BOM) else b""
    text = content.removeprefix(_BOM).decode()
    changes = _Editor(file, text, edit).changes(_document(text, name))
    for change in sorted(changes, key=lambda each: each.start, reverse=True):
        text = f"{text[: change.start]}{change.text}{text[change.end :]}"
    edited = bom + text.encode()
    if _without_holidays(content, name) != _without_holidays(edited, name) or not _is_as_wanted(
        _holidays(file, content, name), _holidays(file, edited, name), edit
    ):
        raise _refused(file)
    return edited


def _is_as_wanted(was: Holidays, now: Holidays, edit: HolidayChange) -> bool:
    """Return whether a calendar's holidays are those before with nothing but the year, and the last day known."""
    announced = edit.announcement
    days_off, workdays = (tuple(map(str, days)) for days in (_periods(announced), sorted(announced.worked)))
    written = {"source": announced.source, "days_off": days_off, "workdays": workdays}
    year = OfficialYear.model_validate(written)
    changed = {"official": {**was.official, announced.year: year}}
    known = {"known_through": edit.known_through} if edit.known_through is not None else {}
    return now == was.model_copy(update={**changed, **known})


def _holidays(file: str, content: bytes, name: str) -> Holidays:
    """Return what a calendar of a file says of holidays. Raise Refused with all problems when the file is wrong."""
    documents = (located.document for located in read_documents(file, content))
    return next(each.holidays for each in documents if isinstance(each, Calendar) and each.name == name)


def _refused(file: str) -> Refused:
    hint = "write it without aliases and anchors, or add the year by hand, under official"
    return Refused(f"{file}: holidays is written in a way that cannot be edited here", hint=hint)


def _document(text: str, name: str) -> yaml.MappingNode:
    for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        if isinstance(node, yaml.MappingNode):
            said = {key.value: value.value for key, value in node.value}
            if (said.get("kind"), said.get("name")) == ("calendar", name):
                return node
    raise AssertionError(f"the calendar {name} was read from this file")


def _without_holidays(content: bytes, name: str) -> list[object]:
    """Return the documents of a file as plain data with the order of their keys, without one calendar's holidays."""
    found: list[object] = []
    for node in read_yaml("", content).documents:
        said = plain(node)
        if isinstance(said, dict) and (said.get("kind"), said.get("name")) == ("calendar", name):
            said = {key: value for key, value in said.items() if key != "holidays"}
        found.append(list(said.items()) if isinstance(said, dict) else said)
    return found


class _Editor:
    """Finds what to replace in one file."""

    def __init__(self, file: str, text: str, edit: HolidayChange) -> None:
        self._file = file
        self._text = text
        self._edit = edit
        self._year = str(edit.announcement.year)
        first = text.partition("\n")[0]
        self._end = "\r\n" if first.endswith("\r") else "\n"

    def changes(self, document: yaml.MappingNode) -> list[_Change]:
        """Given the calendar's document, return what to replace."""
        holidays = self._value(document, "holidays")
        if document.flow_style:
            return self._in_flow(document, holidays)
        indent = document.start_mark.column
        if holidays is None:
            week = self._value(document, "week")
            after = document.value[-1][1] if week is None else week
            lines = [f"{' ' * indent}holidays:", *self._official_block(indent + _STEP)]
            return [self._lines_after(after, lines)]
        if not isinstance(holidays, yaml.MappingNode):
            raise _refused(self._file)
        if holidays.flow_style:
            return self._unrolled(document, holidays) or self._in_flow(document, holidays)
        return self._in_block(holidays)

    def _value(self, mapping: yaml.MappingNode, name: str) -> yaml.Node | None:
        """Return what a mapping has under a name. Raise Refused where it is an alias: it stands elsewhere."""
        pairs: list[tuple[yaml.Node, yaml.Node]] = mapping.value
        for key, value in pairs:
            if key.value == name:
                if value.start_mark.index < key.end_mark.index:
                    raise _refused(self._file)
                return value
        return None

    def _unrolled(self, document: yaml.MappingNode, holidays: yaml.MappingNode) -> list[_Change]:
        """Return the changes that make a block of a flow mapping on one line; nothing where it is no plain one."""
        start, end = holidays.start_mark.index, holidays.end_mark.index
        written = self._text[start:end]
        aliased = any(value.start_mark.index < key.end_mark.index for key, value in holidays.value)
        if not written.startswith("{") or aliased or "\n" in written or self._value(holidays, "official") is not None:
            return []
        indent = document.start_mark.column + _STEP
        key = next(key for key, _ in document.value if key.value == "holidays")
        lines = [f"{' ' * indent}{name.value}: {self._as_raised(name.value, value)}" for name, value in holidays.value]
        lines += self._official_block(indent)
        return [_Change(key.end_mark.index, end, ":"), self._lines_after(holidays, lines)]

    def _as_raised(self, name: str, value: yaml.Node) -> str:
        if name == "known_through" and self._edit.known_through is not None:
            return str(self._edit.known_through)
        return self._text[value.start_mark.index : value.end_mark.index]

    def _in_flow(self, document: yaml.MappingNode, holidays: yaml.Node | None) -> list[_Change]:
        year = f"{self._year}: {self._flow()}"
        if holidays is None:
            return [self._flow_entry(document, f"holidays: {{official: {{{year}}}}}")]
        if not isinstance(holidays, yaml.MappingNode):
            raise _refused(self._file)
        official = self._value(holidays, "official")
        if official is None:
            return [*self._raised(holidays), self._flow_entry(holidays, f"official: {{{year}}}")]
        return [*self._raised(holidays), *self._in_official(official)]

    def _in_block(self, holidays: yaml.MappingNode) -> list[_Change]:
        official = self._value(holidays, "official")
        if official is None:
            added = self._lines_after(holidays, self._official_block(holidays.start_mark.column))
            return [*self._raised(holidays), added]
        return [*self._raised(holidays), *self._in_official(official)]

    def _raised(self, holidays: yaml.MappingNode) -> Iterator[_Change]:
        known = self._value(holidays, "known_through")
        if known is not None and self._edit.known_through is not None:
            yield _Change(known.start_mark.index, known.end_mark.index, str(self._edit.known_through))

    def _in_official(self, official: yaml.Node) -> Iterator[_Change]:
        """Yield what writes the year into the years that are there."""
        if not isinstance(official, yaml.MappingNode):
            raise _refused(self._file)
        written = self._value(official, self._year)
        if official.flow_style and written is None:
            yield self._flow_entry(official, f"{self._year}: {self._flow()}")
        elif written is not None and (official.flow_style or getattr(written, "flow_style", False)):
            yield _Change(written.start_mark.index, written.end_mark.index, self._flow())
        else:
            lines = list(self._block(official.start_mark.column))
            key = next((key for key, _ in official.value if key.value == self._year), None)
            later = next((key for key, _ in official.value if key.value > self._year), None)
            if key is not None and written is not None:
                yield self._lines_instead(self._line_start(key), self._content_end(written), lines)
            elif later is not None:
                start = self._line_start(later)
                yield _Change(start, start, "".join(f"{line}{self._end}" for line in lines))
            else:
                yield self._lines_after(official, lines)

    def _flow_entry(self, mapping: yaml.MappingNode, entry: str) -> _Change:
        """Return what adds an entry to a flow mapping, behind its last one."""
        if not mapping.value:
            at = self._text.rindex("}", mapping.start_mark.index, mapping.end_mark.index)
            return _Change(at, at, entry)
        at = self._content_end(mapping.value[-1][1])
        if not mapping.start_mark.index < at < mapping.end_mark.index:
            raise _refused(self._file)
        return _Change(at, at, f", {entry}")

    def _lines_after(self, node: yaml.Node, lines: list[str]) -> _Change:
        """Return what adds lines below a node's last one, whose comment stays on it."""
        end = self._text.find("\n", self._content_end(node))
        if end < 0:
            last = len(self._text)
            return _Change(last, last, self._end + self._end.join(lines))
        return _Change(end + 1, end + 1, "".join(f"{line}{self._end}" for line in lines))

    def _lines_instead(self, start: int, end: int, lines: list[str]) -> _Change:
        """Return what puts lines in the place of those from one that starts here to one with something there."""
        after = self._text.find("\n", end)
        written = self._end.join(lines)
        return _Change(start, len(self._text), written) if after < 0 else _Change(start, after + 1, written + self._end)

    def _line_start(self, key: yaml.Node) -> int:
        """Return where the line of a key begins. Raise Refused where something else stands on it before the key."""
        start = int(key.start_mark.index - key.start_mark.column)
        if self._text[start : key.start_mark.index].strip():
            raise _refused(self._file)
        return start

    def _content_end(self, node: yaml.Node) -> int:
        """Return where the last of a node ends. The mark of a block's end is that of what follows it."""
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            key, value = last if isinstance(last, tuple) else (last, last)
            if value.start_mark.index < key.start_mark.index:
                raise _refused(self._file)
            node = value
        return len(self._text[: node.end_mark.index].rstrip())

    def _official_block(self, indent: int) -> list[str]:
        return [f"{' ' * indent}official:", *self._block(indent + _STEP)]

    def _block(self, indent: int) -> Iterator[str]:
        """Yield the lines of the year, each day with its holiday as a comment."""
        announced = self._edit.announcement
        one, two, three = (" " * (indent + _STEP * level) for level in range(3))
        yield f"{one}{self._year}:"
        yield f"{two}source: {_quoted(announced.source)}"
        worked = [Period(day, day) for day in sorted(announced.worked)]
        for name, days in (("days_off", _periods(announced)), ("workdays", worked)):
            if days:
                yield f"{two}{name}:"
            for period in days:
                called = _called(announced, period)
                yield f"{three}- {period}" + (f"  # {called}" if called else "")

    def _flow(self) -> str:
        announced = self._edit.announcement
        off, worked = ", ".join(map(str, _periods(announced))), ", ".join(map(str, sorted(announced.worked)))
        workdays = f", workdays: [{worked}]" if worked else ""
        return f"{{source: {_quoted(announced.source)}, days_off: [{off}]{workdays}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _periods(announced: Announcement) -> list[Period]:
    """Return the days off as ranges."""
    days = sorted(announced.off)
    runs = groupby(enumerate(days), lambda each: each[1] - timedelta(days=each[0]))
    spans = [[day for _, day in run] for _, run in runs]
    return [Period(span[0], span[-1]) for span in spans]


def _called(announced: Announcement, period: Period) -> str:
    """Return what the days of a range are off or worked for, fit for a comment."""
    names = dict.fromkeys(" ".join(announced.names.get(day, "").split()) for day in period.days())
    return covered(list_names([name for name in names if name], 2))
