"""`opspact qc chart`: charts of the rows that databases recorded, from the ledger alone."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from calling import Call
from job_results import job_result
from ledgers import context
from recorded import History

from opspact.compile.build import build
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Verdict
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

ROOT = Path(__file__).parents[3]
BEGAN = datetime(2027, 2, 1, 23, 15, tzinfo=UTC)
PRESENT = "2027-01-04..2027-01-31"
LIMITS = {"baseline": PRESENT, "usual": 9000.0, "mean": 0.0, "sigma": 0.1}


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, tmp_path / "reference" / part)
    monkeypatch.chdir(tmp_path / "reference")
    return tmp_path / "reference"


def seen(rows: float | None, distance: float | None = None, **facts: Any) -> Item:
    limits = {"baseline": PRESENT} if distance is None else LIMITS
    verdict = Verdict.UNKNOWN if rows is None else Verdict.OK if abs(distance or 0) < 0.3 else Verdict.WARNING
    more: dict[str, Any] = {} if distance is None else {"residual": distance, "ewma": distance / 5, "number": 1}
    every = {"value": rows, "unit": "rows", "limits": limits, **more, **facts}
    message = "It is not known\x1b[31m." if rows is None else ""
    return Item(item="database_growth_rows", subject="oa", verdict=verdict, message=message, facts=every)


def record(folder: Path, *items: Item, spool: str = "0123456789ab") -> None:
    """Record daily results of the database server, each with one item."""
    events = [
        job_result(
            "inspection/daily-database",
            "db1",
            number,
            spool=spool,
            started=BEGAN + timedelta(days=number),
            ended=BEGAN + timedelta(days=number, seconds=2),
            items=(item,),
        )
        for number, item in enumerate(items, 1)
    ]
    with open_ledger(folder / ".opspact/ledger.sqlite3") as ledger:
        ledger.record_all(events, context=context(BEGAN + timedelta(days=99)))


def test_the_chart_shows_each_value_against_the_frozen_limits(reference: Path, opspact: Call) -> None:
    record(reference, seen(8100.0, -0.1), seen(None), seen(90_000.0, 2.3))
    said = opspact("qc", "chart", "--format", "json")
    individuals, ewma = json.loads(said.out)["charts"]
    assert said.code == 1, "the newest value is a signal"
    assert (individuals["chart"], ewma["chart"]) == ("individuals", "ewma")
    assert (individuals["host"], individuals["subject"], individuals["baseline"]) == ("db1", "oa", PRESENT)
    assert [point["condition"] for point in individuals["points"]] == ["in control", "unknown", "above"]
    assert [point["value"] for point in individuals["points"]] == [8100.0, None, 90_000.0]
    assert individuals["points"][0]["upper"] == pytest.approx(0.3)
    assert ewma["points"][0]["upper"] == pytest.approx(0.06)
    assert (individuals["constants"], ewma["constants"]["weight"]) == ({"sigmas": 3.0, "d2": 1.128}, 0.2)


def test_people_see_a_line_for_each_value(reference: Path, opspact: Call) -> None:
    record(reference, seen(8100.0, -0.1), seen(None), seen(90_000.0, 2.3))
    said = opspact("qc", "chart", "daily-database", "--limit", "db1")
    title, about, *values = said.out.splitlines()[:5]
    assert ("db1" in title, PRESENT in about, "limits frozen" in about) == (True, True, True)
    assert ("8,100 rows" in values[0], values[0].endswith("in control")) == (True, True)
    assert values[0].count("|") == 2
    assert ("unknown" in values[1], "\x1b" in values[1]) == (True, False)
    assert ("10.0 x" in values[2], "individuals above, ewma above" in values[2]) == (True, True)
    assert "sigma = mean moving range / 1.128" in said.out


def test_a_usual_value_is_clean(reference: Path, opspact: Call) -> None:
    record(reference, seen(90_000.0, 2.3), seen(8100.0, -0.1, ewma=0.05))
    assert opspact("qc", "chart").code == 0


def test_limits_that_a_host_lost_are_those_that_it_recorded_last(reference: Path, opspact: Call) -> None:
    record(reference, seen(8100.0, -0.1))
    record(reference, seen(None), seen(9000.0), spool="ffffffffffff")
    individuals, _ = json.loads(opspact("qc", "chart", "--format", "json").out)["charts"]
    assert (individuals["mean"], individuals["sigma"]) == (0.0, 0.1)
    assert [point["condition"] for point in individuals["points"]] == ["in control", "unknown", "unknown"]


def test_values_of_another_baseline_are_on_no_chart_of_this_one(reference: Path, opspact: Call) -> None:
    record(reference, seen(8100.0, -0.1, limits={**LIMITS, "baseline": "2026-01-01..2026-02-01"}), seen(5.0))
    said = opspact("qc", "chart", "--format", "json")
    for chart in json.loads(said.out)["charts"]:
        assert (chart["sigma"], [point["value"] for point in chart["points"]]) == (None, [5.0])
    assert "no limits yet" in opspact("qc", "chart").out


@pytest.mark.parametrize("value", ["9", True, None, {"a": 1}, 10**15, -1e9])
def test_what_is_no_number_is_unknown(reference: Path, opspact: Call, value: object) -> None:
    facts: dict[str, Any] = {"residual": value, "ewma": value, "number": value, "usual": value}
    record(reference, seen(8100.0, -0.1), seen(1.0, limits={**LIMITS, "mean": value, "sigma": value}, **facts))
    said = opspact("qc", "chart", "--format", "json")
    for chart in json.loads(said.out)["charts"]:
        assert (chart["sigma"], chart["points"][1]["condition"]) == (0.1, "unknown")
    assert opspact("qc", "chart").code == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 4), (["dayly"], 2), (["--limit", "web"], 4), (["--last", "0"], 2)]
)
def test_what_has_no_chart_is_refused(reference: Path, opspact: Call, *, arguments: list[str], code: int) -> None:
    record(reference, Item(item="disk", subject="/", verdict=Verdict.OK))
    said = opspact("qc", "chart", *arguments)
    assert (said.code, said.out, bool(said.err)) == (code, "", True)


def test_the_trace_of_the_clause_shows_growth_carried_out_by_its_inspection(reference: Path, opspact: Call) -> None:
    now = datetime.now(UTC)
    resolved = resolve(read_tree(reference))
    (reference / ".opspact").mkdir()
    with open_ledger(reference / ".opspact/ledger.sqlite3") as ledger:
        History(ledger, resolved, build(resolved, day=now.date())).applied(now - timedelta(days=9))
        at = now - timedelta(minutes=1)
        result = job_result("inspection/daily-database", "db1", started=at, ended=at, items=(seen(9000.0, 0.0),))
        ledger.record_all([result], context=context(now))
    reported = json.loads(opspact("trace", "D7", "--format", "json").out)
    (policy,) = reported["policies"]
    states = {each["obligation"]: each["state"] for each in policy["obligations"]}
    assert (policy["name"], states["inspection"]) == ("inspection/daily-database", "kept"), states
    assert opspact("qc", "chart").code == 0


WEEK = (9000, 8200, 8500, 8100, 9900, 600, 0)
FIRST = date(2026, 3, 2)
FOUR_WEEKS = "2026-03-02..2026-03-29"


def table(folder: Path, *, last: str, name: str = "volumes.csv") -> str:
    """Write five usual weeks and one more day, with a volume of a time that was measured twice as long."""
    rows = [
        f"{FIRST + timedelta(days=day)},{round(WEEK[day % 7] * (1 + 0.1 * ((day * 5) % 4 - 1.5)))},7"
        for day in range(35)
    ]
    (folder / name).write_text("\n".join(["day,rows,other", *rows, f"2026-04-06,{last},7", ""]), encoding="utf-8-sig")
    return name


@pytest.mark.parametrize(
    ("last", "code", "condition"), [("9000", 0, "in control"), ("90000", 1, "above"), ("", 0, "unknown")]
)
def test_a_table_is_judged_by_what_its_baseline_froze(
    reference: Path, opspact: Call, *, last: str, code: int, condition: str
) -> None:
    said = opspact("qc", "chart", "--csv", table(reference, last=last), "--baseline", FOUR_WEEKS, "--format", "json")
    assert said.code == code
    individuals, ewma = json.loads(said.out)["charts"]
    assert (individuals["subject"], individuals["baseline"], len(individuals["points"])) == ("rows", FOUR_WEEKS, 8)
    assert {point["condition"] for point in individuals["points"][:7]} == {"in control"}, "the weekly wave is no signal"
    assert individuals["points"][-1]["condition"] == ewma["points"][-1]["condition"] == condition


@pytest.mark.parametrize(("last", "code"), [("1100", 0), ("2000", 1)])
def test_a_process_that_never_varied_may_vary_a_little(reference: Path, opspact: Call, *, last: str, code: int) -> None:
    rows = [f"{FIRST + timedelta(days=day)},1000" for day in range(30)]
    (reference / "flat.csv").write_text("\n".join(["day,rows", *rows, f"2026-04-01,{last}", ""]))
    said = opspact("qc", "chart", "--csv", "flat.csv", "--baseline", FOUR_WEEKS)
    assert (said.code, "1.1 x" in said.out or "2.0 x" in said.out) == (code, True), said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--csv", "volumes.csv"], 2),
        (["--csv", "missing.csv", "--baseline", FOUR_WEEKS], 2),
        (["--csv", "volumes.csv", "--baseline", "2026-03-02..2026-03-10"], 2),
        (["--csv", "volumes.csv", "--baseline", "soon"], 2),
        (["--csv", "volumes.csv", "--baseline", FOUR_WEEKS, "--column", "lines"], 2),
        (["--csv", "volumes.csv", "--baseline", FOUR_WEEKS, "--limit", "db"], 2),
        (["--csv", "volumes.csv", "--baseline", "2026-03-02..2026-04-06"], 4),
        (["--csv", "twice.csv", "--baseline", FOUR_WEEKS], 2),
        (["--csv", "words.csv", "--baseline", FOUR_WEEKS], 2),
        (["--csv", "empty.csv", "--baseline", FOUR_WEEKS], 2),
        (["--baseline", FOUR_WEEKS], 2),
    ],
)
def test_what_is_no_table_is_refused(reference: Path, opspact: Call, *, arguments: list[str], code: int) -> None:
    table(reference, last="1")
    (reference / "twice.csv").write_text("day,rows\n2026-03-02,1\n2026-03-02,2\n")
    (reference / "words.csv").write_text("day,rows\n2026-03-02,many\n")
    (reference / "empty.csv").write_text("")
    said = opspact("qc", "chart", *arguments)
    assert (said.code, said.out, bool(said.err)) == (code, "", True), said
