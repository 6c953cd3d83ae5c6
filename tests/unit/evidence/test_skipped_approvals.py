"""Changes that did not wait for an approval: the review that is owed after each."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from ledgers import context
from recorded import CLAUSE, History, one

from opspact.compile.approval import REVIEW
from opspact.compile.build import build
from opspact.errors import Refused
from opspact.evidence.record_request import RecordRequest, requested_record
from opspact.ledger.approval_events import ApprovalSkipped
from opspact.ledger.store import open_ledger
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 3, 2)
POLICY = "approval/change"
PERSON = "kind: person\nname: {}\nteams: [{}]\nfrom: 2026-01-01\n"
POLICIES = (
    CLAUSE.format("A9"),
    PERSON.format("li-na", "customer"),
    PERSON.format("he-jing", "customer"),
    PERSON.format("zhang-wei", "operations"),
    (
        "kind: approval\nname: change\nclauses: [A9]\nneeds: {role: customer}\nfor: [apply]\n"
        "emergency: {review_within: 24h}\n"
    ),
)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        made = History(ledger, contract, build(contract, day=TODAY))
        made.applied(NOW - 500 * HOUR)
        yield made


def state(history: History, now: datetime = NOW) -> State:
    return one(history, POLICY, REVIEW, subject=POLICY, now=now).state


def skipped(history: History, at: datetime, person: str = "li-na", *, run: str = "apply-1") -> None:
    event = ApprovalSkipped(POLICY, run, "9a" * 32, person, ("he-jing",), ("app1",), "disk full")
    history.record(event, at)


def reviewed(history: History, at: datetime, person: str) -> None:
    request = RecordRequest(POLICY, person, at.date())
    event = requested_record(history.contract, history.ledger, request, today=at.date())
    history.ledger.record(event, context=context(at, contract=history.contract.name))


def test_a_change_without_its_approval_is_reviewed_in_time_by_somebody_else(history: History) -> None:
    assert state(history) is not State.LATE
    skipped(history, NOW - 10 * HOUR)
    assert state(history) is State.NOT_DUE
    assert state(history, NOW + 15 * HOUR) is State.LATE
    reviewed(history, NOW, "li-na")  # who acted
    assert state(history, NOW + 15 * HOUR) is State.LATE
    reviewed(history, NOW + HOUR, "he-jing")
    assert state(history, NOW + 15 * HOUR) is State.KEPT


def test_each_of_them_is(history: History) -> None:
    skipped(history, NOW - 30 * HOUR)
    reviewed(history, NOW - 20 * HOUR, "he-jing")
    skipped(history, NOW, "", run="apply-2")
    assert state(history, NOW + HOUR) is not State.LATE
    assert state(history, NOW + 25 * HOUR) is State.LATE


def test_a_review_by_somebody_who_does_not_approve_is_refused(history: History) -> None:
    skipped(history, NOW - HOUR)
    with pytest.raises(Refused, match="zhang-wei does not approve for customer"):
        reviewed(history, NOW, "zhang-wei")
