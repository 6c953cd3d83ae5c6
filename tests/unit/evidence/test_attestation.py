"""What an attestation says of runs that went well, badly, or nobody knows how."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ledgers import CONTRACT, context

from opspact.errors import NothingFound, Refused
from opspact.evidence.attestation import Attestation, statement
from opspact.evidence.attested_events import Attested, AttestedEvents
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, CheckSource, HostChecked, HostOutcome
from opspact.ledger.approval_events import ApprovalReceived, ApprovalSkipped
from opspact.ledger.events import AnyEvent
from opspact.ledger.run_events import RunFinished, RunOutcome
from opspact.ledger.store import Ledger, open_ledger
from opspact.plan.change import Action
from opspact.steps.check import Reach

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLAN, COMMIT = "ab" * 32, "cd" * 20
STARTED = ApplyStarted(hosts={"app1": {Action.ADD: ("file /etc/motd",)}}, run="r1")
CHECKED = HostChecked("app1", CheckSource.APPLY, "c1", planned=3, ok=3, run="r1")
FINISHED = ApplyFinished(hosts={"app1": HostOutcome(3, 3)}, is_converged=True, run="r1")
UNFINISHED = ApplyFinished({"app1": HostOutcome(3, 1, why="no space")}, is_converged=False, run="r1")
DONE = RunFinished("r1", RunOutcome.DONE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def record(ledger: Ledger, *events: AnyEvent, at: datetime = NOW, **fields: Any) -> None:
    ledger.record_all(events, context=context(at, **{"commit": COMMIT, "plan_digest": PLAN, **fields}))


def told(ledger: Ledger, attested: Attested | None = None) -> dict[str, Any]:
    attested = attested or AttestedEvents(ledger, CONTRACT).of_run("")
    whole = json.loads(statement(Attestation(NOW, "li-na", CONTRACT, ledger.head()), attested))
    assert whole["_type"] == "https://in-toto.io/Statement/v1"
    return dict(whole)


def test_a_run_that_went_well_is_about_its_plan_its_commit_and_the_ledger(ledger: Ledger) -> None:
    record(ledger, STARTED, CHECKED, FINISHED, DONE)

    whole = told(ledger)

    assert [each["digest"] for each in whole["subject"]] == [
        {"sha256": PLAN},
        {"gitCommit": COMMIT},
        {"sha256": ledger.head().hash},
    ]
    predicate = whole["predicate"]
    assert (predicate["result"], predicate["failures"], predicate["unknown"]) == ("passed", [], [])
    assert predicate["planned"][0]["hosts"] == {"app1": {"add": ["file /etc/motd"]}}
    assert predicate["applied"][0]["hosts"]["app1"] == {"steps": 3, "ok": 3, "reach": "reached", "why": ""}
    assert predicate["verified"][0]["ok"] == 3
    hashes = {str(each.sequence): each.hash for each in ledger.sealed()}
    assert predicate["events"] == hashes, "each can be found in the ledger"


def test_what_was_not_committed_is_no_subject(ledger: Ledger) -> None:
    record(ledger, STARTED, CHECKED, FINISHED, commit=f"{COMMIT}+dirty", plan_digest="")
    whole = told(ledger)
    assert [list(each["digest"]) for each in whole["subject"]] == [["sha256"]]
    assert whole["predicate"]["applied"][0]["commit"].endswith("+dirty")


@pytest.mark.parametrize(
    ("events", "result", "what"),
    [
        ([STARTED], "failed", "run r1 did not finish"),
        ([STARTED, FINISHED], "unknown", "no host was verified"),
        (
            [STARTED, CHECKED, UNFINISHED],
            "failed",
            "no space",
        ),
        (
            [STARTED, CHECKED, FINISHED, RunFinished("r1", RunOutcome.STOPPED, "ended by SIGTERM", signal=15)],
            "failed",
            "run r1 stopped: ended by SIGTERM",
        ),
        (
            [STARTED, HostChecked("app1", CheckSource.APPLY, "c1", Reach.DOWN, "no route", run="r1"), FINISHED],
            "unknown",
            "down: no route",
        ),
        (
            [STARTED, HostChecked("app1", CheckSource.APPLY, "c1", planned=1, not_ok={"f": "unknown: lost"}, run="r1")],
            "failed",
            "f: unknown: lost",
        ),
        (
            [
                STARTED,
                HostChecked("app1", CheckSource.APPLY, "c1", planned=1, not_ok={"f": "failed: other"}, run="r1"),
                FINISHED,
            ],
            "failed",
            "f: failed: other",
        ),
    ],
)
def test_what_failed_and_what_nobody_knows_is_in_it(
    ledger: Ledger, events: list[AnyEvent], *, result: str, what: str
) -> None:
    record(ledger, *events)
    predicate = told(ledger)["predicate"]
    said = [each["what"] for each in predicate["failures"] + predicate["unknown"]]
    assert (predicate["result"], what in said) == (result, True), said


def test_who_approved_it_and_what_it_did_not_wait_for_is_in_it(ledger: Ledger) -> None:
    approval = ApprovalReceived(PLAN, "wang-fang", "SHA256:x", NOW, ("customer",), "li-na", "signature")
    record(ledger, approval, ApprovalReceived("ef" * 32, "wang-fang", "SHA256:x", NOW, (), "li-na", "other plan"))
    skipped = ApprovalSkipped("approval/all", "r1", PLAN, "li-na", ("wang-fang",), ("app1",), "disk full")
    record(ledger, skipped, ApprovalSkipped("approval/all", "r2", PLAN, "li-na", (), (), "another run"))
    record(ledger, STARTED, CHECKED, FINISHED)

    predicate = told(ledger)["predicate"]

    assert [(each["event"], each["person"], each["roles"]) for each in predicate["approved"]] == [
        (1, "wang-fang", ["customer"])
    ]
    assert [(each["event"], each["reason"]) for each in predicate["approvals_skipped"]] == [(3, "disk full")]
    assert predicate["result"] == "passed"
    period = told(ledger, AttestedEvents(ledger, CONTRACT).of_period(NOW, NOW + timedelta(1)))["predicate"]
    assert (len(period["approved"]), len(period["approvals_skipped"])) == (2, 2)


def test_only_the_run_that_is_meant_is_in_it(ledger: Ledger) -> None:
    other = ApplyStarted(hosts={}, run="r2"), HostChecked("db1", CheckSource.APPLY, "c1", planned=1, ok=1, run="r2")
    record(ledger, STARTED, *other, CHECKED, FINISHED, ApplyFinished({}, is_converged=True, run="r2"))
    record(ledger, HostChecked("app1", CheckSource.VERIFY, "c1", planned=3), at=NOW + timedelta(hours=1))
    events = AttestedEvents(ledger, CONTRACT)
    assert [each.sequence for each in events.of_run("r1").events] == [1, 4, 5]
    assert [each.sequence for each in events.of_run("").events] == [2, 3, 6]
    with pytest.raises(NothingFound):
        events.of_run("r3")


def test_an_apply_that_found_nothing_to_do_is_attested(ledger: Ledger) -> None:
    record(ledger, STARTED, FINISHED, ApplyFinished({"app1": HostOutcome(3, 3)}, is_converged=True))
    assert [each.sequence for each in AttestedEvents(ledger, CONTRACT).of_run("").events] == [3]


def test_a_period_has_what_happened_in_it_and_says_what_ended_later(ledger: Ledger) -> None:
    record(ledger, CHECKED, at=NOW - timedelta(hours=1))
    record(ledger, STARTED, CHECKED)
    record(ledger, FINISHED, at=NOW + timedelta(hours=1))
    attested = AttestedEvents(ledger, CONTRACT).of_period(NOW, NOW + timedelta(hours=1))
    assert [each.sequence for each in attested.events] == [2, 3]
    predicate = told(ledger, attested)["predicate"]
    assert predicate["result"] == "unknown"
    assert predicate["unknown"][0]["what"] == "run r1 ended after the period, in event 4"


def test_a_period_without_events_or_in_wrong_order_attests_nothing(ledger: Ledger) -> None:
    events = AttestedEvents(ledger, CONTRACT)
    for wrong, error in (((NOW, NOW + timedelta(1)), NothingFound), ((NOW, NOW), Refused)):
        with pytest.raises(error):
            events.of_period(*wrong)
    with pytest.raises(NothingFound):
        events.of_run("")
