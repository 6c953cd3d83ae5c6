"""`opspact calendar` and `opspact sla`: instants in and out, files without a contract, refusals by option."""

import json
import re
from pathlib import Path

import pytest
from calling import Call, Contract

CALENDAR = """\
kind: calendar
name: desk-5x8
zone: Asia/Shanghai
week: {mon-fri: "09:00-17:00"}
holidays: {country: CN, known_through: 2026-12-31}
"""
LEVELS = """\
kind: sla
name: standard
levels:
  I:
    means: {en: down}
    milestones:
      respond: {within: 30m}
      on_site: {within: 2h, after: telephone_failed}
      resolve: {within: 4h, calendar: desk-5x8, pauses: [waiting]}
  IV:
    means: {en: a question}
    milestones: {resolve: {within: 2 working days, calendar: desk-5x8}}
pause_reasons: {waiting: {max: 1h}}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file that holds just a calendar, far from any contract."""
    path = tmp_path / "alone" / "desk.yaml"
    path.parent.mkdir()
    path.write_text(CALENDAR, encoding="utf-8")
    monkeypatch.chdir(path.parent)
    return "./desk.yaml"


@pytest.fixture
def levels(contract: Contract) -> Contract:
    contract.write("policies/time.yaml", f"{CALENDAR}---\n{LEVELS}")
    return contract


def test_a_deadline_on_a_calendar_from_a_file_needs_no_contract(file: str, opspact: Call) -> None:
    arguments = ["calendar", "due", "--calendar", file, "--start", "2026-02-13T16:30", "--business", "1h"]
    assert opspact(*arguments).out == "2026-02-14T09:30:00+08:00  Saturday, Asia/Shanghai\n"
    said = opspact(*arguments, "--format", "json")
    assert said.code == 0
    assert json.loads(said.out) == {"schema": "opspact/calendar-due", "version": 1, "due": "2026-02-14T01:30:00Z"}


@pytest.mark.parametrize(
    ("options", "due"),
    [
        (("--business", "102h20m15s"), "2026-03-10T06:50:15Z"),
        (("--business", "40 business hours"), "2026-02-27T08:30:00Z"),
        (("--elapsed", "7 days"), "2026-02-20T08:30:00Z"),
        (("--working-days", "2"), "2026-02-24T08:30:00Z"),
        (("--business", "1h", "--pause", "2026-02-13T16:45/2026-02-14T10:00"), "2026-02-14T02:45:00Z"),
    ],
)
def test_lengths_are_open_time_wall_time_or_working_days(
    file: str, opspact: Call, *, options: tuple[str, ...], due: str
) -> None:
    said = opspact("calendar", "due", "--calendar", file, "--start", "2026-02-13T08:30Z", *options, "--format", "json")
    assert json.loads(said.out)["due"] == due


def test_open_seconds_are_whole_where_they_are(file: str, opspact: Call) -> None:
    arguments = ["calendar", "between", "--calendar", file, "--start", "2026-02-13T09:00", "--end", "2026-02-15T00:00"]
    assert opspact(*arguments).out == "16h  57600 seconds\n"
    said = opspact(*arguments, "--pause", "2026-02-14T09:00/2026-02-14T09:00:30", "--format", "json")
    assert '"seconds": 57570\n' in said.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--start", "2026-12-31T16:30", "--business", "1h"), "known through 2026-12-31"),
        (("--start", "2026-02-13", "--business", "1h"), "--start: expected a date and time"),
        (("--start", "2026-02-30T10:00", "--business", "1h"), "--start: 2026-02-30T10:00 is not a valid"),
        (("--start", "0001-01-01T10:00", "--business", "1h"), "--start: expected a year"),
        (("--start", "2026-02-13T10:00"), "got none of them"),
        (("--start", "2026-02-13T10:00", "--business", "1h", "--elapsed", "1h"), "got several"),
        (("--start", "2026-02-13T10:00", "--business", "5d"), "--business: expected hours, got 5d"),
        (("--start", "2026-02-13T10:00", "--elapsed", "5d"), "--elapsed: 5d is ambiguous"),
        (("--start", "2026-02-13T10:00", "--business", "5 days"), "--business: expected hours"),
        (("--start", "2026-02-13T10:00", "--elapsed", "5 working days"), "--elapsed: expected elapsed time"),
        (("--start", "2026-02-13T10:00", "--business", "1h", "--pause", "now"), "--pause: expected two instants"),
        (
            ("--start", "2026-02-13T10:00", "--business", "1h", "--pause", "2026-02-14T00:00/2026-02-13T00:00"),
            "--pause: 2026-02-13T00:00 is before",
        ),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_option(
    file: str, opspact: Call, *, options: tuple[str, ...], words: str
) -> None:
    said = opspact("calendar", "due", "--calendar", file, *options)
    assert (said.code, said.out) == (2, "")
    assert words in said.err


def test_an_end_before_the_start_is_refused(file: str, opspact: Call) -> None:
    said = opspact(
        "calendar", "between", "--calendar", file, "--start", "2026-02-13T10:00", "--end", "2026-02-12T10:00"
    )
    assert said.code == 2
    assert "--end: 2026-02-12T10:00 is before 2026-02-13T10:00" in said.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("kind: team\nname: x\n", "contains no calendar"),
        (f"{CALENDAR}---\n{CALENDAR.replace('desk-5x8', 'other')}", "contains several calendars: desk-5x8, other"),
        (CALENDAR.replace("09:00", "18:00"), "desk.yaml:4:17: week.mon-fri: the hours"),
        (CALENDAR.replace("CN", "XX"), 'desk.yaml:5:21: holidays.country: unknown country "XX" for public holidays'),
    ],
)
def test_a_file_that_is_no_calendar_is_refused_with_its_place(
    file: str, opspact: Call, *, content: str, words: str
) -> None:
    Path(file).write_text(content, encoding="utf-8")
    said = opspact("calendar", "due", "--calendar", file, "--start", "2026-02-13T10:00", "--business", "1h")
    assert said.code == 2
    assert words in said.err.replace("./", "")


