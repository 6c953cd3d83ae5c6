"""Durations carry their unit."""

import pytest

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.durations import parse_duration
from opspact.values.duration import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30m", 1800),
        ("12h", 43_200),
        ("90s", 90),
        ("500ms", 0.5),
        ("1h30m", 5400),
        ("102h20m15s", 368_415),
        ("1s500ms", 1.5),
        ("7 days", 604_800),
        ("1 day", 86_400),
        ("2 weeks", 1_209_600),
        ("45 minutes", 2700),
    ],
)
def test_elapsed_time_has_seconds(text: str, seconds: float) -> None:
    assert ("elapsed", seconds) == (parse_duration(text).kind, parse_duration(text).seconds)


def test_time_of_a_calendar_is_told_apart() -> None:
    assert Duration("40 business hours", "business", 144_000_000_000) == parse_duration("40 business hours")
    assert Duration("5 working days", "working_days", 5) == parse_duration("5 working days")


def test_working_days_have_no_seconds() -> None:
    with pytest.raises(TypeError):
        _ = parse_duration("5 working days").seconds


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "30", "5d", "1w", "1.5h", "-1h", "0s", "0 days", "3h2h", "2m1h", "h", "m", "1 h", "5 working hours"),
        *("5 business days", "5 working", "days", "1 month", "1h ago", "９h", "1e3s", "101 years", "9" * 400 + "h"),
        *("999999999 days", "99999999 working days"),
        *(30, 1.5, True, None, (), {}),
    ],
)
def test_anything_else_is_refused(written: object) -> None:
    with pytest.raises(InvalidValueError):
        parse_duration(written)
