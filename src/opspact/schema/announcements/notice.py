"""The notice of China's State Council about the holidays of a year, as it is published.

Comes in: its text, copied from anywhere. Goes out: its days with their places.

It has one item for each holiday: «一、元旦:1月1日(周四)至3日(周六)放假调休,共3天。1月4日(周日)上班。»
Blanks and line breaks mean nothing; punctuation may be full-width or ASCII. Weekdays and counted days say the same
twice, and are compared. A sentence with a date that is not understood is a problem; advice («鼓励…») is none.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from itertools import islice

from opspact.errors import Problem
from opspact.schema.announcements.days import OfficialDay, OfficialDays, day_of, days_through, weekday_name
from opspact.schema.codes import Code
from opspact.schema.yaml import limits
from opspact.schema.yaml.nodes import Mark
from opspact.schema.yaml.source import Source
from opspact.structs import Struct

_TITLE = re.compile(r"(?:国务院办公厅)?关于(?P<year>[0-9]{4})年部分节假日安排的通知")
_NUMBER = re.compile(r"国办发[^\s〔\[(]{0,4}[〔\[(][0-9]{4}[〕\])][0-9]{1,4}号")
_ITEM = re.compile(r"(?<![周期初])(?P<number>[一二三四五六七八九十]{1,3})、(?P<name>[^0-9:。、][^0-9:。]{0,23}):")
_SIGNED = re.compile(r"国务院办公厅[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日")
_NUMERALS = "一二三四五六七八九十"
_FESTIVALS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
_DATE = r"(?:[0-9]{4}年)?(?:[0-9]{1,2}月)?[0-9]{1,2}日(?:\([^()]*\))?"
_RANGE = re.compile(rf"(?P<first>{_DATE})(?:(?:至|到|[-~])(?P<last>{_DATE}))?")
_DAYS = rf"{_DATE}(?:(?:至|到|[-~]){_DATE})?(?:[、和及](?:{_DATE})(?:(?:至|到|[-~]){_DATE})?)*"
_OFF = re.compile(rf"(?P<days>{_DAYS})(?:放假(?:调休|公休)?|补休|调休)(?:共?(?P<count>[0-9]{{1,2}})天)?")
_WORKED = re.compile(rf"(?P<days>{_DAYS})(?:照常|正常)?上班")
_COUNT = re.compile(r"共(?:计)?(?P<count>[0-9]{1,2})天")
_PARTS = re.compile(
    r"(?:(?P<year>[0-9]{4})年)?(?:(?P<month>[0-9]{1,2})月)?(?P<day>[0-9]{1,2})日(?:\((?P<about>[^()]*)\))?"
)
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)(?P<letter>[一二三四五六日天])")
_SAYS_DAYS = re.compile(r"[0-9]日|放假|上班|补休")
_BREAK = re.compile(r"\r\n|\r|\n")
_LONGEST = 31
_MOST_DAYS = 2000
"""Days that are read: many more than a year has."""
_MOST_ITEMS = 19
_ADVICE = "鼓励"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-") | dict.fromkeys("〜∼～˜", "~"))


class _Text(Struct):
    """A text without blanks, in half-width signs; `places` has where each character stands in what was written."""

    text: str
    places: tuple[int, ...]


class _Clause(Struct):
    """A piece of a sentence, and where it begins in the text without blanks."""

    text: str
    start: int


def is_notice(text: str) -> bool:
    """Given a text, return whether it is a notice: its title, or an item such as «一、元旦:» is in it."""
    plain = _without_blanks(text).text
    return bool(_TITLE.search(plain) or _ITEM.search(plain))


def read_notice(source: Source, year: int | None) -> OfficialDays:
    """Given the text of a notice and the year where the caller names it, return what the notice announces."""
    whole = _without_blanks(source.text)
    title, number = _TITLE.search(whole.text), _NUMBER.search(whole.text)
    wanted = int(title["year"]) if title else year
    name = f"{title[0]}（{number[0]}）" if title and number else title[0] if title else number[0] if number else ""
    if wanted is None:
        problem = source.problem(Code.BAD_FORM, Mark(1, 1), "the notice has no title with its year", hint="add --year")
        return OfficialDays((), (problem,), None, name)
    reader = _Reader(source, whole, wanted)
    days = tuple(islice(reader.days(), _MOST_DAYS))
    return OfficialDays(days, tuple(reader.problems), wanted, name)


def _without_blanks(text: str) -> _Text:
    plain = {character: _half_width(character) for character in set(text)}
    found = [(kept, index) for index, character in enumerate(text) if (kept := plain[character])]
    return _Text("".join(kept for kept, _ in found), tuple(index for _, index in found))


def _half_width(character: str) -> str:
    """Return the sign that a character stands for; nothing for a blank, and for what stands for several."""
    plain = unicodedata.normalize("NFKC", character).translate(_DASHES)
    return plain if len(plain) == 1 and not plain.isspace() else ""


class _Reader:
    """Reads the items of one notice, and notes what is wrong."""

    def __init__(self, source: Source, whole: _Text, year: int) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._whole = whole
        self._year = year
        self._name = ""
        self._lines = [0, *(found.end() for found in _BREAK.finditer(source.text))]

    def days(self) -> Iterator[OfficialDay]:
        """Yield the days of all items, in their order."""
        items = list(_ITEM.finditer(self._whole.text))
        if not items:
            self._note(0, "expected items such as 一、元旦：1月1日至3日放假，共3天。")
            return
        if len(items) > _MOST_ITEMS:
            self._note(items[_MOST_ITEMS].start(), f"more than {_MOST_ITEMS} items: several notices in one file")
            return
        signed = _SIGNED.search(self._whole.text, items[-1].end())
        ends = [*(item.start() for item in items[1:]), signed.start() if signed else len(self._whole.text)]
        for index, (item, end) in enumerate(zip(items, ends, strict=True)):
            expected = _numeral(index + 1)
            if item["number"] != expected:
                self._note(item.start(), f"expected item {expected}, got {item['number']}: one is missing")
            self._name = item["name"]
            yield from self._item(item.end(), end)
        self._check_festivals("".join(item["name"] for item in items))

    def _check_festivals(self, names: str) -> None:
        missing = [festival for festival in _FESTIVALS if festival not in names]
        if missing:
            self._note(0, f"the notice has no item for {'、'.join(missing)}")

    def _item(self, start: int, end: int) -> Iterator[OfficialDay]:
        for sentence in _split(_Clause(self._whole.text[start:end], start), "。；;"):
            if not sentence.text.startswith(_ADVICE):
                yield from self._sentence(sentence)

    def _sentence(self, sentence: _Clause) -> Iterator[OfficialDay]:
        """Yield the days of a sentence; how many are off is compared with what it says of it."""
        off: list[OfficialDay] = []
        for clause in _split(sentence, ","):
            if found := _OFF.fullmatch(clause.text):
                off += self._dates(found["days"], clause.start, is_off=True)
                self._check_count(found["count"], clause, off)
            elif found := _WORKED.fullmatch(clause.text):
                yield from self._dates(found["days"], clause.start, is_off=False)
            elif found := _COUNT.fullmatch(clause.text):
                self._check_count(found["count"], clause, off)
            elif _SAYS_DAYS.search(clause.text):
                self._note(clause.start, f"not understood: {clause.text}")
        yield from off

    def _check_count(self, written: str | None, clause: _Clause, off: list[OfficialDay]) -> None:
        if written is not None and off and int(written) != len(off):
            span = f"{off[0].day} to {off[-1].day}"
            self._note(clause.start, f"{clause.text} contradicts {span}, which are {len(off)} days")

    def _dates(self, text: str, start: int, *, is_off: bool) -> list[OfficialDay]:
        """Return the days that a list of dates names. What a date leaves out is that of the date before it."""
        found: list[OfficialDay] = []
        before: date | None = None
        for span in _RANGE.finditer(text):
            first = self._date(span["first"], start + span.start("first"), before)
            last = self._date(span["last"], start + span.start("last"), first) if first and span["last"] else first
            if first is None or last is None:
                return []
            if last < first:
                self._note(start + span.start(), f"the range ends ({last}) before it starts ({first})")
                return []
            if (last - first).days > _LONGEST:
                self._note(start + span.start(), f"the range from {first} to {last} is longer than {_LONGEST} days")
                return []
            mark = self._mark(start + span.start())
            found += (OfficialDay(day, is_off, self._name, mark) for day in days_through(first, last))
            before = last
        return found

    def _date(self, text: str, start: int, before: date | None) -> date | None:
        """Return the day that a date means; None where there is no such day, or it is another weekday (noted)."""
        parts = _PARTS.fullmatch(text)
        assert parts is not None, "it was found as a date"
        month = int(parts["month"]) if parts["month"] else before.month if before else None
        if month is None:
            self._note(start, f"{text} has no month")
            return None
        day = day_of(int(parts["year"] or (before.year if before else self._year)), month, int(parts["day"]))
        if day is None:
            self._note(start, f"{text} is not a valid date")
            return None
        weekday = _WEEKDAY.search(parts["about"] or "")
        if weekday is not None and "一二三四五六日".index(weekday["letter"].replace("天", "日")) != day.weekday():
            self._note(start, f"{text}: {day} is a {weekday_name(day)}")
            return None
        return day

    def _note(self, start: int, message: str) -> None:
        if len(self.problems) > limits.PROBLEMS_PER_FILE:
            return
        hint = "compare it with the published notice"
        self.problems.append(self._source.problem(Code.BAD_FORM, self._mark(start), message, hint=hint))

    def _mark(self, start: int) -> Mark:
        places = self._whole.places
        index = places[start] if start < len(places) else 0
        line = bisect_right(self._lines, index)
        return Mark(line, index - self._lines[line - 1] + 1)


def _numeral(number: int) -> str:
    """Given a number below 20, return it in Chinese."""
    return _NUMERALS[number - 1] if number <= len(_NUMERALS) else f"十{_NUMERALS[number - len(_NUMERALS) - 1]}"


def _split(clause: _Clause, signs: str) -> Iterator[_Clause]:
    """Yield the pieces of a text between signs that stand outside parentheses, with their places."""
    depth = begin = 0
    for index, character in enumerate(f"{clause.text}{signs[0]}"):
        depth += (character == "(") - (character == ")")
        if character in signs and (depth <= 0 or index == len(clause.text)):
            if index > begin:
                yield _Clause(clause.text[begin:index], clause.start + begin)
            begin = index + 1
