"""`opspact calendar` and `opspact sla`: instants in and out, files without a contract, refusals by option."""

import json
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
    whole = opspact(*arguments, "--format", "json")
    paused = opspact(*arguments, "--pause", "2026-02-14T09:00/2026-02-14T09:00:30", "--format", "json")
    assert [json.loads(said.out)["seconds"] for said in (whole, paused)] == [57600, 57570]
    assert '"seconds": 57570\n' in paused.out, "no fraction where there is none"


@pytest.mark.usefixtures("levels")
def test_a_calendar_of_the_contract_goes_by_its_name(opspact: Call) -> None:
    call = ("calendar", "due", "--start", "2026-02-13T16:30", "--business", "1h", "--format", "json")
    said = opspact(*call, "--calendar", "desk-5x8")
    assert json.loads(said.out)["due"] == "2026-02-14T01:30:00Z"
    assert opspact(*call, "--calendar", "desk").code == 2


def test_parts_of_a_second_are_taken_as_they_are_told(opspact: Call, file: str) -> None:
    call = ("calendar", "due", "--calendar", file, "--elapsed", "500ms", "--format", "json")
    first = json.loads(opspact(*call, "--start", "2026-02-13T16:30:15.25Z").out)["due"]
    assert first == "2026-02-13T16:30:15.750000Z"
    assert json.loads(opspact(*call, "--start", first).out)["due"] == "2026-02-13T16:30:16.250000Z"


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
def test_a_deadline_in_days_that_nobody_announced_is_unknown_and_the_others_are_computed(opspact: Call) -> None:
    said = opspact("sla", "due", "--level", "I", "--reported", "2026-12-31T16:30", "--format", "json")
    milestones = {each["name"]: each for each in json.loads(said.out)["milestones"]}
    assert said.code == 1
    assert milestones["respond"]["due"] == "2026-12-31T09:00:00Z"
    assert milestones["resolve"]["due"] is None
    assert "2026-12-31" in milestones["resolve"]["unknown"]


@pytest.mark.usefixtures("levels")
def test_events_start_clocks_and_pauses_stop_those_that_list_them_for_so_long_at_most(opspact: Call) -> None:
    said = opspact(
        *("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00", "--format", "json"),
        *("--event", "telephone_failed=2026-02-24T11:00", "--pause", "waiting=2026-02-24T11:00/2026-02-24T15:00"),
    )
    assert {each["name"]: (each["due"], each.get("beyond")) for each in json.loads(said.out)["milestones"]} == {
        "respond": ("2026-02-24T02:30:00Z", None),
        "on_site": ("2026-02-24T05:00:00Z", None),
        "resolve": ("2026-02-24T07:00:00Z", 3 * 3600),
    }


@pytest.mark.usefixtures("levels")
def test_scripts_are_told_how_much_of_pauses_stopped_no_clock(opspact: Call) -> None:
    call = ("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00", "--format", "json")
    pauses = (
        "--pause",
        "waiting=2026-02-24T11:00/2026-02-24T11:40",
        "--pause",
        "waiting=2026-02-24T13:00/2026-02-24T13:40",
    )
    reported = {each["name"]: each.get("beyond") for each in json.loads(opspact(*call, *pauses).out)["milestones"]}
    assert reported == {"respond": None, "on_site": None, "resolve": 20 * 60}


def test_a_contract_without_service_levels_has_no_deadlines(opspact: Call) -> None:
    assert opspact("sla", "due", "--level", "I", "--reported", "2026-02-24T10:00").code == 4
