"""Devices: that a host looked keeps the promise, whatever it saw; what it saw is a finding until a look finds it ok."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from building import tree
from recorded import CLAUSE, NOW, History, assessed

from opspact.compile.build import build
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SWITCH = "device/switch"
POLICIES = (
    CLAUSE.format("C4"),
    "kind: inspection\nname: hourly\nhosts: app1\nschedule: hourly at :00\nitems: [{units: {}}]\n",
    "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n",
    (
        "kind: device\nname: switch\nclauses: [C4]\naddress: 192.0.2.10\nprobed_from: app1\n"
        "normal: [{ping: {}}, {tcp: {port: 443}}]\n"
    ),
)


@pytest.fixture
def probed(tmp_path: Path) -> Iterator[History]:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        found = History(ledger, contract, build(contract, day=date(2026, 3, 2)))
        found.applied(NOW - 30 * DAY)
        found.checked(NOW - HOUR, "app1")
        yield found


def seen(verdict: Verdict, *, item: str = "ping", subject: str = SWITCH) -> Item:
    return Item(item=item, subject=subject, verdict=verdict, message=f"{item} of {subject} is {verdict}.")


def state(history: History, what: str = "probe by daily") -> tuple[State, str]:
    (found,) = (
        each for each in assessed(history).judged if (each.obligation.policy, each.obligation.what) == (SWITCH, what)
    )
    return found.state, found.judgement.reason


def test_a_dead_device_keeps_the_promise_to_look_and_opens_a_critical_finding(probed: History) -> None:
    dead = (seen(Verdict.CRITICAL), seen(Verdict.CRITICAL, item="tcp"))
    probed.result("inspection/daily", "app1", NOW - 2 * HOUR, verdict=Verdict.CRITICAL, items=dead)
    probed.result("inspection/hourly", "app1", NOW, verdict=Verdict.CRITICAL, items=dead)
    assert state(probed) == (State.KEPT, f"ping of {SWITCH} is critical. tcp of {SWITCH} is critical.")
    assert state(probed, "probe by hourly")[0] is State.KEPT
    assert state(probed, "check")[0] is State.KEPT  # its items are in the settings of its host's inspections
    assert assessed(probed).clauses["C4"] is State.KEPT
    findings = assessed(probed).findings
    assert [(one.policy, one.item, one.verdict) for one in findings] == [
        ("inspection/hourly", f"ping {SWITCH}", Verdict.CRITICAL),
        ("inspection/hourly", f"tcp {SWITCH}", Verdict.CRITICAL),
    ]


def test_the_newest_look_at_a_device_says_how_it_is_whichever_inspection_made_it(probed: History) -> None:
    full = seen(Verdict.WARNING, item="disk", subject="/")
    dead = (full, seen(Verdict.CRITICAL), seen(Verdict.CRITICAL, item="tcp"))
    probed.result("inspection/daily", "app1", NOW - 2 * HOUR, verdict=Verdict.CRITICAL, items=dead)
    probed.result("inspection/hourly", "app1", NOW - HOUR, items=(seen(Verdict.OK), seen(Verdict.OK, item="tcp")))
    assert [one.item for one in assessed(probed).findings] == ["disk /"]
    probed.result("inspection/daily", "app1", NOW - HOUR / 2, verdict=Verdict.CRITICAL, items=dead)
    assert len(assessed(probed).findings) == 3


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ((), "the run says nothing of it"),
        ((seen(Verdict.OK, subject="device/other"),), "the run says nothing of it"),
        ((seen(Verdict.OK), seen(Verdict.UNKNOWN, item="tcp")), f"ping of {SWITCH} is ok. tcp of {SWITCH} is unknown."),
    ],
    ids=["nothing", "another device", "only one of two"],
)
def test_a_run_that_could_not_look_at_the_device_is_unknown(
    probed: History, items: tuple[Item, ...], reason: str
) -> None:
    good = (seen(Verdict.OK), seen(Verdict.OK, item="tcp"))
    probed.result("inspection/daily", "app1", NOW - 2 * DAY, items=good)
    probed.result("inspection/daily", "app1", NOW - 2 * HOUR, items=items)
    assert state(probed) == (State.UNKNOWN, reason)
    assert assessed(probed).clauses["C4"] is not State.KEPT


def test_a_run_that_failed_or_never_came_is_no_look(probed: History) -> None:
    good = (seen(Verdict.OK), seen(Verdict.OK, item="tcp"))
    probed.result("inspection/daily", "app1", NOW - 2 * DAY, items=good)
    assert state(probed)[0] is State.LATE
    probed.result("inspection/daily", "app1", NOW - 2 * HOUR, outcome=Outcome.FAILED, items=good)
    assert state(probed)[0] is State.FAILED


def test_before_the_device_is_applied_nothing_is_carried_out(tmp_path: Path) -> None:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        history = History(ledger, contract, build(contract, day=date(2026, 3, 2)))
        history.applied(NOW - 30 * DAY, "inspection/daily", "inspection/hourly")
        assert state(history)[0] is State.NOT_CARRIED_OUT
