"""An official list of holidays, in whichever form it comes.

Comes in: a file's name and bytes. Goes out: the holidays of one year, or Refused with everything that is wrong.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from opspact.errors import Place, Problem, Refused
from opspact.schema.announcements.days import OfficialDay, OfficialDays, weekday_name
from opspact.schema.announcements.ical_list import read_ical
from opspact.schema.announcements.json_list import SHAPES, read_json
from opspact.schema.announcements.notice import is_notice, read_notice
from opspact.schema.codes import Code
from opspact.schema.documents.calendar import is_of_year
from opspact.schema.yaml import limits
from opspact.schema.yaml.nodes import Mark
from opspact.schema.yaml.source import Source, read_text
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.names import join_names
from opspact.text.unicode import covered

_FIXED = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
"""China's holidays that are on the same days each year (全国年节及纪念日放假办法)."""

_SATURDAY = 5

_FORMS = "expected JSON, a calendar file (ICS), or the text of the notice 国务院办公厅关于…年部分节假日安排的通知"


class Announcement(Struct):
    """The holidays of one year as a list announces them; `names` has what each day is off or worked for."""

    year: int
    off: frozenset[date]
    worked: frozenset[date]
    names: Mapping[date, str]
    source: str


def read_announcement(
    file: str, content: bytes, *, year: int | None = None, source: str = "", is_chinese: bool = False
) -> Announcement:
    """Given a list's name and bytes, return what it announces for a year (None: the one that it is of).

    `source`: where it comes from, in place of what the list itself says. `is_chinese`: it must be whole for China.
    Raise Refused with every problem when anything is unclear, contradicts itself, is missing, or nothing is announced.
    """
    text = _text(file, content)
    found = _read(text, year)
    wanted = year or found.year or _only_year(found.days, text)
    days = [day for day in found.days if is_of_year(day.day, wanted)]
    chinese = is_chinese or found.is_chinese
    problems = [*found.problems, *_strangers(found, wanted, text), *_contradictions(days, text)]
    problems += _weekdays(days, text) if chinese else ()
    if not problems:
        problems += _gaps(days, wanted, text, fixed=_FIXED if chinese else ())
    if problems:
        raise _refused(file, problems)
    if not (source or found.source):
        raise Refused(f"{file} does not say where it comes from", hint="add --source TEXT: its title, or its address")
    return Announcement(
        wanted,
        frozenset(day.day for day in days if day.is_off),
        frozenset(day.day for day in days if not day.is_off),
        {day.day: day.name for day in days},
        covered(" ".join((source or found.source).split())),
    )


def _refused(file: str, problems: list[Problem]) -> Refused:
    """Return the refusal of a list; of very many problems, it has the first."""
    most = limits.PROBLEMS_PER_FILE
    if len(problems) > most:
        more = Problem(Code.MORE_PROBLEMS, Place(file), f"more than {most} problems; the rest are not listed")
        problems = [*problems[:most], more]
    return Refused(f"{format_count(len(problems), 'problem')} in {file}", problems)


def _text(file: str, content: bytes) -> Source:
    if len(content) > limits.POLICY_FILE_BYTES:
        raise Refused(f"{file} is too large: a list of holidays has at most {limits.POLICY_FILE_BYTES:,} bytes")
    text = read_text(file, content)
    if isinstance(text, Problem):
        raise Refused(f"1 problem in {file}", [text])
    return text


def _read(text: Source, year: int | None) -> OfficialDays:
    """Return what a list says; its form is recognised by its content."""
    begins = text.text.lstrip()
    if begins.startswith(("{", "[")):
        return read_json(text)
    if begins[:15].upper() == "BEGIN:VCALENDAR":
        return read_ical(text)
    if is_notice(text.text):
        return read_notice(text, year)
    what = "nothing is in it" if not begins else "not a list of holidays in a known form"
    hint = f"{_FORMS}; JSON: {SHAPES}"
    raise Refused(f"1 problem in {text.file}", [text.problem(Code.BAD_FORM, Mark(1, 1), what, hint=hint)])


def _only_year(days: tuple[OfficialDay, ...], text: Source) -> int:
    """Return the year of days whose list does not say it: the only one whose New Year is in it, else the only one."""
    new_years = {day.day.year for day in days if (day.day.month, day.day.day) == (1, 1)}
    years = sorted(new_years or {day.day.year for day in days})
    if len(years) > 1:
        names = join_names(list(map(str, years)))
        raise Refused(f"{text.file} has the holidays of several years: {names}", hint=f"add --year {years[-1]}")
    return years[0] if years else 0


def _strangers(found: OfficialDays, year: int, text: Source) -> Iterator[Problem]:
    """Yield a problem where a list is of another year than wanted, or names days of another year than its own."""
    if found.year is not None and found.year != year:
        message = f"the list is of {found.year}, not of {year}"
        yield text.problem(Code.OUT_OF_BOUNDS, Mark(1, 1), message, hint="remove --year, or name another file")
    elif found.year is not None:
        for day in found.days:
            if not is_of_year(day.day, year):
                message = f"{day.day} is neither in {year} nor in the December before"
                yield text.problem(Code.OUT_OF_BOUNDS, day.mark, message)


def _contradictions(days: list[OfficialDay], text: Source) -> Iterator[Problem]:
    """Yield a problem for each day that is off here and worked there."""
    first: dict[date, OfficialDay] = {}
    for day in days:
        before = first.setdefault(day.day, day)
        if before.is_off != day.is_off:
            one, other = ("off" if each.is_off else "worked" for each in (before, day))
            message = f"{day.day} is {other} here and {one} at {text.place(before.mark)}"
            yield text.problem(Code.BAD_FORM, day.mark, message)


def _weekdays(days: list[OfficialDay], text: Source) -> Iterator[Problem]:
    """Yield a problem for each day that makes up for another and is no weekend: dates of another year, or misread."""
    for day in days:
        if not day.is_off and day.day.weekday() < _SATURDAY:
            message = f"{day.day} is a {weekday_name(day.day)}: days that are worked in exchange are at weekends"
            yield text.problem(Code.OUT_OF_BOUNDS, day.mark, message)


def _gaps(days: list[OfficialDay], year: int, text: Source, *, fixed: tuple[tuple[int, int], ...]) -> Iterator[Problem]:
    """Yield a problem where nothing is announced, or only a part of the year: the rest would count as working days."""
    if not any(day.is_off for day in days):
        hint = "holiday-cn and timor.tech answer with an empty list until the year is announced"
        what = f"{year} is not announced in it" if year else "nothing is announced in it"
        yield Problem(Code.BAD_FORM, Place(text.file), f"{what}: no days off", hint=hint)
        return
    off = {(day.day.month, day.day.day) for day in days if day.is_off and day.day.year == year}
    missing = [f"{year}-{month:02}-{day:02}" for month, day in fixed if (month, day) not in off]
    if missing:
        message = f"not the whole of {year}: {join_names(missing)} {'is' if len(missing) == 1 else 'are'} not off in it"
        hint = "import the list of the whole year; write a later amendment into the policy, under official"
        yield Problem(Code.BAD_FORM, Place(text.file), message, hint=hint)
