"""Deadlines of milestones: pauses that may only take so long, clocks that wait for an event."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from effort import EFFORT
from hypothesis import given, settings
from hypothesis import strategies as st

from opspact.errors import Place
from opspact.model.deadlines import Deadline, Happened, deadlines
from opspact.model.origin import Origin
from opspact.model.policies.sla import Level, Milestone, PauseReason, Sla
from opspact.model.text import Text
from opspact.model.time.calendar import Calendar, Interval, always
from opspact.values.duration import Duration

DESK = Calendar("desk", "Asia/Shanghai", (((540, 1020),),) * 5 + ((),) * 2)
CALENDARS = {"always": always("Asia/Shanghai"), "desk": DESK}
MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""09:00 in Shanghai."""


def due_of(
    calendar: str, *pauses: tuple[str, Interval], within: Duration | None = None, after: str = "", **events: datetime
) -> Deadline:
    """Return the deadline of a milestone that customer (48 h at most), parts (no limit) and approval (8 h) may stop."""
    length = within or Duration.from_time("business", timedelta(hours=12))
    reasons = {"customer": timedelta(hours=48), "parts": None, "approval": timedelta(hours=8)}
    milestone = Milestone("resolve", length, calendar, after, rosters=(), pauses=tuple(reasons))
    text = Text("", "")
    level = Level("I", text, "", MappingProxyType({"resolve": milestone}))
    known = {
        name: PauseReason(name, text, Duration.from_time("elapsed", most) if most else None, "")
        for name, most in reasons.items()
    }
    sla = Sla("s", text, {"I": level}, "", (), known, {}, Origin("sla/s", Place("policies/sla.yaml"), ()))
    (found,) = deadlines(sla, level, Happened(MONDAY, events, pauses), calendars=CALENDARS)
    return found


def hours(start: float, end: float) -> Interval:
    """Return the interval between so many hours after the report."""
    return MONDAY + timedelta(hours=start), MONDAY + timedelta(hours=end)


def after_report(found: Deadline) -> float:
    assert found.due is not None
    return (found.due - MONDAY) / timedelta(hours=1)


def test_a_pause_inside_another_one_of_the_same_reason_takes_nothing() -> None:
    once = due_of("always", ("customer", hours(1, 41)))
    assert after_report(once) == 52
    assert due_of("always", ("customer", hours(1, 41)), ("customer", hours(1, 25))) == once


def test_a_pause_before_the_report_takes_nothing() -> None:
    assert due_of("always", ("customer", hours(-300, -252)), ("customer", hours(1, 3))).beyond == timedelta()
    assert after_report(due_of("always", ("customer", hours(-300, 3)))) == 15


def test_a_pause_over_a_closed_weekend_takes_nothing() -> None:
    tuesday, weekend = ("approval", hours(24, 32)), ("approval", hours(104, 152))
    long = Duration.from_time("business", timedelta(hours=60))
    one = due_of("desk", tuesday, within=long)
    assert due_of("desk", weekend, tuesday, within=long) == one
    assert due_of("desk", ("approval", hours(24, 176)), within=long).beyond == timedelta(hours=5 * 8 - 8)


def test_what_is_longer_than_a_reason_may_take_is_cut_and_told() -> None:
    found = due_of("always", ("customer", hours(1, 30)), ("customer", hours(40, 70)))
    assert (after_report(found), found.beyond) == (12 + 48, timedelta(hours=59 - 48))


def test_a_pause_without_a_limit_leaves_those_with_one_what_they_may_take() -> None:
    found = due_of("always", ("approval", hours(1, 9)), ("parts", hours(0, 9)), ("approval", hours(10, 18)))
    assert (after_report(found), found.beyond) == (12 + 9 + 8, timedelta())


def test_a_clock_that_waits_for_an_event_is_not_stopped_before_it() -> None:
    found = due_of(
        "always", ("customer", hours(0, 47)), after="telephone_failed", telephone_failed=MONDAY + timedelta(hours=46)
    )
    assert after_report(found) == 46 + 12 + 1


@pytest.mark.parametrize("calendar", ["always", "desk"])
@settings(max_examples=40 * EFFORT)
@given(
    spans=st.lists(st.tuples(st.integers(-40, 300), st.integers(1, 90)), max_size=6),
    one_more=st.tuples(st.integers(-40, 300), st.integers(1, 90)),
    kind=st.sampled_from(["business", "working_days"]),
)
def test_one_more_pause_never_makes_a_deadline_earlier_property(
    calendar: str, spans: list[tuple[int, int]], one_more: tuple[int, int], *, kind: str
) -> None:
    length = (
        Duration.from_time("business", timedelta(hours=30)) if kind == "business" else Duration("", "working_days", 3)
    )
    pauses = [("customer", hours(start, start + long)) for start, long in spans]
    more = ("customer", hours(one_more[0], sum(one_more)))
    later, earlier = due_of(calendar, *pauses, more, within=length), due_of(calendar, *pauses, within=length)
    assert after_report(later) >= after_report(earlier)
