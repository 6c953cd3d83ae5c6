"""Official lists: what each form announces, what is refused and where."""

import json
import time
from datetime import date, timedelta
from pathlib import Path

import icalendar
import pytest
from chinese_calendar import is_workday

from opspact.errors import Refused
from opspact.model.time.public_holidays import days_of
from opspact.schema.announcements.reader import Announcement, read_announcement

NOTICES = Path(__file__).parent / "notices"
YEARS = range(2022, 2027)
_DAY = timedelta(days=1)
_SATURDAY = 5


def notice(year: int) -> str:
    return (NOTICES / f"{year}.txt").read_text(encoding="utf-8")


def read(text: str, **options: str | int | bool) -> Announcement:
    return read_announcement("list", text.encode(), **options)  # type: ignore[arg-type]


def refused(text: str, **options: str | int | bool) -> list[tuple[int, int]]:
    """Return the lines and columns at which a list is refused; (0, 0): as a whole."""
    with pytest.raises(Refused) as caught:
        read(text, **options)
    return [(problem.place.line, problem.place.column) for problem in caught.value.problems]


def as_holiday_cn(year: int, announced: Announcement) -> str:
    """Return an announcement as holiday-cn publishes it."""
    days = [
        {"name": announced.names[day], "date": f"{day}", "isOffDay": day in announced.off}
        for day in sorted(announced.names)
    ]
    return json.dumps({"year": year, "papers": ["https://www.gov.cn/a.htm"], "days": days}, indent=4)


def as_ical(announced: Announcement) -> str:
    """Return an announcement as a calendar file, in the words of holiday-cn's."""
    file = icalendar.Calendar()
    file.add("prodid", "-//test//EN")
    file.add("version", "2.0")
    file.add("x-wr-calname", "中国法定节假日，自动每日抓取国务院公告，这一行长得必须折行才能写下，再长一些")
    for day, name in announced.names.items():
        event = icalendar.Event()
        event.add("summary", f"{name}假期" if day in announced.off else f"上班(补{name}假期)")
        event.add("dtstart", day)
        event.add("dtend", day + _DAY)
        file.add_component(event)
    return bytes(file.to_ical()).decode()


def worked(announced: Announcement, day: date) -> bool:
    """Whether the day is worked by an office that works from Monday to Friday."""
    return day in announced.worked or (day not in announced.off and day.weekday() < _SATURDAY)


@pytest.mark.parametrize("year", YEARS)
def test_a_notice_announces_what_both_libraries_know(year: int) -> None:
    found = read(notice(year))
    assert found.year == year
    assert found.source.startswith(f"国务院办公厅关于{year}年部分节假日安排的通知（国办发明电〔{year - 1}〕")
    public = days_of("CN", "", year)
    assert {day for day in found.worked if day.year == year} <= public.worked
    for offset in range(366):
        day = date(year, 1, 1) + _DAY * offset
        if (day.year, day.month) < (year, 12):  # the next year's notice may name days of December
            known: bool = is_workday(day)  # type: ignore[no-untyped-call]  # the library has no types
            assert worked(found, day) == known, day
            assert worked(found, day) == (day in public.worked or (day not in public.off and day.weekday() < _SATURDAY))


def test_a_notice_names_days_of_the_december_before() -> None:
    found = read(notice(2023))
    assert {day for day in found.off if day.year == 2022} == {date(2022, 12, 31)}
    assert found.names[date(2023, 10, 8)] == "中秋节、国庆节"


@pytest.mark.parametrize("year", YEARS)
def test_all_forms_announce_the_same_days(year: int) -> None:
    of_notice = read(notice(year))
    of_json, of_ical = read(as_holiday_cn(year, of_notice)), read(as_ical(of_notice))
    for other in (of_json, of_ical):
        assert (other.year, other.off, other.worked) == (year, of_notice.off, of_notice.worked)
    assert of_json.source == "https://www.gov.cn/a.htm"
    assert of_ical.source == "中国法定节假日，自动每日抓取国务院公告，这一行长得必须折行才能写下，再长一些"


