"""Emergency access: from the ledger to judgements, and what each grant came to."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import tree
from recorded import CLAUSE, History, one

from opspact.compile.build import build
from opspact.compile.emergency_access import REVIEW, emergency_access_obligations
from opspact.evidence.emergency_grants import Grant
from opspact.evidence.ledger_evidence import LedgerEvidence
from opspact.ledger.access_events import AccessGranted, AccessOutcome, AccessReported
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.store import open_ledger
from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 3, 2)
POLICY, JOB = "access/db", "emergency_access/db"
POLICIES = (
    CLAUSE.format("A9"),
    "kind: person\nname: li-na\nteams: [operations]\nfrom: 2026-01-01\n",
    "kind: person\nname: wang-fang\nteams: []\nfrom: 2026-01-01\n",
    (
        "kind: access\nname: db\nclauses: [A9]\nhosts: web\npeople: {team: operations}\n"
        "emergency: {at_most: 4h, review_within: 24h}\n"
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


def granted(history: History, at: datetime, hosts: tuple[str, ...] = ("app1",)) -> None:
    event = AccessGranted("g1", POLICY, "li-na", "em-li-na", hosts, at + 2 * HOUR, "disk full")
    history.record(event, at)


def reported(history: History, at: datetime, outcome: AccessOutcome, *, host: str = "app1") -> None:
    history.record(AccessReported("g1", POLICY, host, outcome), at)


def ended(history: History, began: datetime, host: str = "app1", *, grant: str = "g1", closed: bool = True) -> None:
    facts = {"grant": grant, "account": "em-li-na", "by": "root", "reason": "r", "used": "yes", "closed": closed}
    verdict = Verdict.OK if closed else Verdict.CRITICAL
    item = Item(item="grant", subject="person/li-na", verdict=verdict, message="it was used", facts=facts)
    outcome = Outcome.DONE if closed else Outcome.FAILED
    history.result(JOB, host, began, outcome=outcome, verdict=verdict, items=(item,))


def reviewed(history: History, at: datetime, person: str = "wang-fang") -> None:
    history.record(PersonRecorded(POLICY, REVIEW, person, at.date()), at)


def grants(history: History) -> tuple[Grant, ...]:
    evidence = LedgerEvidence(history.contract, history.work, history.ledger)
    (owed,) = emergency_access_obligations(history.contract)
    return evidence.grants(owed)


def test_a_grant_that_is_over_is_to_be_reviewed_by_somebody_else(history: History) -> None:
    assert state(history) is State.KEPT  # nothing was granted
    granted(history, NOW - 50 * HOUR)
    reported(history, NOW - 50 * HOUR, AccessOutcome.OPENED)
    assert state(history, NOW - 49 * HOUR) is State.KEPT  # it is open
    ended(history, NOW - 48 * HOUR)
    assert (state(history, NOW - 40 * HOUR), state(history)) == (State.NOT_DUE, State.LATE)
    reviewed(history, NOW - 10 * HOUR, "li-na")
    assert state(history) is State.LATE  # her own review counts for nothing
    reviewed(history, NOW - 9 * HOUR)
    assert state(history) is State.KEPT
    (found,) = grants(history)
    assert (found.reviewer, found.ends["app1"].used, found.by) == ("wang-fang", "yes", "li-na")


def test_a_review_before_the_end_is_no_review_of_it(history: History) -> None:
    granted(history, NOW - 50 * HOUR)
    reviewed(history, NOW - 49 * HOUR)
    ended(history, NOW - 48 * HOUR)
    assert state(history) is State.LATE


def test_an_end_that_is_not_collected_is_unknown_and_a_host_that_did_not_open_it_owes_none(history: History) -> None:
    granted(history, NOW - 10 * HOUR, ("app1", "app2"))
    reported(history, NOW - 10 * HOUR, AccessOutcome.UNKNOWN)
    reported(history, NOW - 10 * HOUR, AccessOutcome.UNKNOWN, host="app2")
    assert (state(history, NOW - 8 * HOUR), state(history)) == (State.KEPT, State.UNKNOWN)
    ended(history, NOW - 8 * HOUR)
    assert (state(history), grants(history)[0].missing) == (State.UNKNOWN, ("app2",))
    reported(history, NOW - HOUR, AccessOutcome.NOT_OPENED, host="app2")
    assert (state(history), [*grants(history)[0].not_opened]) == (State.NOT_DUE, ["app2"])


def test_what_could_not_be_closed_is_failed_until_it_is(history: History) -> None:
    granted(history, NOW - 5 * HOUR)
    ended(history, NOW - 3 * HOUR, closed=False)
    assert state(history) is State.FAILED
    ended(history, NOW - 2 * HOUR)
    assert state(history) is State.NOT_DUE


def test_what_root_granted_on_the_host_itself_is_to_be_reviewed_too(history: History) -> None:
    ended(history, NOW - 30 * HOUR, grant="console")
    assert (state(history), [(it.grant, it.person, it.by) for it in grants(history)]) == (
        State.LATE,
        [("console", "li-na", "root")],
    )
