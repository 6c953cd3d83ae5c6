"""The one judge, of what is owed after each of some occasions: reviews of emergency access."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.obligations.evidence import Evidence, Occasion
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import AfterEach, Obligation, PersonSource, Proof, State

NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY, WHAT = "access/db", "review of emergency access"
OWED = Obligation(
    Origin(POLICY, Place("policies/x.yaml", 1), ("A9",)),
    POLICY,
    WHAT,
    Proof.RECORD,
    due=AfterEach(24 * HOUR, "24h"),
    source=PersonSource(POLICY, WHAT, ZoneInfo("Asia/Shanghai")),
    evidence_within=2 * 24 * HOUR,
)
DONE = Occasion("g1 of li-na", NOW - 300 * HOUR, NOW - 290 * HOUR, "reviewed by wang-fang")
UNKNOWN = Occasion("g2 of li-na", NOW - 2 * HOUR, detail="no result of its end from db1", is_unknown=True)


def over(hours: int) -> Occasion:
    return Occasion(f"g{hours} of li-na", NOW - hours * HOUR)


def judged(*occasions: Occasion, against: tuple[str, ...] = ()) -> Judgement:
    return judge(OWED, Evidence(applied=NOW - 1000 * HOUR, occasions=occasions, against=against), NOW)


def test_where_nothing_was_granted_nothing_is_owed_and_reviews_do_not_age() -> None:
    assert judge(OWED, Evidence(is_pending=True), NOW).state is State.NOT_CARRIED_OUT
    assert (judged().state, judged().at) == (State.KEPT, None)
    assert (judged(DONE).state, judged(DONE).reason, judged(DONE).at) == (State.KEPT, DONE.detail, DONE.done)


def test_a_review_is_owed_within_its_time_and_late_afterwards() -> None:
    waits = judged(DONE, over(23))
    assert (waits.state, waits.due) == (State.NOT_DUE, NOW + HOUR)
    late = judged(over(30), over(25), over(2))
    assert (late.state, late.since) == (State.LATE, NOW - 6 * HOUR)
    assert "g30 of li-na and 1 more" in late.reason


def test_an_end_that_nobody_knows_is_unknown_unless_something_is_overdue() -> None:
    assert (judged(UNKNOWN, over(2)).state, judged(UNKNOWN, DONE).state) == (State.UNKNOWN, State.UNKNOWN)
    assert "no result of its end from db1" in judged(UNKNOWN).reason
    assert judged(UNKNOWN, over(30)).state is State.LATE


def test_what_could_not_be_closed_is_failed_whatever_was_reviewed() -> None:
    found = judged(DONE, against=("on db1: it could not be closed",))
    assert (found.state, found.reason) == (State.FAILED, "on db1: it could not be closed")
