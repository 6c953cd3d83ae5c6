"""Lengths of time as text: as policies write them."""

import pytest

from opspact.schema.values.durations import parse_duration
from opspact.text.durations import format_duration, format_hours

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (0.4, "0s"),
        (29.4, "29s"),
        (31, "1m"),
        (60, "1m"),
        (3_599, "1h"),
        (93_600, "26h"),
        (93_660, "26h1m"),
        (3 * DAY - 31, "71h59m"),
        (3 * DAY, "3 days"),
        (31 * DAY + 3_600, "31 days 1h"),
    ],
)
def test_a_length_is_shown_to_the_minute(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (604_800, "168h"), (5_400, "1h30m"), (368_415, "102h20m15s"), (0.25, "0.25s")]
)
def test_hours_are_shown_exactly(seconds: float, text: str) -> None:
    assert format_hours(seconds) == text


@pytest.mark.parametrize("text", ["45m", "26h", "1h30m", "7 days", "31 days"])
def test_a_round_length_is_shown_as_a_policy_writes_it(text: str) -> None:
    assert format_duration(parse_duration(text).seconds) == text
