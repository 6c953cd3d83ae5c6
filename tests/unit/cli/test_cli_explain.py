"""`opspact explain`: a code in words."""

import json

from calling import Call


def test_a_rule_is_explained_with_an_example_that_it_finds_and_one_that_it_does_not(opspact: Call) -> None:
    said = opspact("explain", "OP200")

    assert said.code == 0
    assert said.out.startswith("OP200  The contract's period is over")
    assert "period: 2025-01-01..2025-12-31" in said.out
    assert "period: 2026-01-01..2026-12-31" in said.out


def test_a_refusal_is_explained_too_in_small_letters_as_well(opspact: Call) -> None:
    assert "A key is repeated" in opspact("explain", "op004").out


def test_without_a_code_all_are_listed(opspact: Call) -> None:
    lines = opspact("explain").out.splitlines()
    assert lines[0].startswith("OP001")
    assert len(lines) == len(json.loads(opspact("explain", "--format", "json").out)["codes"])


def test_an_unknown_code_is_refused(opspact: Call) -> None:
    said = opspact("explain", "OP999")
    assert said.code == 2
    assert "unknown code 'OP999'" in said.err