def test_a_file_that_is_not_there_is_refused(opspact: Call) -> None:
    said = opspact("calendar", "due", "--calendar", "gone.yaml", "--start", "2026-02-13T10:00", "--business", "1h")
    assert said.code == 2
    assert "cannot read gone.yaml: No such file" in said.err


@pytest.mark.usefixtures("levels")
def test_a_calendar_of_the_contract_goes_by_its_name(opspact: Call) -> None:
    said = opspact("calendar", "due", "--calendar", "desk-5x8", "--start", "2026-02-13T16:30", "--business", "1h")
    assert said.out.startswith("2026-02-14T09:30:00+08:00")
    said = opspact("calendar", "due", "--calendar", "desk", "--start", "2026-02-13T16:30", "--business", "1h")
    assert said.code == 2
    assert 'unknown calendar "desk"' in said.err


def test_parts_of_a_second_are_taken_as_they_are_told(opspact: Call, file: str) -> None:
    call = ("calendar", "due", "--calendar", file, "--elapsed", "500ms", "--format", "json")
    first = json.loads(opspact(*call, "--start", "2026-02-13T16:30:15.25Z").out)["due"]
    assert first == "2026-02-13T16:30:15.750000Z"
    assert json.loads(opspact(*call, "--start", first).out)["due"] == "2026-02-13T16:30:16.250000Z"


def test_holidays_that_nobody_announced_are_not_told_as_if_they_were(opspact: Call, file: str) -> None:
    written = Path(file).read_text(encoding="utf-8")
    Path(file).write_text(re.sub(r"holidays: .*", "holidays: {country: RU}", written), encoding="utf-8")
    said = opspact("calendar", "due", "--calendar", file, "--start", "2035-05-01T09:00", "--business", "8h")
    assert said.code == 0
    assert "has no known_through for the holidays of RU" in " ".join(said.err.split())


@pytest.mark.usefixtures("levels")
def test_every_milestone_has_its_deadline(opspact: Call) -> None:
    said = opspact("sla", "due", "--level", "I", "--reported", "2026-02-13T16:30", "--format", "json")
    assert json.loads(said.out) == {
        "schema": "opspact/sla-due",
        "version": 1,
        "level": "I",
        "reported": "2026-02-13T08:30:00Z",
        "milestones": [
            {"name": "respond", "due": "2026-02-13T09:00:00Z", "calendar": "always"},
            {"name": "on_site", "due": "2026-02-13T10:30:00Z", "calendar": "always", "after": "telephone_failed"},
            {"name": "resolve", "due": "2026-02-14T04:30:00Z", "calendar": "desk-5x8"},
        ],
    }


@pytest.mark.usefixtures("levels")
def test_events_start_clocks_and_pauses_stop_those_that_list_them_for_so_long_at_most(opspact: Call) -> None:
    said = opspact(
        *("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00"),
        *("--event", "telephone_failed=2026-02-24T11:00", "--pause", "waiting=2026-02-24T11:00/2026-02-24T15:00"),
    )
    assert said.out == (
        "level I, reported 2026-02-24T10:00:00+08:00\n"
        "  respond  2026-02-24T10:30:00+08:00  30m, always\n"
        "  on_site  2026-02-24T13:00:00+08:00  2h, always\n"
        "  resolve  2026-02-24T15:00:00+08:00  4h, desk-5x8; 3h of pauses are more than their reason may take\n"
    )


@pytest.mark.usefixtures("levels")
def test_scripts_are_told_how_much_of_pauses_stopped_no_clock(opspact: Call) -> None:
    call = ("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00", "--format", "json")
    pauses = (
        "--pause",
        "waiting=2026-02-24T11:00/2026-02-24T11:40",
        "--pause",
        "waiting=2026-02-24T13:00/2026-02-24T13:40",
    )
    told = {each["name"]: each.get("beyond") for each in json.loads(opspact(*call, *pauses).out)["milestones"]}
    assert told == {"respond": None, "on_site": None, "resolve": 20 * 60}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--level", "V"), '--level: unknown level "V"'),
        (("--level", "I", "--sla", "gold"), '--sla: unknown sla "gold"'),
        (("--level", "I", "--event", "telephone_fails=2026-02-24T11:00"), "did you mean"),
        (
            ("--level", "I", "--event", "telephone_failed=2026-02-24T09:59"),
            "--event: telephone_failed is before the report",
        ),
        (
            ("--level", "I", *("--event", "telephone_failed=2026-02-24T11:00") * 2),
            "--event: telephone_failed is given twice",
        ),
        (
            ("--level", "I", "--pause", "wait=2026-02-24T11:00/2026-02-24T12:00"),
            '--pause: unknown pause reason "wait"',
        ),
    ],
)
@pytest.mark.usefixtures("levels")
def test_names_that_are_not_there_are_refused(opspact: Call, options: tuple[str, ...], words: str) -> None:
    said = opspact("sla", "due", "--reported", "2026-02-24T10:00", *options)
    assert said.code == 2
    assert words in said.err


def test_a_contract_without_service_levels_has_no_deadlines(opspact: Call) -> None:
    assert opspact("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00").code == 4
