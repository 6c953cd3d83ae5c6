"""A policy file after an import: only the holidays of one calendar are others."""

from datetime import date

import pytest

from opspact.errors import Refused
from opspact.schema.announcements.policy_text import HolidayChange, with_announcement
from opspact.schema.announcements.reader import Announcement
from opspact.schema.kinds import Calendar
from opspact.schema.read import read_documents

OFF = (date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2), date(2027, 2, 6))
NAMES = {date(2027, 1, 1): "元旦", date(2027, 2, 6): "春节"}
SOURCE = '国办发明电〔2026〕9号: "a" # b'
ANNOUNCED = Announcement(2027, frozenset(OFF), frozenset({date(2027, 1, 10)}), NAMES, SOURCE)
HEAD = 'kind: calendar\nname: desk\nzone: Asia/Shanghai\nweek: {mon-fri: "09:00-17:00"}  # hours\n'
BLOCK = """\
official:
  2027:
    source: "国办发明电〔2026〕9号: \\"a\\" # b"
    days_off:
      - 2026-12-31..2027-01-02  # 元旦
      - 2027-02-06  # 春节
    workdays:
      - 2027-01-10
"""
FLOW = (
    '2027: {source: "国办发明电〔2026〕9号: \\"a\\" # b", '
    "days_off: [2026-12-31..2027-01-02, 2027-02-06], workdays: [2027-01-10]}"
)


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def edited(text: str, edit: HolidayChange | None = None, name: str = "desk") -> str:
    edit = edit or HolidayChange(ANNOUNCED, date(2027, 12, 31) if "known_through" in text else None)
    content = with_announcement("policies/time.yaml", text.encode(), name, edit=edit).decode()
    assert with_announcement("policies/time.yaml", content.encode(), name, edit=edit).decode() == content
    calendars = [each.document for each in read_documents("a", content.encode()) if isinstance(each.document, Calendar)]
    official = next(each.holidays.official[2027] for each in calendars if each.name == name)
    assert {day for period in official.days_off for day in period.days()} == set(OFF)
    assert (official.workdays, official.source) == ((date(2027, 1, 10),), SOURCE)
    return content


def test_a_mapping_on_one_line_becomes_a_block() -> None:
    before = f"{HEAD}holidays: {{country: CN, known_through: 2026-12-31, yearly: ['05-06']}}  # 假日\n"
    text = f"{before}\n# workdays\nworkdays: []\n"
    assert edited(text) == (
        f"{HEAD}holidays:  # 假日\n  country: CN\n  known_through: 2027-12-31\n  yearly: ['05-06']\n"
        f"{indented(BLOCK, 2)}\n# workdays\nworkdays: []\n"
    )


def test_a_block_grows_by_the_year() -> None:
    before = f"{HEAD}holidays:\n    # where\n    country: CN  # China\n    known_through: '2026-12-31'  # so far\n"
    after = "\n    # the end\n\n---\nkind: team\nname: 一线\n"
    after = after.replace("一线", "first")
    wanted = before.replace("'2026-12-31'", "2027-12-31") + indented(BLOCK, 4) + after
    assert edited(before + after) == wanted


def test_a_calendar_without_holidays_gets_them_behind_its_week() -> None:
    assert edited(f"{HEAD}workdays: []\n") == f"{HEAD}holidays:\n{indented(BLOCK, 2)}workdays: []\n"
    block = HEAD.replace('{mon-fri: "09:00-17:00"}  # hours', '\n  mon-fri: "09:00-17:00"\n  # no sat')
    assert edited(block).endswith(f'"09:00-17:00"\nholidays:\n{indented(BLOCK, 2)}  # no sat\n')


def test_a_file_without_an_end_of_line_keeps_none() -> None:
    text = f"{HEAD}holidays: {{country: CN}}"
    assert edited(text) == f"{HEAD}holidays:\n  country: CN\n{indented(BLOCK, 2)}".rstrip("\n")


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = f"{HEAD}holidays:\n  country: CN\n# end\n"
    content = with_announcement(
        "a", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "desk", edit=HolidayChange(ANNOUNCED)
    )
    assert content.startswith(b"\xef\xbb\xbfkind")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.removeprefix(b"\xef\xbb\xbf").decode().replace("\r\n", "\n") == edited(text)


