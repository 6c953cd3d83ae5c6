"""Expressions that could run for hours are refused, ordinary ones are not."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.text.regex import SlowExpression, refuse_slow


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+",
        "(a*)*b",
        "(a|a)*b",
        "(?:a|ab)+c",
        "(.*,)+x",
        "((a+)b?)+",
        "(a?){30}",
        "(?P<name>a+)*",
        "(x+x+)+y",
        "([a-z]+){2,}",
        "(a{1,9}){9}",
        "(a)\\1+",
        "(?P<x>a)(?P=x)",
        ".*.*.*.*.*.*.*x",
        "a{0,99}" * 7,
        "(a+){,}",
        "a" * 501,
    ],
)
def test_an_expression_that_may_run_for_hours_is_refused(expression: str) -> None:
    with pytest.raises(SlowExpression):
        refuse_slow(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "web\\d+",
        "(web|db)[0-9]+\\.example\\.com$",
        "^(?:site_[ab]|lab)-.*",
        "(abc){2}",
        "([a-z]\\d)+",
        "[(+*]+",
        "[]a]+x",
        "\\(a+\\)+",
        "(?i)web.*prod.*",
        "(?!old).*",
        "(web\\d+)?",
        "web{2}",
        "{}",
        "a{,}",
    ],
)
def test_an_ordinary_expression_is_welcome(expression: str) -> None:
    refuse_slow(expression)

    assert re.compile(expression)


@given(st.text(alphabet="ab()[]{}|*+?\\^.0,:<=!P-", max_size=60))
def test_judging_an_expression_always_ends_in_a_verdict(expression: str) -> None:
    with contextlib.suppress(SlowExpression):
        refuse_slow(expression)
