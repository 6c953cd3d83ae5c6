"""Clocks of hosts: what is tolerated, and which way a time is corrected."""

from datetime import UTC, datetime, timedelta

import pytest

from opspact.model.time.host_clock import TOLERANCE, HostClock, host_clock

NOON = datetime(2027, 2, 8, 12, tzinfo=UTC)
OFF = int(TOLERANCE.total_seconds()) + 1


@pytest.mark.parametrize(
    ("ahead", "corrected"),
    [
        (0, NOON),
        (OFF - 1, NOON),
        (1 - OFF, NOON),
        (OFF, NOON - timedelta(seconds=OFF)),
        (-71 * 86400, NOON + timedelta(days=71)),
    ],
    ids=["none", "tolerated ahead", "tolerated behind", "ahead", "behind"],
)
def test_a_time_is_corrected_where_the_clock_is_off_and_nowhere_else(ahead: int, corrected: datetime) -> None:
    clock = HostClock(ahead)
    assert (clock.correct(NOON), clock.is_off) == (corrected, corrected != NOON)


@pytest.mark.parametrize("theirs", [1000.25, 1000.0, 999.75, 10_000.5, 100.5])
def test_a_corrected_time_is_at_most_a_second_later_than_what_happened(theirs: float) -> None:
    late = (theirs - 1000.0) - host_clock(theirs, 1000.0).ahead
    assert 0 <= late < 1
