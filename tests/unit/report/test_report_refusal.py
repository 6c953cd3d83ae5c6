"""Errors in words: place, path, message, the written line with a caret, the hint, the count."""

import json

import pytest
from problems import PROBLEM

from opspact.errors import (
    Busy,
    ChainBreak,
    LedgerBroken,
    LedgerUnavailable,
    NothingFound,
    OperationFailed,
    OpspactError,
    Place,
    Problem,
    Refused,
    Stale,
)
from opspact.model.finding import Finding, Severity
from opspact.report.findings_text import findings_lines
from opspact.report.lines import plain
from opspact.report.refusal import refusal_json, refusal_lines


def test_the_caret_stands_below_its_column_after_wide_letters() -> None:
    source = "name: 甲乙丙 x"
    reported = plain(refusal_lines(Refused("", [Problem("OP1", Place("p.yaml", 1, 11), "wrong", source=source)])))
    line, caret = reported.splitlines()[3:5]

    assert line == "    1 | name: 甲乙丙 x"
    assert caret.index("^") == line.index("x") + 3  # three letters of two columns each


@pytest.mark.parametrize("column", [1, 30, 120, 260, 300])
@pytest.mark.parametrize("width", [40, 60, None])
def test_of_a_long_line_the_part_around_the_column_is_shown(column: int, width: int | None) -> None:
    source = "".join(chr(ord("a") + position % 26) for position in range(300))
    problem = Problem("OP1", Place("p.yaml", 1, column), "wrong", source=source)
    reported = plain(refusal_lines(Refused("", [problem]), width=width))
    line, caret = reported.splitlines()[3:5]

    assert max(len(line), len(caret)) <= (width or 110)
    assert line[caret.index("^")] in {source[column - 1], "…"}


@pytest.mark.parametrize("column", [1, 108, 260])
@pytest.mark.parametrize("width", [44, 60])
def test_the_written_line_of_a_finding_is_cut_to_the_screen_too(column: int, width: int) -> None:
    source = "".join(chr(ord("a") + position % 26) for position in range(300))
    place = Place("p.yaml", 12, column)
    finding = Finding("OP300", Severity.ERROR, place, "wrong", source=source, policy="roster/night")
    line, caret = plain(findings_lines([finding], width=width)).splitlines()[1:3]

    assert max(len(line), len(caret)) <= width
    assert line[caret.index("^")] in {source[column - 1], "…"}


def test_a_problem_without_a_line_has_no_caret() -> None:
    reported = plain(refusal_lines(Refused("", [Problem("OP1", Place("inventory"), "wrong")])))

    assert "|" not in reported


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (Refused("m"), "refused"),
        (Stale("m"), "stale"),
        (Busy("m"), "busy"),
        (OperationFailed("m"), "failed"),
        (LedgerUnavailable("m"), "ledger unavailable"),
        (NothingFound("m"), "not found"),
        (OpspactError("m"), "failed"),
    ],
)
def test_each_kind_of_error_has_its_word(error: OpspactError, word: str) -> None:
    assert f": {word}: m" in plain(refusal_lines(error))
    assert json.loads(refusal_json(error))["kind"] == word


def test_every_break_of_a_ledger_is_told() -> None:
    error = LedgerBroken("it does not hold", [ChainBreak(2, "event 2 was changed")], hint="keep it")

    assert "event 2 was changed" in plain(refusal_lines(error))
    assert json.loads(refusal_json(error))["breaks"] == [{"sequence": 2, "message": "event 2 was changed"}]


def test_json_holds_every_problem() -> None:
    reported = json.loads(refusal_json(Refused("m", [PROBLEM], hint="h")))

    assert (reported["message"], reported["hint"], reported["exit_code"]) == ("m", "h", 2)
    assert reported["problems"] == [
        {
            "code": "OP022",
            "file": "policies/backups.yaml",
            "line": 14,
            "column": 9,
            "where": "keep.weekly",
            "message": 'expected a whole number, got "seven"',
            "help": "write 7",
        }
    ]


def test_all_places_that_name_a_missing_thing_are_shown_at_the_first() -> None:
    def naming(line: int, missing: str) -> Problem:
        return Problem("OP103", Place("policies/a.yaml", line, 1), "unknown such host", "to.host", missing=missing)

    said = plain(refusal_lines(Refused("m", [naming(1, "host a"), naming(2, "host b"), naming(3, "host a")])))
    places = [line.strip().split(" ")[0].rstrip(":") for line in said.splitlines() if "policies/a.yaml" in line]
    assert places == ["policies/a.yaml:1:1", "policies/a.yaml:3:1", "policies/a.yaml:2:1"]
