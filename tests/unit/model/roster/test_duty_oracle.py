"""Rosters at random agree, at every hour, with a second implementation that looks at one instant at a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from duty import contract, override, person, roster
from hypothesis import given, settings
from hypothesis import strategies as st

from opspact.model.roster.duty import duty_intervals

pytestmark = pytest.mark.slow

NAMES = ("ann", "bob", "cho")
FIRST = date(2026, 3, 1)
DAYS = 60  # over the clock changes of March
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

days = st.integers(0, DAYS).map(lambda number: FIRST + timedelta(days=number))


@dataclass(frozen=True)
class Away:
    start: datetime
    end: datetime
    who: str
    instead: str | None


@dataclass(frozen=True)
class Said:
    """A roster as plain values: `week_day` None is every day."""

    zone: ZoneInfo
    people: tuple[str, ...]
    on_duty: int
    week_day: int | None
    hour: int
    since: date
    spans: dict[str, tuple[date, date]]
    away: tuple[Away, ...]

    def at(self, instant: datetime) -> set[str]:
        """Who is on duty, by counting hand-overs one by one and asking for each person."""
        turn = -1
        for number in range(DAYS * 2):
            day = self.since + timedelta(days=number)
            if self.week_day in {None, day.weekday()}:
                turn += datetime.combine(day, time(self.hour), self.zone).astimezone(UTC) <= instant
        if turn < 0:
            return set()
        wanted = [self.people[(turn + place) % len(self.people)] for place in range(self.on_duty)]
        return {there for name in wanted if (there := self.instead(name, instant)) is not None}

    def instead(self, name: str, instant: datetime, asked: tuple[str, ...] = ()) -> str | None:
        if name in asked:
            return None
        first, last = self.spans[name]
        away = [each for each in self.away if each.who == name and each.start <= instant < each.end]
        if first <= instant.astimezone(self.zone).date() <= last and not away:
            return name
        stand_in = away[0].instead if away else None
        return self.instead(stand_in, instant, (*asked, name)) if stand_in else None

    def policies(self) -> list[str]:
        when = f"weekly on {WEEK[self.week_day]}" if self.week_day is not None else "daily"
        rotation = f"people: [{', '.join(self.people)}], handover: '{when} at {self.hour:02}:00', since: {self.since}"
        people = [person(name, f"from: {first}\nuntil: {last}") for name, (first, last) in self.spans.items()]
        swaps = [
            override(
                f"away-{index:03}",
                f"from: {each.start:%Y-%m-%dT%H:%M}Z\nto: {each.end:%Y-%m-%dT%H:%M}Z\naway: {each.who}"
                + (f"\ninstead: {each.instead}" if each.instead else ""),
            )
            for index, each in enumerate(self.away)
        ]
        return [roster(f"on_duty: {self.on_duty}\nrotation: {{{rotation}}}"), *people, *swaps]


@st.composite
def said(draw: st.DrawFn) -> Said:
    people = tuple(draw(st.permutations(NAMES)))[: draw(st.integers(1, 3))]
    away = []
    for _ in range(draw(st.integers(0, 4))):
        start = datetime.combine(draw(days), time(draw(st.integers(0, 23))), UTC)
        who = draw(st.sampled_from(NAMES))
        instead = draw(st.sampled_from([None, *(name for name in NAMES if name != who)]))
        away.append(Away(start, start + timedelta(hours=draw(st.integers(1, 400))), who, instead))
    spans = {name: (draw(days), draw(days)) for name in NAMES}
    return Said(
        zone=ZoneInfo(draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]))),
        people=people,
        on_duty=draw(st.integers(1, len(people))),
        week_day=draw(st.sampled_from([None, *range(7)])),
        hour=draw(st.integers(0, 23)),
        since=draw(days),
        spans={name: (min(span), max(span)) for name, span in spans.items()},
        away=tuple(away),
    )


@given(said())
@settings(max_examples=40)
def test_everybody_is_on_duty_exactly_when_looking_at_that_instant_says_so(what: Said) -> None:
    found = contract(*what.policies(), zone=what.zone.key)
    start = datetime.combine(FIRST, time(), UTC)
    end = start + timedelta(days=DAYS)
    those = duty_intervals(found, found.rosters["hotline"], start=start, end=end)
    position = 0
    for number in range(0, DAYS * 24, 5):
        instant = start + timedelta(hours=number)
        while those[position].end <= instant:
            position += 1
        assert what.at(instant) == set(those[position].people), instant.astimezone(what.zone)
