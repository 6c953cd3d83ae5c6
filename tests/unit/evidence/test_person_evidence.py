"""What people record: from the ledger to judgements, and what is refused before it is recorded."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import backup, tree
from recorded import CLAUSE, History, one

from opspact.compile.build import build
from opspact.errors import Refused
from opspact.evidence.record_request import LONGEST_NOTE, RecordRequest, recorded_policies, requested_record
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.store import open_ledger
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 3, 2)
VISIT = "kind: visit\nname: call\nclauses: [A8]\nschedule: monthly on day 20 at 15:00\nby: wang-fang\n"
REVIEW = (
    "kind: review\nname: call\nclauses: [A8]\nschedule: monthly on day 1 at 10:00\nled_by: operations\n"
    "inputs: [cases]\nrecord_within: 5 days\n"
)
PEOPLE = (
    "kind: person\nname: wang-fang\nteams: [operations]\naccount: wangf\nfrom: 2026-01-01\nuntil: 2026-12-31\n",
    "kind: person\nname: li-na\nteams: [operations]\nfrom: 2026-02-10\n",
)
SPARE = (
    "kind: spare\nname: switch\nclauses: [A8]\nfor: {device: core}\nwhere: {en: store}\nowner: wang-fang\nminimum: 2\n"
    "ready_within: 4h\nchecked: monthly on day 10 at 10:00\n"
)
DEVICE = "kind: device\nname: core\n"
POLICIES = (CLAUSE.format("A8").replace("31 days", "92 days"), VISIT, REVIEW, SPARE, DEVICE, *PEOPLE)
OWED = ("visit/call", "visit record")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    contract = resolve(tree(*POLICIES))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        yield History(ledger, contract, build(contract, day=TODAY))


def state(history: History, now: datetime = NOW) -> State:
    return one(history, *OWED, subject="visit/call", now=now).state


def test_a_visit_is_due_from_its_first_apply_late_without_a_record_and_kept_with_one(history: History) -> None:
    assert state(history) is State.NOT_CARRIED_OUT
    history.applied(NOW - 60 * DAY)
    assert state(history, NOW - 20 * DAY) is State.LATE  # since 21 January
    history.done(*OWED, date(2026, 2, 20), at=NOW - DAY)
    found = one(history, *OWED, subject="visit/call")
    assert (found.state, found.judgement.reason) == (State.KEPT, "recorded by wang-fang")
    assert state(history, NOW + 19 * DAY) is State.KEPT  # of 20 March, within its tolerance
    assert state(history, NOW + 30 * DAY) is State.LATE


def test_the_newest_record_counts_whatever_its_day(history: History) -> None:
    history.applied(NOW - 60 * DAY)
    history.done(*OWED, date(2026, 2, 20), at=NOW - DAY)
    history.done(*OWED, date(2026, 2, 10), at=NOW)  # a correction
    assert state(history) is State.LATE


def test_another_record_of_the_same_policy_says_nothing(history: History) -> None:
    history.applied(NOW - 60 * DAY)
    history.done("visit/call", "something else", date(2026, 2, 20), at=NOW - DAY)
    assert state(history) is State.LATE


def test_a_schedule_that_was_edited_counts_from_its_apply(history: History) -> None:
    history.applied(NOW - 60 * DAY)
    history.done(*OWED, date(2026, 2, 20), at=NOW - 10 * DAY)
    texts = (text.replace("monthly on day 20 at 15:00", "weekly on wednesday at 15:00") for text in POLICIES)
    weekly = resolve(tree(*texts))
    edited = History(history.ledger, weekly, build(weekly, day=TODAY))
    found = one(edited, *OWED, subject="visit/call")
    assert (found.state, found.judgement.is_pending) == (State.KEPT, True)  # by the schedule that is in effect
    edited.applied(NOW - DAY)
    assert state(edited) is State.KEPT  # no Wednesday since
    assert state(edited, NOW + 5 * DAY) is State.LATE


def test_a_count_is_kept_whatever_was_counted_and_too_few_fail_the_minimum(history: History) -> None:
    count, minimum = "stock count", "minimum stock"

    def found(what: str, now: datetime = NOW) -> tuple[State, str]:
        judged = one(history, "spare/switch", what, subject="spare/switch", now=now)
        return judged.state, judged.judgement.reason

    history.applied(NOW - 60 * DAY)
    assert (found(count)[0], found(minimum)[0]) == (State.LATE, State.UNKNOWN)
    history.done("spare/switch", count, date(2026, 3, 1), at=NOW - DAY, found=1)
    assert found(count) == (State.KEPT, "1 counted by wang-fang")
    assert found(minimum) == (State.FAILED, "1 counted by wang-fang, at least 2 required")
    history.done("spare/switch", count, date(2026, 3, 1), at=NOW, found=2)
    assert (found(count)[0], found(minimum)[0]) == (State.KEPT, State.KEPT)
    assert (found(count, NOW + 30 * DAY)[0], found(minimum, NOW + 30 * DAY)[0]) == (State.LATE, State.KEPT)
    assert found(minimum, NOW + 100 * DAY)[0] is State.LATE  # older than the clause allows


def test_a_count_without_a_number_is_unknown(history: History) -> None:
    history.applied(NOW - 60 * DAY)
    history.done("spare/switch", "stock count", date(2026, 3, 1), at=NOW - DAY)
    assert one(history, "spare/switch", "stock count", subject="spare/switch").state is State.UNKNOWN


def test_an_escrow_is_late_until_its_holder_has_checked_it(history: History) -> None:
    escrow = "escrow: {where: {en: safe}, holder: wang-fang, checked: quarterly on day 10 at 10:00}"
    text = backup("daily", fields=f"clauses: [A8]\npassphrase: secret:vault:borg\n{escrow}")
    escrowed = resolve(tree(*POLICIES, text))
    kept = History(history.ledger, escrowed, build(escrowed, day=TODAY))
    owed = ("backup/daily", "escrow check")
    kept.applied(NOW - 60 * DAY)
    assert one(kept, *owed, subject="backup/daily").state is State.LATE  # since 10 January
    assert "backup/daily" in recorded_policies(escrowed)
    asked = request(policy="backup/daily", note="opened repository daily with the copy")
    kept.done(*owed, requested_record(escrowed, kept.ledger, asked, today=TODAY).day, at=NOW - DAY)
    assert one(kept, *owed, subject="backup/daily").state is State.KEPT
    assert one(kept, *owed, subject="backup/daily", now=NOW + 60 * DAY).state is State.LATE  # since 10 April


def request(**fields: object) -> RecordRequest:
    given: dict[str, object] = {"policy": "visit/call", "person": "wang-fang", "day": date(2026, 2, 20), **fields}
    return RecordRequest(**given)  # type: ignore[arg-type]  # fields of the tests below, by name


def test_a_person_is_named_by_name_or_account(history: History) -> None:
    for person in ("wang-fang", "wangf"):
        found = requested_record(history.contract, history.ledger, request(person=person, note=" ok "), today=TODAY)
        assert found == PersonRecorded("visit/call", "visit record", "wang-fang", date(2026, 2, 20), note="ok")


def test_people_record_visits_reviews_and_stock_counts(history: History) -> None:
    assert recorded_policies(history.contract) == ("review/call", "spare/switch", "visit/call")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"policy": "call"}, "2 policies"),
        ({"policy": "visit/cal"}, "unknown policy"),
        ({"policy": "person/li-na"}, "nothing of person/li-na"),
        ({"day": date(2026, 3, 3)}, "in the future"),
        ({"person": "nobody"}, "no person"),
        ({"person": "li-na", "day": date(2026, 2, 9)}, "was not with the contract"),
        ({"found": 3}, "nothing is counted"),
        ({"policy": "spare/switch"}, "how many were counted"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, "characters"),
        ({"corrects": True, "note": "x"}, "nothing is recorded"),
    ],
)
def test_what_cannot_be_is_refused(history: History, fields: dict[str, object], said: str) -> None:
    with pytest.raises(Refused, match=said):
        requested_record(history.contract, history.ledger, request(**fields), today=TODAY)


def test_a_day_before_the_newest_record_must_correct_it_with_a_note(history: History) -> None:
    history.done(*OWED, date(2026, 3, 1), at=NOW - DAY)
    for fields in ({}, {"note": "x"}, {"corrects": True}, {"corrects": True, "note": " "}):
        with pytest.raises(Refused, match="2026-03-01"):
            requested_record(history.contract, history.ledger, request(**fields), today=TODAY)
    found = requested_record(history.contract, history.ledger, request(corrects=True, note="wrong day"), today=TODAY)
    assert found.day == date(2026, 2, 20)
    later = request(day=TODAY)
    assert requested_record(history.contract, history.ledger, later, today=TODAY).day == TODAY
