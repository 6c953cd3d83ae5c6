"""`opspact explain`: a code in words, and all of them."""

import json

import pytest
from calling import Call

from opspact.report.explanation import every_code


def test_a_rule_is_explained_with_an_example_that_it_finds_and_one_that_it_does_not(opspact: Call) -> None:
    reported = json.loads(opspact("explain", "OP200", "--format", "json").out)

    assert reported["code"] == "OP200"
    assert reported["bad"] != reported["good"]


def test_a_code_may_be_in_small_letters(opspact: Call) -> None:
    assert json.loads(opspact("explain", "op004", "--format", "json").out)["code"] == "OP004"


def test_without_a_code_all_are_listed(opspact: Call) -> None:
    lines = opspact("explain").out.splitlines()
    reported = json.loads(opspact("explain", "--format", "json").out)["codes"]

    assert [line.split()[0] for line in lines] == reported == list(every_code())


def test_an_unknown_code_is_refused(opspact: Call) -> None:
    assert opspact("explain", "OP999").code == 2


@pytest.mark.parametrize("code", ["OP5O5", "0P505", "0p5o5", "505", "op-505", "5O5"])
def test_letters_that_look_like_digits_are_read_as_digits(opspact: Call, code: str) -> None:
    assert '"OP505"' in opspact("explain", code).err
