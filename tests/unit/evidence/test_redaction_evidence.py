"""Redactions judged: by their sample lines as they stand in the ledger, and by what hosts left unmasked."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from recorded import CLAUSE, History, one

from opspact.compile.build import build
from opspact.evidence.redaction_check import check_redactions
from opspact.ledger.context import Context
from opspact.ledger.job_events import HostReach
from opspact.ledger.redaction_events import RedactionChecked
from opspact.ledger.store import open_ledger
from opspact.obligations.obligation import State
from opspact.onhost.redaction import Redactor
from opspact.resolve.contract import resolve
from opspact.steps.check import Reach
from opspact.workspace.workspace import redactor

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
REDACTION = "kind: redaction\nname: pins\nclauses: [H1]\npatterns: ['(?i)pin=\\d{{4,12}}']\nhides: [{}]\n"
INSPECTION = "kind: inspection\nname: daily\nhosts: web\nschedule: daily at 07:00\nitems: [{units: {}}]\n"
OWED = ("redaction/pins", "redaction check")


def history_of(folder: Path, hides: str = "it was PIN=123456, pin=0000") -> Iterator[History]:
    contract = resolve(tree(CLAUSE.format("H1"), REDACTION.format(hides), INSPECTION))
    with open_ledger(folder / "ledger.sqlite") as ledger:
        yield History(ledger, contract, build(contract, day=NOW.date()))


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    yield from history_of(tmp_path)


def state(history: History, now: datetime = NOW) -> State:
    return one(history, *OWED, subject="redaction/pins", now=now).state


def check(history: History, *said: str, at: datetime = NOW, by: Redactor | None = None) -> None:
    """Check the redactions after a command that recorded something.

    Masked by what the contract says, or by what a broken opspact would mask by.
    """
    before = history.ledger.head().sequence
    history.record(HostReach("app1", Reach.DOWN, " ".join(said)), at)
    context = Context(at=at, actor="ci", contract=history.contract.name, redactor=by or redactor(history.contract))
    check_redactions(history.contract, history.ledger, context, after=before)


def test_it_is_unknown_until_it_is_checked_kept_then_and_late_when_nobody_checks(history: History) -> None:
    assert state(history) is State.NOT_CARRIED_OUT
    history.applied(NOW - DAY)
    assert state(history) is State.UNKNOWN
    check(history)
    found = one(history, *OWED, subject="redaction/pins", now=NOW)
    assert (found.state, found.judgement.reason) == (State.KEPT, "2 sample lines masked")
    assert state(history, NOW + 30 * DAY) is State.KEPT
    assert state(history, NOW + 32 * DAY) is State.LATE
    (checked,) = history.ledger.read(RedactionChecked, contract=history.contract.name)
    assert checked.event.planted == ("it was [redacted]", "[redacted]")


def test_a_line_that_stands_unmasked_in_the_ledger_fails_it_until_it_is_masked_again(history: History) -> None:
    history.applied(NOW - 3 * DAY)
    check(history, at=NOW - 2 * DAY)
    check(history, at=NOW - DAY, by=Redactor())
    found = one(history, *OWED, subject="redaction/pins", now=NOW)
    assert (found.state, "line 1 and 2 under hides" in found.judgement.reason) == (State.FAILED, True)
    check(history)
    assert state(history) is State.KEPT


def test_a_line_in_another_event_of_the_same_command_fails_it(history: History) -> None:
    history.applied(NOW - DAY)
    check(history, "it was PIN=123456")
    assert state(history) is State.FAILED
    check(history)
    assert state(history) is State.KEPT


def test_a_command_that_recorded_nothing_checks_nothing(history: History) -> None:
    history.applied(NOW - DAY)
    context = Context(at=NOW, actor="ci", contract=history.contract.name)
    check_redactions(history.contract, history.ledger, context, after=history.ledger.head().sequence)
    assert list(history.ledger.read(RedactionChecked, contract=history.contract.name)) == []


def test_other_sample_lines_than_those_that_were_checked_prove_nothing(history: History, tmp_path: Path) -> None:
    history.applied(NOW - DAY)
    check(history)
    (other,) = history_of(tmp_path, "pin=9999")
    assert state(History(history.ledger, other.contract, other.work)) is State.UNKNOWN


def test_a_result_that_a_host_kept_unmasked_fails_it_until_the_next_result(history: History) -> None:
    history.applied(NOW - 2 * DAY)
    check(history)
    history.result("inspection/daily", "web1", NOW - DAY, facts={"unmasked": True})
    found = one(history, *OWED, subject="redaction/pins", now=NOW)
    assert (found.state, "web1" in found.judgement.reason) == (State.FAILED, True)
    history.result("inspection/daily", "web1", NOW)
    assert state(history) is State.KEPT