def test_blanks_line_breaks_and_the_width_of_punctuation_mean_nothing() -> None:
    text = notice(2026)
    narrow = text.translate(str.maketrans("（），：～", "(),:~")).replace("至", "—")
    wrapped = "\r\n".join(text[start : start + 9] for start in range(0, len(text), 9))
    spaced = text.replace("月", " 月 ").replace("日", "\u3000日")
    for other in (narrow, wrapped, spaced):
        assert read(other) == read(text)


@pytest.mark.parametrize(
    ("was", "now", "at"),
    [
        ("1月4日（周日）上班", "1月4日（周六）上班", "1月4日（周六）"),
        ("共9天", "共8天", "共8天"),
        ("放假调休，共3天。1月4日", "放假4天。1月4日", "1月1日（周四）至3日"),
        ("4月4日（周六）至6日", "4月31日（周六）至6日", "4月31日"),
        ("5月1日（周五）至5日（周二）放假", "5月5日至1日放假", "5月5日至1日"),
        ("10月10日（周六）上班", "10月10日（周六）酌情安排", "9月20日（周日）、10月10日（周六）酌情安排"),
        ("9月20日（周日）、", "2月20日（周五）、", "2月20日（周五）"),
        ("六、中秋节：9月25日（周五）至27日（周日）放假，共3天。", "", "七、国庆节"),
        ("中秋节：9月25日", "冬至：9月25日", "国务院办公厅关于"),
        ("9月20日（周日）、", "20日（周日）、", "20日（周日）"),
    ],
)
def test_a_notice_that_contradicts_itself_is_refused_there(was: str, now: str, at: str) -> None:
    assert was in notice(2026)
    text = notice(2026).replace(was, now)
    line, column = refused(text)[-1]
    assert text.splitlines()[line - 1][column - 1 :].startswith(at)


def test_two_notices_in_one_file_are_refused() -> None:
    assert refused(notice(2026) + notice(2025))
    assert refused(notice(2026) * 3)


def test_all_contradictions_are_reported_at_once() -> None:
    text = notice(2026).replace("共7天", "共6天").replace("共9天", "共8天").replace("5月9日（周六）", "5月9日（周日）")
    assert [line for line, _ in refused(text)] == [6, 8, 11]


def test_a_notice_without_its_title_needs_the_year_and_the_source() -> None:
    items = notice(2026).split("通知如下。\n")[1]
    assert refused(items) == [(1, 1)]
    assert refused(items, year=2026) == []
    found = read(items, year=2026, source="国办发明电〔2025〕7号")
    assert (found.off, found.source) == (read(notice(2026)).off, "国办发明电〔2025〕7号")


def test_a_list_of_another_year_than_asked_for_is_refused() -> None:
    assert refused(notice(2026), year=2027) == [(1, 1)]


TIMOR = {
    "code": 0,
    "holiday": {
        "01-01": {"holiday": True, "name": "元旦", "wage": 3, "date": "2025-01-01", "rest": 17},
        "01-26": {"holiday": False, "name": "春节前补班", "wage": 1, "after": False, "date": "2025-01-26"},
        "05-01": {"holiday": True, "name": "劳动节", "wage": 3, "date": "2025-05-01"},
        "10-01": {"holiday": True, "name": "国庆节", "wage": 3, "date": "2025-10-01"},
        "10-02": {"holiday": True, "name": "国庆节", "wage": 3, "date": "2025-10-02"},
        "10-03": {"holiday": True, "name": "国庆节", "wage": 3, "date": "2025-10-03"},
    },
}


