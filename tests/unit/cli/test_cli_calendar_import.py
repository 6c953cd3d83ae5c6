"""`opspact calendar import`: what is written, what is shown, what counts afterwards."""

import io
import json
import sys
from pathlib import Path

import pytest
from calling import Call, Contract

from opspact.model.time.public_holidays import known_through

CALENDAR = """\
kind: calendar
name: desk
zone: Asia/Shanghai
week: {mon-fri: "09:00-17:00", sat: "10:00-12:00"}
holidays: {country: CN, known_through: 2026-12-31}
"""
FIXED = ("01-01", "02-06", "05-01", "10-01", "10-02", "10-03")


def listed(year: int, *, off: tuple[str, ...] = FIXED, worked: tuple[str, ...] = ("02-13",)) -> str:
    days = [{"name": "a", "date": f"{year}-{day}", "isOffDay": day in off} for day in (*off, *worked)]
    return json.dumps({"year": year, "papers": ["https://www.gov.cn/x"], "days": days})


@pytest.fixture
def desk(contract: Contract) -> Contract:
    contract.write("policies/time.yaml", CALENDAR)
    contract.write("2027.json", listed(2027))
    return contract


def read(contract: Contract) -> str:
    return (contract.folder / "policies/time.yaml").read_text(encoding="utf-8")


def imported(opspact: Call, contract: Contract, *arguments: str, name: str = "2027.json") -> dict[str, object]:
    file = str(contract.folder / name)
    said = opspact("calendar", "import", file, "--calendar", "desk", "--format", "json", *arguments)
    assert said.code == 0, said.err
    found: dict[str, object] = json.loads(said.out)
    return found


def test_an_import_makes_the_year_known_and_shows_its_days(desk: Contract, opspact: Call) -> None:
    due = ["calendar", "due", "--calendar", "desk", "--start", "2027-02-05T16:00", "--business", "2h"]
    due += ["--format", "json"]
    assert opspact(*due).code == 2
    found = imported(opspact, desk)
    assert found == {
        "schema": "opspact/calendar-import",
        "version": 1,
        "calendar": "desk",
        "year": 2027,
        "source": "https://www.gov.cn/x",
        "written": True,
        "known_through": "2027-12-31",
        "days": [
            {"date": f"2027-{day}", "was": "unknown", "is": "open" if day == "02-13" else "closed", "name": "a"}
            for day in sorted((*FIXED, "02-13"))
        ],
    }
    assert json.loads(opspact(*due).out)["due"] == "2027-02-08T02:00:00Z"
    assert opspact("check").code != 2


def test_a_dry_run_shows_the_same_and_writes_nothing(desk: Contract, opspact: Call) -> None:
    shown = imported(opspact, desk, "--dry-run")
    assert read(desk) == CALENDAR
    assert {**shown, "written": True} == imported(opspact, desk)


def test_a_second_import_changes_nothing(desk: Contract, opspact: Call) -> None:
    imported(opspact, desk)
    before = read(desk)
    again = imported(opspact, desk)
    assert (again["written"], again["days"]) == (False, [])
    assert read(desk) == before


def test_a_later_list_of_the_year_shows_only_what_is_another(desk: Contract, opspact: Call) -> None:
    imported(opspact, desk)
    desk.write("2027.json", listed(2027, off=(*FIXED, "02-08"), worked=()))
    assert imported(opspact, desk)["days"] == [
        {"date": "2027-02-08", "was": "open", "is": "closed", "name": "a"},
        {"date": "2027-02-13", "was": "open", "is": "open", "name": ""},
    ]


def test_a_year_behind_one_that_is_missing_counts_once_that_is_there(desk: Contract, opspact: Call) -> None:
    last = known_through("CN")
    assert last is not None
    desk.write("policies/time.yaml", CALENDAR.replace("2026-12-31", f"{last}"))
    for year in (last.year + 1, last.year + 2):
        desk.write(f"{year}.json", listed(year, worked=()))
    assert imported(opspact, desk, name=f"{last.year + 2}.json")["known_through"] == f"{last}"
    assert f"known_through: {last}\n" in read(desk)
    assert imported(opspact, desk, name=f"{last.year + 1}.json")["known_through"] == f"{last.year + 2}-12-31"


def test_without_a_country_a_year_counts_where_the_policy_knows_the_days_before(desk: Contract, opspact: Call) -> None:
    for known, then in (("2026-12-31", "2027-12-31"), ("2026-06-30", "2026-06-30")):
        without = CALENDAR.replace("country: CN, known_through: 2026-12-31", f"known_through: {known}")
        desk.write("policies/time.yaml", without)
        assert imported(opspact, desk)["known_through"] == then


def test_a_calendar_that_knew_every_day_knows_those_that_are_announced(desk: Contract, opspact: Call) -> None:
    desk.write("policies/time.yaml", CALENDAR.partition("holidays:")[0])
    assert imported(opspact, desk)["known_through"] == "2027-12-31"


def test_a_calendar_that_knows_less_than_the_country_announced_keeps_to_it(desk: Contract, opspact: Call) -> None:
    desk.write("policies/time.yaml", CALENDAR.replace("2026-12-31", "2026-06-30"))
    assert imported(opspact, desk)["known_through"] == "2027-12-31"


def test_a_file_of_its_own_and_standard_input_need_no_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opspact: Call
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("desk.yaml").write_text(CALENDAR, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed(2027).encode())))
    said = opspact("calendar", "import", "-", "--calendar", "desk.yaml", "--source", "国办发明电")
    assert (said.code, said.err) == (0, "")
    assert 'source: "国办发明电"' in Path("desk.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", [("--calendar", "dask"), ("--calendar", "none.yaml"), ("--year", "2026")])
def test_a_wrong_call_is_refused_and_writes_nothing(desk: Contract, opspact: Call, wrong: tuple[str, str]) -> None:
    said = opspact("calendar", "import", str(desk.folder / "2027.json"), "--calendar", "desk", *wrong)
    assert said.code == 2
    assert read(desk) == CALENDAR


def test_a_link_is_refused(desk: Contract, opspact: Call) -> None:
    path = desk.folder / "policies/time.yaml"
    path.rename(desk.folder / "policies/real.txt.md")
    path.symlink_to("real.txt.md")
    call = ("calendar", "import", str(desk.folder / "2027.json"), "--calendar", "desk")
    assert opspact(*call).code == 2
    assert opspact(*call, "--dry-run").code == 0
    assert path.is_symlink()
    assert read(desk) == CALENDAR
