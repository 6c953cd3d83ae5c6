"""Instants as text."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opspact.text.instants import (
    format_clock_time,
    format_instant,
    format_instant_in_utc,
    format_instant_with_offset,
    format_minute_with_offset,
)

AT = datetime(2026, 2, 24, 4, 30, 15, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_people_read_the_clock_on_the_wall() -> None:
    assert format_instant(AT, SHANGHAI) == "2026-02-24 12:30"
    assert format_clock_time(datetime(2026, 2, 24, 2)) == "2026-02-24 02:00"  # noqa: DTZ001 - of no zone
    assert format_instant_with_offset(AT, SHANGHAI) == "2026-02-24T12:30:15+08:00"
    assert format_minute_with_offset(AT, SHANGHAI) == "2026-02-24T12:30+08:00"


def test_scripts_read_utc() -> None:
    assert format_instant_in_utc(AT.astimezone(SHANGHAI)) == "2026-02-24T04:30:15Z"
    assert format_instant_in_utc(AT.replace(microsecond=5)) == "2026-02-24T04:30:15.000005Z"