def test_the_answer_of_timor_is_read_with_a_source_of_the_caller_s() -> None:
    text = json.dumps(TIMOR, ensure_ascii=False)
    assert refused(text) == []  # it does not say where it comes from
    found = read(text, source="https://timor.tech/api/holiday/year/2025")
    assert (found.year, len(found.off), set(found.worked)) == (2025, 5, {date(2025, 1, 26)})
    assert read(json.dumps(TIMOR), source="ascii").names == found.names
    named = json.dumps(TIMOR).replace('"name": "', '"name": "\\ud83c\\udf89')
    assert read(named, source="emoji").names[date(2025, 1, 1)] == "🎉元旦"


def test_an_empty_list_is_a_year_that_nobody_announced() -> None:
    assert refused('{"year": 2027, "papers": [], "days": []}') == [(0, 0)]
    assert refused('{"code": 0, "holiday": {}}', source="timor") == [(0, 0)]
    assert refused("BEGIN:VCALENDAR\nX-WR-CALNAME:中国法定节假日\nEND:VCALENDAR\n") == [(0, 0)]


def test_a_part_of_a_year_is_refused() -> None:
    text = as_holiday_cn(2026, read(notice(2026)))
    month = json.loads(text)
    month["days"] = [day for day in month["days"] if day["date"].startswith("2026-01")]
    assert refused(json.dumps(month)) == [(0, 0)]
    part = "BEGIN:VCALENDAR\nX-WR-CALNAME:a\nBEGIN:VEVENT\nDTSTART:20261224\nSUMMARY:休\nEND:VEVENT\nEND:VCALENDAR"
    assert read(part).off == {date(2026, 12, 24)}
    assert refused(part, is_chinese=True) == [(0, 0)]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('{"year": 2027,\n "days": [{"date": "2027-02-30", "isOffDay": true}]}', [(2, 20)]),
        ('{"year": 2027,\n "days": [{"date": "2027-02-03", "isOffDay": "yes"}]}', [(2, 46)]),
        ('{"year": 2027,\n "days": [{"name": "x"}]}', [(2, 11), (2, 11)]),
        ('{"year": "2027", "days": []}', [(1, 10)]),
        ('{"year": 2027,\n "days": [{"date": "2026-02-03", "isOffDay": true}]}', [(2, 20)]),
        (
            """{"year": 2027,"days": [{"date": "2027-02-06", "isOffDay": true},
{"date": "2027-02-06", "isOffDay": false}]}""",
            [(2, 10)],
        ),
        ('{"year": 2027,\n "days": [{"date": "2027-02-03", "isOffDay": false}]}', [(2, 20)]),  # a Wednesday
        ('{"holiday": {"02-03": {"date": "2027-02-04", "holiday": true}}}', [(1, 32)]),
        ('{"holiday": {"02-03": null}}', [(1, 23), (1, 23)]),
        ('{"years": {"2027": []}}', [(1, 1)]),
        ("[1, 2]", [(1, 1)]),
        ('{"year": 2027,\n "days": [}', [(2, 11)]),
        ("", [(1, 1)]),
        ("dear all, the office is closed", [(1, 1)]),
        ("\x00", [(1, 1)]),
    ],
)
def test_a_list_that_is_unclear_is_refused_there(text: str, places: list[tuple[int, int]]) -> None:
    assert refused(text, source="x") == places


def test_depth_and_size_are_bounded() -> None:
    assert refused("[" * 100_000) == [(1, 1)]
    assert refused('{"a":' * 20_000) == [(1, 1)]
    assert refused(f'{{"year": {"9" * 5000}}}') == [(1, 1)]
    assert refused(" " * 1024 * 1024 + "{}") == []


@pytest.mark.parametrize(
    "piece",
    [
        "1月1日、",
        "1月1日至31日放假。",
        "1日放假。",
        "1月1日至9999年12月31日放假。",
        "(",
        "一、元旦:",
        "1月1日(周一)(",
        "0001年",
    ],
)
def test_a_notice_without_an_end_is_refused_soon(piece: str) -> None:
    before = time.monotonic()
    assert refused(f"关于2027年部分节假日安排的通知一、元旦:{piece * (100_000 // len(piece))}", source="x")
    assert time.monotonic() - before < 3


