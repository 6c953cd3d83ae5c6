"""What a guard period asks of an inspection is judged on its days: not before, and not as too old afterwards."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.obligations.evidence import Evidence, Observation, Outcome
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled, State
from opspact.obligations.schedule_history import AppliedSchedule
from opspact.schema.values.schedules import parse_schedule
from opspact.structs import asdict
from opspact.values.period import Period
from opspact.values.schedule import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
APPLIED = datetime(2026, 2, 1, tzinfo=UTC)
DAYS = Period(date(2026, 3, 4), date(2026, 3, 13))
HOURLY = Schedule(**asdict(parse_schedule("hourly at :15"))).on_days(DAYS)
OWED = Obligation(
    Origin("window/congress", Place("policies/x.yaml", 1), ("D5",)),
    "host/app1",
    "inspection daily-servers",
    Proof.RESULT,
    due=Scheduled(HOURLY, SHANGHAI, timedelta(minutes=15)),
    source=JobSource("inspection/daily-servers", "app1"),
    evidence_within=timedelta(days=31),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def judged(now: str, run: str | None, outcome: Outcome = Outcome.DONE) -> Judgement:
    seen = Observation(at(run), at(run), outcome) if run else None
    proof = seen if outcome is Outcome.DONE else None
    failed = seen if outcome is Outcome.FAILED else None
    schedules = (AppliedSchedule(APPLIED, HOURLY, SHANGHAI),)
    return judge(OWED, Evidence(APPLIED, seen, proof, schedules=schedules, failed=failed), at(now))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_before_the_days_no_run_proves_or_breaks_anything(outcome: Outcome) -> None:
    found = judged("2026-03-03T12:00", "2026-03-03T07:30", outcome)
    assert (found.state, found.due) == (State.NOT_DUE, at("2026-03-04T00:15"))


@pytest.mark.parametrize(
    ("now", "run", "state"),
    [
        ("2026-03-04T00:20", "2026-03-03T23:50", State.NOT_DUE),
        ("2026-03-04T00:31", "2026-03-03T23:50", State.LATE),
        ("2026-03-04T00:31", "2026-03-04T00:15", State.KEPT),
        ("2026-03-10T12:31", "2026-03-10T07:30", State.LATE),
        ("2026-03-10T12:31", "2026-03-10T12:15", State.KEPT),
        ("2026-03-13T23:31", "2026-03-13T22:15", State.LATE),
    ],
)
def test_on_the_days_every_run_of_the_denser_schedule_is_due(now: str, run: str, state: State) -> None:
    assert judged(now, run).state is state


def test_on_the_days_a_run_that_failed_is_failed() -> None:
    assert judged("2026-03-10T12:20", "2026-03-10T12:15", Outcome.FAILED).state is State.FAILED


def test_after_the_days_what_was_kept_stays_kept_and_nothing_is_due() -> None:
    found = judged("2026-09-01T12:00", "2026-03-13T23:15")
    assert (found.state, found.due, found.deadline, found.next_due) == (State.KEPT, None, None, None)


def test_after_the_days_a_last_run_that_is_missing_stays_late() -> None:
    found = judged("2026-03-14T06:00", "2026-03-13T22:15")
    assert (found.state, found.due) == (State.LATE, at("2026-03-13T23:15"))