def test_only_the_named_calendar_of_a_file_is_touched() -> None:
    other = HEAD.replace("desk", "other") + "holidays: {country: CN, known_through: 2026-12-31}\n"
    mine = f"{HEAD}holidays: {{country: CN}}\n"
    assert edited(f"{other}---\n{mine}---\n{other.replace('other', 'third')}", HolidayChange(ANNOUNCED)) == (
        f"{other}---\n{edited(mine)}---\n{other.replace('other', 'third')}"
    )


def test_years_stand_in_their_order() -> None:
    year = "    {0}:\n      source: x\n      days_off: [{0}-01-01]  # of {0}\n"
    text = f"{HEAD}holidays:\n  official:\n{year.format(2026)}{year.format(2028)}  country: CN\n"
    own = indented(BLOCK.partition("\n")[2], 2)
    assert edited(text) == text.replace("    2028:", f"{own}    2028:")
    text = f"{HEAD}holidays:\n  official:\n{year.format(2026)}  country: CN\n"
    assert edited(text) == text.replace("  country", f"{own}  country")


def test_a_year_that_is_there_is_replaced() -> None:
    old = "    2027:\n      # guessed\n      days_off:\n      - 2027-01-01\n      source: a guess  # mine\n"
    text = (
        f"{HEAD}holidays:\n  official:\n{old}    2028: {{source: x, days_off: [2028-01-01]}}\n  # next\n  country: CN\n"
    )
    assert edited(text) == text.replace(old, indented(BLOCK.partition("\n")[2], 2))
    text = f"{HEAD}holidays:\n  official:\n    2027: {{source: x, days_off: [2027-01-01]}}  # old\n"
    assert edited(text) == text.replace("{source: x, days_off: [2027-01-01]}", FLOW.removeprefix("2027: "))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (
            "holidays: {country: CN,  # China\n  known_through: 2026-12-31  # end\n  }\n",
            f"holidays: {{country: CN,  # China\n  known_through: 2027-12-31, official: {{{FLOW}}}  # end\n  }}\n",
        ),
        (
            "holidays:\n  official: {2028: {source: x, days_off: [2028-01-01]}, }\n",
            f"holidays:\n  official: {{2028: {{source: x, days_off: [2028-01-01]}}, {FLOW}, }}\n",
        ),
        (
            "holidays: {official: {2027: {source: x, days_off: [2027-01-01]}}, country: CN}\n",
            f"holidays: {{official: {{{FLOW}}}, country: CN}}\n",
        ),
    ],
)
def test_what_is_written_in_braces_with_comments_or_years_stays_so(was: str, now: str) -> None:
    assert edited(HEAD + was) == HEAD + now


def test_a_whole_document_in_braces_stays_so() -> None:
    text = '{kind: calendar, name: desk, zone: UTC, week: {mon: "09:00-17:00"}}\n'
    assert edited(text) == text.replace("}}", f"}}, holidays: {{official: {{{FLOW}}}}}}}")
    text = '{"kind": "calendar", "name": "desk", "zone": "UTC", "holidays": {}, "week": {"mon": "09:00-17:00"}}\n'
    assert edited(text) == text.replace('"holidays": {}', f'"holidays": {{official: {{{FLOW}}}}}')


def test_an_anchor_on_what_is_edited_stays_as_long_as_nobody_else_uses_it() -> None:
    text = f"{HEAD}holidays: &h {{country: CN}}\n"
    assert edited(text) == text.replace("CN}", f"CN, official: {{{FLOW}}}}}")


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}text: &t {{en: a}}\nholidays: *t\n",
        f"{HEAD}workdays: &d [2026-11-07]\nholidays: {{dates: *d}}\n",
        f"{HEAD}workdays: &d [2026-11-07]\nholidays:\n  country: CN\n  dates: *d\n",
    ],
)
def test_what_ends_in_an_alias_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        edited(text)


def test_what_others_share_is_not_changed_with_it() -> None:
    text = f"{HEAD}holidays: {{country: CN, dates: &d [2026-11-07]}}\nworkdays: *d\n"
    assert edited(text).endswith("workdays: *d\n")


def test_names_of_a_list_cannot_leave_their_comment() -> None:
    names = {date(2027, 2, 6): "a\n- 2027-03-01\u2028x"}
    edit = HolidayChange(Announcement(2027, frozenset(OFF), frozenset({date(2027, 1, 10)}), names, SOURCE))
    assert "      - 2027-02-06  # a - 2027-03-01 x\n" in edited(HEAD, edit).replace("\u2028", " ")