def event(*lines: str) -> str:
    """Return a calendar file with the New Year off, and one event more of these lines; they begin on line 7."""
    first = ("BEGIN:VEVENT", "DTSTART;VALUE=DATE:20270101", "SUMMARY:元旦（休）", "END:VEVENT")
    return "\r\n".join(["BEGIN:VCALENDAR", *first, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", ""])


@pytest.mark.parametrize(
    ("words", "is_off"),
    [
        ("SUMMARY:春节（休）", True),
        ("SUMMARY:春节（班）", False),
        ("SUMMARY:春节放假调休", True),
        ("SUMMARY:调休上班", False),
        ("SUMMARY:补班", False),
        ("SUMMARY:上班(补春节假期)", False),
        ("SUMMARY:Spring Festival holiday", True),
        ("SUMMARY:Special Working Day", False),
        ("CATEGORIES:放假\r\nSUMMARY:春节", True),
        ("CATEGORIES:补班\r\nSUMMARY:春节", False),
        ("SUMMARY:春\r\n 节 \\,（休）", True),
    ],
)
def test_an_event_is_off_or_worked_by_its_words(words: str, is_off: bool) -> None:
    found = read(event("DTSTART;VALUE=DATE:20270206", words), source="x")
    assert (date(2027, 2, 6) in found.off) == is_off
    assert (date(2027, 2, 6) in found.worked) != is_off


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (("DTSTART;VALUE=DATE:20270206", "SUMMARY:春节"), 8),
        (("DTSTART;VALUE=DATE:20270206", "SUMMARY:春节调休"), 8),
        (("DTSTART;VALUE=DATE:20270206", "SUMMARY:2月6日放假，7日上班"), 8),
        (("DTSTART;VALUE=DATE:20270206", "CATEGORIES:补班", "SUMMARY:休"), 9),
        (("DTSTART:20270206T000000Z", "SUMMARY:休"), 7),
        (("SUMMARY:休",), 6),
        (("DTSTART;VALUE=DATE:20270206", "DTEND;VALUE=DATE:20270205", "SUMMARY:休"), 8),
        (("DTSTART;VALUE=DATE:20270206", "DTEND;VALUE=DATE:20270406", "SUMMARY:休"), 8),
        (("DTSTART;VALUE=DATE:20270230", "SUMMARY:休"), 7),
        (("DTSTART;VALUE=DATE:20270206", "DURATION:P3D", "SUMMARY:休"), 8),
        (("DTSTART;VALUE=DATE:20270206", "RRULE:FREQ=YEARLY", "SUMMARY:休"), 8),
    ],
)
def test_an_event_that_is_unclear_is_refused_there(lines: tuple[str, ...], line: int) -> None:
    assert [at for at, _ in refused(event(*lines), source="x")] == [line]


def test_the_end_of_an_event_is_the_day_after_its_last() -> None:
    days = event("DTSTART;VALUE=DATE:20270228", "DTEND;VALUE=DATE:20270303", "SUMMARY:休")
    assert read(days, source="x").off == {
        date(2027, 1, 1),
        date(2027, 2, 28),
        date(2027, 3, 1),
        date(2027, 3, 2),
    }


def test_festivals_beside_the_days_that_apple_marks_change_nothing() -> None:
    marked = ("DTSTART;VALUE=DATE:20270206", "SUMMARY:春节", "X-APPLE-SPECIAL-DAY:WORK-HOLIDAY")
    found = read(event(*marked).replace("SUMMARY:元旦（休）", "SUMMARY:妇女节"), source="x")
    assert found.off == {date(2027, 2, 6)}


def test_of_several_years_in_a_file_one_must_be_chosen() -> None:
    both = as_ical(read(notice(2025))).replace("END:VCALENDAR", "") + as_ical(read(notice(2026)))
    assert refused(both) == []
    assert read(both, year=2025).off == read(notice(2025)).off
    assert read(both, year=2026).worked == read(notice(2026)).worked
