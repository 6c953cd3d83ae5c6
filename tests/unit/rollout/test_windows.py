"""Windows at an instant: what may be changed then, why not, and when next."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.model.policies.window import Window
from opspact.model.time.occurrences import is_due_on
from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.resolve.contract import resolve
from opspact.rollout.windows import ClosedHosts, closed_hosts, hosts_to_change, opening, refuse_closed
from opspact.steps.package import Package

HEAD = """\
kind: contract
name: office
customer: {{zh: 甲, en: Customer}}
provider: {{zh: 乙, en: Provider}}
period: 2026-01-01..2026-12-31
zone: {zone}
language: en
"""
INVENTORY = b"all: {hosts: {app1: {}}, children: {db: {hosts: {db1: {}, db2: {}}}}}\n"
NIGHT = "kind: window\nname: night\ntype: maintenance\nhosts: db\nwhen: {schedule: daily at 01:00, for: 6h}\n"
MONTH_END = (
    "kind: window\nname: month-end\ntype: blackout\nhosts: db\n"
    "when: {schedule: monthly on last day at 18:00, for: 14h}\n"
)
FESTIVAL = "kind: window\nname: festival\ntype: blackout\nhosts: app1\nwhen: {days: 2026-02-15..2026-02-23}\n"


def contract(*windows: str, zone: str = "Asia/Shanghai") -> Contract:
    text = "---\n".join([HEAD.format(zone=zone), *windows])
    return resolve({"policies/all.yaml": text.encode(), "inventory/hosts.yaml": INVENTORY})


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_a_host_without_windows_may_be_changed_at_any_time() -> None:
    now = at("2026-03-31T20:00")
    assert closed_hosts(contract(NIGHT, MONTH_END), ["app1"], now) == ()
    assert opening(contract(NIGHT, MONTH_END), ["app1"], now) == now


def test_a_host_with_maintenance_windows_is_changed_in_them_only() -> None:
    said = contract(NIGHT)
    assert closed_hosts(said, ["db1", "db2"], at("2026-03-10T03:00")) == ()
    assert closed_hosts(said, ["db1", "app1", "db2"], at("2026-03-10T12:00")) == (
        ClosedHosts(
            ("db1", "db2"), ("night",), is_outside=True, until=None, opens=at("2026-03-11T01:00"), zone="Asia/Shanghai"
        ),
    )


@pytest.mark.parametrize(
    ("when", "is_open"), [("00:59:59", False), ("01:00", True), ("06:59:59", True), ("07:00", False)]
)
def test_spells_are_half_open(when: str, is_open: bool) -> None:
    assert (closed_hosts(contract(NIGHT), ["db1"], at(f"2026-03-10T{when}")) == ()) is is_open


def test_a_blackout_counts_for_more_than_a_maintenance_window() -> None:
    said = contract(NIGHT, MONTH_END)
    (closed,) = closed_hosts(said, ["db1"], at("2026-04-01T02:00"))
    assert (closed.windows, closed.is_outside, closed.until) == (("month-end",), False, at("2026-04-01T08:00"))
    assert closed.opens == at("2026-04-02T01:00"), "the night of the first is in the blackout"


def test_a_host_under_a_new_name_is_in_every_window() -> None:
    said = contract(NIGHT, MONTH_END)
    (outside,) = closed_hosts(said, ["db9", "app1"], at("2026-03-10T12:00"))
    assert (outside.hosts, outside.windows, outside.is_outside) == (("db9",), ("night",), True)
    (closed,) = closed_hosts(said, ["db9"], at("2026-04-01T02:00"))
    assert closed.windows == ("month-end",)
    assert closed_hosts(said, ["db9"], at("2026-03-10T03:00")) == ()


def test_a_blackout_that_allows_changes_forbids_none() -> None:
    assert closed_hosts(contract(f"{FESTIVAL}allows: [apply]\n"), ["app1"], at("2026-02-20T12:00")) == ()
    (closed,) = closed_hosts(contract(f"{FESTIVAL}allows: [backup]\n"), ["app1"], at("2026-02-20T12:00"))
    assert (closed.until, closed.opens) == (at("2026-02-24T00:00"), at("2026-02-24T00:00"))


def test_a_guard_period_is_a_blackout() -> None:
    guard = "kind: window\nname: guard\ntype: guard\nhosts: app1\ndays: 2026-03-04..2026-03-13\n"
    (closed,) = closed_hosts(contract(guard), ["app1"], at("2026-03-05T12:00"))
    assert (closed.windows, closed.until) == (("guard",), at("2026-03-14T00:00"))


def test_blackouts_that_follow_each_other_end_with_the_last_one() -> None:
    hours = "kind: window\nname: hours\ntype: blackout\nhosts: app1\nwhen: {schedule: hourly at :15, for: 1h}\n"
    shorter = hours.replace("for: 1h", "for: 50m")
    assert closed_hosts(contract(hours), ["app1"], at("2026-02-20T12:00"))[0].until is None
    assert closed_hosts(contract(shorter), ["app1"], at("2026-02-20T12:00"))[0].until == at("2026-02-20T12:05")
    assert opening(contract(hours), ["app1"], at("2026-02-20T12:00")) is None


def test_a_maintenance_window_that_is_over_for_good_leaves_no_time() -> None:
    once = "kind: window\nname: once\ntype: maintenance\nhosts: app1\nwhen: {days: 2026-03-01..2026-03-01}\n"
    assert opening(contract(once), ["app1"], at("2026-02-20T12:00")) == at("2026-03-01T00:00")
    assert opening(contract(once), ["app1"], at("2026-03-02T00:00")) is None
    with pytest.raises(Refused) as refused:
        refuse_closed(contract(once), ["app1"], at("2026-03-02T00:00"))
    assert "at no time within two years" in refused.value.hint


def test_hosts_with_different_windows_can_be_changed_together_when_all_are_open() -> None:
    other = NIGHT.replace("night", "late").replace("hosts: db", "hosts: app1").replace("01:00", "05:00")
    assert opening(contract(NIGHT, other), ["app1", "db1"], at("2026-03-10T12:00")) == at("2026-03-11T05:00")


def test_the_refusal_names_hosts_windows_the_next_time_and_what_can_be_done_now() -> None:
    said = contract(NIGHT, FESTIVAL)
    with pytest.raises(Refused) as refused:
        refuse_closed(said, ["app1", "db1"], at("2026-03-10T12:00"))
    assert "db1: outside maintenance window night" in str(refused.value)
    assert "2026-03-11T01:00+08:00" in refused.value.hint
    assert "'all:!db1'" in refused.value.hint
    with pytest.raises(Refused) as refused:
        refuse_closed(said, ["db1"], at("2026-03-10T12:00"))
    assert "--limit" not in refused.value.hint
    refuse_closed(said, ["app1"], at("2026-03-10T12:00"))


def test_only_what_apply_acts_on_is_a_host_to_change() -> None:
    step = Package(name="nginx")
    hosts = [HostPlan(action.value, (Change(action, step),)) for action in Action]
    plan = Plan("", "", "", live=True, hosts=(*hosts, HostPlan("note", manifest="missing")))
    assert hosts_to_change(plan) == ("add", "change", "remove")


def test_clock_changes_move_what_does_not_exist_and_keep_lengths() -> None:
    """In Berlin 02:30 does not exist on 29 March 2026, and comes twice on 25 October."""
    zone = "Europe/Berlin"
    night = NIGHT.replace("01:00, for: 6h", "02:30, for: 1h").replace("hosts: db", "hosts: app1")
    said = contract(night, zone=zone)
    gap = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 on the wall
    assert opening(said, ["app1"], gap - timedelta(hours=1)) == gap
    assert opening(said, ["app1"], gap + timedelta(hours=1)) == at("2026-03-30T02:30", zone)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first 02:30
    assert opening(said, ["app1"], first - timedelta(hours=1)) == first
    assert opening(said, ["app1"], first + timedelta(hours=1)) == at("2026-10-26T02:30", zone)


def spells(window: Window, zone: ZoneInfo, first: date, *, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times of a window that begin on some days: worked out by the clock on the wall, day by day."""
    if window.days:
        yield tuple(  # type: ignore[misc]  # two of them
            datetime.combine(day, time(), zone).astimezone(UTC)
            for day in (window.days.first, window.days.last + timedelta(days=1))
        )
    for number in range(days if window.schedule else 0):
        day = first + timedelta(days=number)
        assert window.schedule is not None
        assert window.length is not None
        if is_due_on(window.schedule, day):
            for hour in window.schedule.hours:
                for minute in window.schedule.minutes:
                    begin = datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
                    yield begin, begin + timedelta(seconds=window.length.seconds)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_random_windows_are_open_when_the_clock_on_the_wall_says_so(zone: str) -> None:
    chance = random.Random(zone)
    schedules = ["daily at {h}:{m}", "weekly on sunday at {h}:{m}", "monthly on last day at {h}:{m}", "hourly at :{m}"]
    for _ in range(6):
        windows = []
        for number in range(chance.randint(1, 3)):
            kind = chance.choice(["blackout", "maintenance"])
            when = chance.choice(schedules).format(h=f"{chance.randint(0, 23):02}", m=f"{chance.choice([0, 30]):02}")
            length = chance.choice(["20m", "50m"] if "hourly" in when else ["20m", "3h", "23h", "3 days"])
            text = f"{{schedule: {when!r}, for: {length}}}".replace("'", '"')
            windows.append(f"kind: window\nname: w{number}\ntype: {kind}\nhosts: app1\nwhen: {text}\n")
        said = contract(*windows, zone=zone)
        around = chance.choice(
            [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4), date(2026, 11, 1)]
        )
        taken = {it.name: list(spells(it, ZoneInfo(zone), around - timedelta(days=40), days=60)) for it in said.windows}

        def is_open(
            instant: datetime, of: Contract = said, times: dict[str, list[tuple[datetime, datetime]]] = taken
        ) -> bool:
            inside = {it: any(start <= instant < end for start, end in times[it.name]) for it in of.windows}
            maintenance = [found for it, found in inside.items() if not it.blackout]
            dark = any(found for it, found in inside.items() if it.blackout)
            return not dark and (not maintenance or any(maintenance))

        start = datetime.combine(around, time(), ZoneInfo(zone)).astimezone(UTC) - timedelta(days=1)
        for quarter in range(0, 3 * 96, 11):
            instant = start + timedelta(minutes=15 * quarter)
            assert (not closed_hosts(said, ["app1"], instant)) is is_open(instant), (windows, instant)
        opens = opening(said, ["app1"], start)
        later = (start + timedelta(minutes=5 * step) for step in range(12 * 24 * 8))
        expected = next((instant for instant in later if is_open(instant)), None)
        if expected is not None:
            assert opens == expected, windows
        else:
            assert opens is None or opens >= start + timedelta(days=8), windows
