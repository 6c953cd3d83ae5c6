"""The one judge, of what people record: due, late, kept, too few, too old."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.obligations.evidence import Evidence, Observation, Outcome, observed_day
from opspact.obligations.judge import judge
from opspact.obligations.obligation import Due, Obligation, PersonSource, Proof, Scheduled, State
from opspact.schema.values.schedules import parse_schedule
from opspact.structs import asdict, replace
from opspact.values.schedule import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)  # noon in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APPLIED = NOW - 200 * DAY


def obligation(policy: str, what: str, *, due: Due | None, source: PersonSource) -> Obligation:
    origin = Origin(policy, Place("policies/x.yaml", 1), ("B5",))
    return Obligation(origin, policy, what, Proof.RECORD, due=due, source=source)


MONTHLY = Schedule(**asdict(parse_schedule("monthly on day 20 at 15:00")))
VISIT = obligation(
    "visit/call",
    "visit record",
    due=Scheduled(MONTHLY, SHANGHAI, DAY),
    source=PersonSource("visit/call", "visit record", SHANGHAI),
)
STOCK = obligation(
    "spare/switch",
    "minimum stock",
    due=None,
    source=PersonSource("spare/switch", "stock count", SHANGHAI, minimum=2),
)


def evidence(seen: Observation) -> Evidence:
    return Evidence(APPLIED, latest=seen, proof=seen)


def test_what_a_person_owes_and_did_not_record_is_late_and_not_uncarried() -> None:
    assert judge(VISIT, Evidence(is_pending=True), NOW).state is State.NOT_CARRIED_OUT  # never applied
    found = judge(VISIT, Evidence(applied=NOW - 10 * DAY), NOW)
    due = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
    assert (found.state, found.due, found.since) == (State.LATE, due, due + DAY)
    assert found.reason == "not recorded since it was due"
    assert judge(VISIT, Evidence(applied=due - DAY), due + DAY / 2).state is State.NOT_DUE  # within its tolerance
    assert judge(VISIT, Evidence(applied=due + HOUR), NOW).state is State.NOT_DUE


@pytest.mark.parametrize(
    ("day", "state"),
    [(date(2026, 11, 19), State.LATE), (date(2026, 11, 20), State.KEPT), (date(2026, 11, 27), State.KEPT)],
    ids=["the day before", "the day itself, at whatever hour", "later"],
)
def test_a_recorded_day_counts_for_what_was_due_on_it_or_before(day: date, state: State) -> None:
    found = judge(VISIT, evidence(observed_day(day, SHANGHAI)), NOW)
    assert (found.state, found.at) == (state, datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))


def test_a_number_that_is_too_small_fails_and_one_that_is_too_old_for_the_clause_is_late() -> None:
    assert judge(STOCK, Evidence(applied=NOW - DAY), NOW).state is State.UNKNOWN
    few = observed_day(date(2026, 11, 1), SHANGHAI, Outcome.FAILED, detail="1 counted")
    found = judge(STOCK, Evidence(APPLIED, latest=few, failed=few), NOW)
    assert (found.state, found.reason) == (State.FAILED, "1 counted")
    enough = evidence(observed_day(date(2026, 11, 1), SHANGHAI))
    for limit, state in ((60 * DAY, State.KEPT), (20 * DAY, State.LATE)):
        assert judge(replace(STOCK, evidence_within=limit), enough, NOW).state is state
