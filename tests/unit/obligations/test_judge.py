"""The one judge: the answers that point 1 of its decision page promises, and their neighbours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.obligations.evidence import Evidence, Observation, Outcome, Unreachable
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import (
    CheckSource,
    JobSource,
    Obligation,
    Proof,
    RecordSource,
    Scheduled,
    State,
    Within,
    worst,
)
from opspact.obligations.schedule_history import AppliedSchedule
from opspact.schema.values.schedules import parse_schedule
from opspact.structs import asdict
from opspact.values.schedule import Schedule

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 28, 4, 0, tzinfo=UTC)  # noon in Shanghai
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE_TODAY = datetime(2026, 11, 27, 23, 30, tzinfo=UTC)  # 07:30 in Shanghai on the 28th
APPLIED = NOW - 200 * DAY


def schedule_of(text: str) -> Schedule:
    return Schedule(**asdict(parse_schedule(text)))


def owed(policy: str = "backup/daily", **fields: object) -> Obligation:
    given: dict[str, object] = {
        "origin": Origin(policy, Place("policies/x.yaml", 1), ("D2",)),
        "subject": "host/app1",
        "what": "copy",
        "proof": Proof.RESULT,
        "due": Within(26 * HOUR, State.FAILED),
        "source": JobSource("backup/daily", "app1", of_copy=True),
    }
    return Obligation(**(given | fields))  # type: ignore[arg-type]  # fields of the tests below, by name


INSPECTION = owed(
    "inspection/daily-servers",
    what="inspection",
    due=Scheduled(schedule_of("daily at 07:30"), SHANGHAI, timedelta(minutes=15)),
    source=JobSource("inspection/daily-servers", "app1"),
)
DRILL = owed(
    what="restore test",
    proof=Proof.DRILL,
    due=Within(92 * DAY, State.LATE),
    source=JobSource("drill/daily", "app1"),
)
CHECK = owed(what="check", proof=Proof.CHECK, due=Within(31 * DAY, State.LATE), source=CheckSource("x/y", "app1"))


def seen(ago: timedelta, outcome: Outcome = Outcome.DONE, detail: str = "", *, outdated: bool = False) -> Observation:
    return Observation(NOW - ago, NOW - ago, outcome, detail, is_outdated=outdated)


def evidence(*attempts: Observation, **more: object) -> Evidence:
    newest_first = sorted(attempts, key=lambda one: one.began, reverse=True)
    proof = next((one for one in newest_first if one.outcome is Outcome.DONE), None)
    return Evidence(applied=APPLIED, latest=next(iter(newest_first), None), proof=proof, **more)  # type: ignore[arg-type]


def test_a_copy_older_than_the_rpo_has_failed_although_every_check_is_ok() -> None:
    found = judge(owed(), evidence(seen(5 * DAY)), NOW)
    assert (found.state, found.since, found.due) == (State.FAILED, NOW - 5 * DAY + 26 * HOUR, NOW - 5 * DAY + 26 * HOUR)
    assert found.at == NOW - 5 * DAY


def test_a_copy_within_the_rpo_is_kept_until_the_rpo_ends() -> None:
    kept = judge(owed(), evidence(seen(2 * HOUR)), NOW)
    assert (kept.state, kept.due) == (State.KEPT, NOW + 24 * HOUR)
    assert judge(owed(), evidence(seen(26 * HOUR)), NOW).state is State.KEPT
    assert judge(owed(), evidence(seen(26 * HOUR + timedelta(microseconds=1))), NOW).state is State.FAILED


def test_a_young_copy_that_the_server_no_longer_has_has_failed() -> None:
    found = judge(owed(), evidence(seen(2 * HOUR), against=("archive daily-1 vanished",)), NOW)
    assert (found.state, found.reason) == (State.FAILED, "archive daily-1 vanished")


def test_a_failed_run_takes_nothing_from_an_older_copy_that_is_young_enough() -> None:
    both = evidence(seen(20 * HOUR), seen(1 * HOUR, Outcome.FAILED))
    assert judge(owed(), both, NOW).state is State.KEPT


@pytest.mark.parametrize(("applied_ago", "state"), [(92 * DAY, State.NOT_DUE), (92 * DAY + HOUR, State.LATE)])
def test_a_restore_test_that_was_never_recorded_is_late_from_its_time_after_the_first_apply(
    applied_ago: timedelta, state: State
) -> None:
    found = judge(DRILL, Evidence(applied=NOW - applied_ago), NOW)
    assert found.state is state
    assert found.due == NOW - applied_ago + 92 * DAY


def test_a_restore_test_that_failed_is_not_hidden_by_an_older_one_that_went_well() -> None:
    both = evidence(seen(30 * DAY), seen(1 * DAY, Outcome.FAILED, "checksum differs"))
    found = judge(DRILL, both, NOW)
    assert (found.state, found.reason) == (State.FAILED, "checksum differs")


def test_an_inspection_that_was_made_is_kept_whatever_it_saw() -> None:
    made = Observation(DUE_TODAY, DUE_TODAY + timedelta(seconds=20), Outcome.DONE, "1 critical")
    found = judge(INSPECTION, evidence(made), NOW)
    assert (found.state, found.at) == (State.KEPT, made.at)
    tomorrow = DUE_TODAY + DAY
    assert (found.due, found.deadline, found.next_due) == (tomorrow, tomorrow + INSPECTION.due.tolerance, tomorrow)  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (DUE_TODAY + timedelta(minutes=15) - timedelta(microseconds=1), State.KEPT),
        (DUE_TODAY + timedelta(minutes=15), State.LATE),
    ],
)
def test_an_inspection_that_did_not_run_is_late_from_its_due_time_plus_tolerance(now: datetime, state: State) -> None:
    yesterday = Observation(DUE_TODAY - DAY, DUE_TODAY - DAY, Outcome.DONE)
    found = judge(INSPECTION, Evidence(applied=APPLIED, latest=yesterday, proof=yesterday), now)
    assert found.state is state
    if state is State.LATE:
        assert (found.due, found.since) == (DUE_TODAY, DUE_TODAY + timedelta(minutes=15))


def test_a_run_by_hand_before_it_was_due_does_not_stand_for_the_one_that_is_missing() -> None:
    assert judge(INSPECTION, evidence(seen(NOW - DUE_TODAY + HOUR)), NOW).state is State.LATE


def test_a_run_that_died_after_one_that_went_well_leaves_the_day_kept() -> None:
    both = evidence(Observation(DUE_TODAY, DUE_TODAY, Outcome.DONE), seen(HOUR, Outcome.UNKNOWN))
    assert judge(INSPECTION, both, NOW).state is State.KEPT


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.UNKNOWN, State.UNKNOWN), (Outcome.FAILED, State.FAILED)])
def test_a_program_that_died_or_a_damaged_result_is_unknown_and_a_failure_is_failed(
    outcome: Outcome, state: State
) -> None:
    found = judge(INSPECTION, evidence(seen(2 * DAY), Observation(DUE_TODAY, DUE_TODAY, outcome, "why")), NOW)
    assert (found.state, found.reason) == (state, "why")


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.UNKNOWN, State.UNKNOWN), (Outcome.FAILED, State.FAILED)])
def test_a_run_that_failed_when_it_was_due_counts_before_its_tolerance_is_over(outcome: Outcome, state: State) -> None:
    both = evidence(
        Observation(DUE_TODAY - DAY, DUE_TODAY - DAY, Outcome.DONE), Observation(DUE_TODAY, DUE_TODAY, outcome, "why")
    )
    found = judge(INSPECTION, both, DUE_TODAY + timedelta(minutes=1))
    assert (found.state, found.reason) == (state, "why")
    again = evidence(both.latest or seen(DAY), Observation(DUE_TODAY + HOUR / 12, DUE_TODAY + HOUR / 12, Outcome.DONE))
    assert judge(INSPECTION, again, DUE_TODAY + HOUR / 6).state is State.KEPT


def test_a_host_that_was_not_reached_is_unknown_never_kept_or_late() -> None:
    silent = Unreachable(DUE_TODAY - HOUR, "connection timed out")
    found = judge(INSPECTION, evidence(seen(2 * DAY), unreachable=silent), NOW)
    assert found.state is State.UNKNOWN
    assert found.reason == "connection timed out"
    copy = judge(owed(), evidence(seen(3 * DAY), unreachable=Unreachable(NOW - 2 * DAY, "down")), NOW)
    assert copy.state is State.UNKNOWN


def test_what_was_late_before_the_host_fell_silent_stays_late() -> None:
    silent = Unreachable(NOW - HOUR, "down")
    assert judge(INSPECTION, evidence(seen(2 * DAY), unreachable=silent), NOW).state is State.LATE
    assert judge(owed(), evidence(seen(5 * DAY), unreachable=silent), NOW).state is State.FAILED


def test_a_host_that_never_answered_a_check_is_unknown() -> None:
    found = judge(CHECK, evidence(unreachable=Unreachable(NOW - HOUR, "access denied")), NOW)
    assert (found.state, found.reason) == (State.UNKNOWN, "access denied")


@pytest.mark.parametrize("proof", list(Proof))
def test_what_nothing_carries_out_is_not_carried_out_whatever_is_known(proof: Proof) -> None:
    found = judge(owed(source=None, reason="no host runs it", proof=proof), evidence(seen(HOUR)), NOW)
    assert (found.state, found.reason) == (State.NOT_CARRIED_OUT, "no host runs it")


def test_what_nothing_carries_out_still_says_when_it_is_due_next() -> None:
    visit = owed(source=None, due=Scheduled(schedule_of("quarterly on day 15 at 10:00"), SHANGHAI, DAY))
    assert judge(visit, Evidence(), NOW).next_due == datetime(2027, 1, 15, 2, tzinfo=UTC)


@pytest.mark.parametrize("obligation", [INSPECTION, DRILL, CHECK, owed()], ids=lambda each: each.what)
def test_a_policy_that_was_never_applied_is_not_carried_out(obligation: Obligation) -> None:
    found = judge(obligation, Evidence(), NOW)
    assert (found.state, found.due, found.next_due) == (State.NOT_CARRIED_OUT, None, None)


@pytest.mark.parametrize("obligation", [INSPECTION, DRILL, CHECK, owed()], ids=lambda each: each.what)
def test_what_was_never_applied_to_a_host_that_is_unreachable_is_unknown(obligation: Obligation) -> None:
    found = judge(obligation, Evidence(unreachable=Unreachable(NOW - HOUR, "no route"), is_pending=True), NOW)
    assert (found.state, found.since, found.due, found.next_due) == (State.UNKNOWN, NOW - HOUR, None, None)
    assert "no route" in found.reason
    assert found.is_pending


def test_before_its_first_due_time_a_schedule_is_not_due() -> None:
    found = judge(INSPECTION, Evidence(applied=DUE_TODAY + HOUR), NOW)
    assert (found.state, found.due) == (State.NOT_DUE, DUE_TODAY + DAY)


def test_what_has_just_become_due_is_not_due_until_its_tolerance_ends_which_lies_ahead() -> None:
    applied, now = DUE_TODAY - HOUR, DUE_TODAY + timedelta(minutes=5)
    found = judge(INSPECTION, Evidence(applied=applied), now)
    assert (found.state, found.due, found.next_due) == (State.NOT_DUE, DUE_TODAY, DUE_TODAY + DAY)
    assert found.deadline == DUE_TODAY + timedelta(minutes=15)
    before = judge(INSPECTION, Evidence(applied=applied), DUE_TODAY - timedelta(minutes=5))
    assert (before.state, before.due) == (State.NOT_DUE, DUE_TODAY)
    assert before.reason != found.reason
    late = judge(INSPECTION, Evidence(applied=applied), DUE_TODAY + timedelta(minutes=15))
    assert (late.state, late.due, late.since) == (State.LATE, found.due, found.deadline)


def test_evidence_older_than_the_clause_allows_is_late() -> None:
    monthly = owed(due=Scheduled(schedule_of("quarterly on day 1 at 02:00"), SHANGHAI, DAY), evidence_within=31 * DAY)
    found = judge(monthly, evidence(seen(45 * DAY)), NOW)
    assert (found.state, found.due) == (State.LATE, NOW - 14 * DAY)
    assert judge(monthly, evidence(seen(30 * DAY)), NOW).state is State.KEPT


def test_what_its_clauses_allow_less_time_for_is_due_when_that_ends() -> None:
    drill = owed(what="restore test", due=Within(92 * DAY, State.LATE), source=DRILL.source, evidence_within=31 * DAY)
    found = judge(drill, evidence(seen(30 * DAY)), NOW)
    assert (found.state, found.due, found.next_due) == (State.KEPT, NOW + DAY, NOW + DAY)
    assert found.deadline == found.due


def test_what_was_due_and_was_not_done_yet_is_kept_until_its_tolerance_ends() -> None:
    weekly = owed(
        due=Scheduled(schedule_of("weekly on saturday at 10:00"), SHANGHAI, 6 * HOUR),
        source=JobSource("backup/daily", "app1"),
        evidence_within=92 * DAY,
    )
    due = NOW - 2 * HOUR  # 10:00 on Saturday in Shanghai
    found = judge(weekly, evidence(seen(7 * DAY)), NOW)
    assert (found.state, found.due, found.deadline, found.next_due) == (
        State.KEPT,
        due,
        due + 6 * HOUR,
        due + 7 * DAY,
    )
    done = judge(weekly, evidence(seen(7 * DAY), seen(HOUR)), NOW)
    assert (done.state, done.due, done.deadline) == (State.KEPT, due + 7 * DAY, due + 7 * DAY + 6 * HOUR)


def test_what_was_due_several_times_within_its_tolerance_is_late_by_the_first() -> None:
    hourly = owed(
        due=Scheduled(schedule_of("hourly at :00"), SHANGHAI, 6 * HOUR), source=JobSource("backup/daily", "app1")
    )
    found = judge(hourly, evidence(seen(150 * timedelta(minutes=1))), NOW)
    assert (found.state, found.due, found.deadline) == (State.KEPT, NOW - 2 * HOUR, NOW + 4 * HOUR)
    assert judge(hourly, evidence(seen(150 * timedelta(minutes=1))), NOW + 4 * HOUR).state is State.LATE


@pytest.mark.parametrize("due", [None, Scheduled(schedule_of("quarterly on day 1 at 02:00"), SHANGHAI, DAY)])
def test_what_is_kept_stops_being_so_when_its_evidence_is_too_old(due: Scheduled | None) -> None:
    kept = owed(due=due, evidence_within=45 * DAY)
    found = judge(kept, evidence(seen(45 * DAY - 5 * HOUR)), NOW)
    assert (found.state, found.due) == (State.KEPT, NOW + 5 * HOUR)
    assert found.due == found.deadline == found.next_due


def test_evidence_of_another_text_is_said_to_be_so() -> None:
    assert judge(owed(), evidence(seen(HOUR, outdated=True)), NOW).is_outdated
    assert not judge(owed(), evidence(seen(HOUR)), NOW).is_outdated


def test_a_check_that_failed_or_that_nobody_knows_is_that_at_once() -> None:
    assert judge(CHECK, evidence(seen(DAY), seen(HOUR, Outcome.FAILED)), NOW).state is State.FAILED
    assert judge(CHECK, evidence(seen(DAY), seen(HOUR, Outcome.UNKNOWN)), NOW).state is State.UNKNOWN
    assert judge(CHECK, evidence(seen(32 * DAY)), NOW).state is State.LATE
    assert judge(CHECK, evidence(), NOW).state is State.UNKNOWN


def test_a_record_in_the_policies_keeps_what_is_owed_once_and_what_came_due_since() -> None:
    record = RecordSource(date(2026, 1, 3), SHANGHAI)
    once = owed(proof=Proof.RECORD, due=None, source=record, evidence_within=366 * DAY)
    for years in range(9):
        found = judge(once, Evidence(), NOW + years * 366 * DAY)
        assert (found.state, found.due, found.deadline) == (State.KEPT, None, None), years
    yearly = Scheduled(schedule_of("monthly on day 1 at 10:00"), SHANGHAI, DAY)
    records = {date(2026, 11, 1): State.KEPT, date(2026, 11, 2): State.KEPT, date(2026, 10, 31): State.LATE}
    for day, state in records.items():
        again = owed(proof=Proof.RECORD, due=yearly, source=RecordSource(day, SHANGHAI))
        assert judge(again, Evidence(), NOW).state is state, day


def test_a_recorded_day_is_a_day_of_the_contract_s_zone_and_one_to_come_records_nothing() -> None:
    def on(day: date, now: datetime) -> Judgement:
        return judge(owed(proof=Proof.RECORD, due=None, source=RecordSource(day, SHANGHAI)), Evidence(), now)

    day = date(2026, 11, 28)
    midnight = datetime(2026, 11, 28, tzinfo=SHANGHAI)
    found = on(day, midnight)
    assert (found.state, found.at) == (State.KEPT, midnight)
    assert on(day, midnight - timedelta(seconds=1)).state is State.NOT_CARRIED_OUT
    later = Scheduled(schedule_of("monthly on day 1 at 10:00"), SHANGHAI, DAY)
    to_come = judge(owed(due=later, source=RecordSource(date(2027, 1, 1), SHANGHAI)), Evidence(), NOW)
    assert (to_come.state, to_come.next_due) == (State.NOT_CARRIED_OUT, datetime(2026, 12, 1, 2, tzinfo=UTC))


def test_an_hour_that_comes_twice_and_one_that_does_not_exist_are_judged_by_the_time_line() -> None:
    new_york = ZoneInfo("America/New_York")
    hourly = owed(due=Scheduled(schedule_of("daily at 02:30"), new_york, timedelta(minutes=15)))
    began = datetime(2026, 3, 7, 7, 30, tzinfo=UTC)  # 02:30 on the day before the clocks go forward
    made = Observation(began, began, Outcome.DONE)
    on_the_day = judge(hourly, Evidence(APPLIED, made, made), datetime(2026, 3, 8, 23, 0, tzinfo=UTC))
    assert on_the_day.state is State.KEPT  # 02:30 does not exist on 2026-03-08: systemd runs nothing
    after = judge(hourly, Evidence(APPLIED, made, made), datetime(2026, 3, 9, 6, 45, tzinfo=UTC))
    assert (after.state, after.since) == (State.LATE, datetime(2026, 3, 9, 6, 45, tzinfo=UTC))
    assert after.due == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)


def test_a_clause_is_as_good_as_its_worst_obligation() -> None:
    order = [State.FAILED, State.LATE, State.UNKNOWN, State.NOT_CARRIED_OUT, State.NOT_DUE, State.KEPT]
    for index, state in enumerate(order):
        assert worst(list(reversed(order[index:]))) is state
    assert worst([]) is State.NOT_CARRIED_OUT


def test_a_judgement_speaks_in_utc() -> None:
    found = judge(INSPECTION, evidence(), NOW.astimezone(SHANGHAI))
    assert isinstance(found, Judgement)
    assert found.due is not None
    assert found.next_due is not None
    assert (found.due.tzinfo, found.next_due.tzinfo) == (UTC, UTC)


def test_what_is_late_still_says_when_it_is_due_next() -> None:
    found = judge(INSPECTION, evidence(seen(2 * DAY)), NOW)
    assert (found.state, found.next_due) == (State.LATE, DUE_TODAY + DAY)


HOURLY = owed(
    "inspection/daily-servers",
    what="inspection",
    due=Scheduled(schedule_of("hourly at :15"), SHANGHAI, timedelta(minutes=15)),
    source=JobSource("inspection/daily-servers", "app1"),
)
BY_DAY = AppliedSchedule(APPLIED, schedule_of("daily at 07:30"), SHANGHAI)


def test_a_schedule_that_was_not_applied_yet_makes_nothing_late_and_the_one_in_effect_still_does() -> None:
    made = Observation(DUE_TODAY, DUE_TODAY, Outcome.DONE, is_outdated=True)
    edited = Evidence(APPLIED, made, made, schedules=(BY_DAY,), is_pending=True)
    found = judge(HOURLY, edited, NOW)
    assert (found.state, found.is_pending, found.next_due) == (State.KEPT, True, DUE_TODAY + DAY)
    later = judge(HOURLY, edited, DUE_TODAY + DAY + HOUR)
    assert (later.state, later.is_pending, later.due) == (State.LATE, True, DUE_TODAY + DAY)


def test_a_schedule_counts_from_when_it_was_applied_and_what_was_due_before_stays_due() -> None:
    schedule = HOURLY.due.schedule  # type: ignore[union-attr]  # it has one
    hourly = AppliedSchedule(NOW - timedelta(minutes=30), schedule, SHANGHAI)
    both = (BY_DAY, hourly)
    made = Observation(DUE_TODAY, DUE_TODAY, Outcome.DONE)
    kept = judge(HOURLY, Evidence(APPLIED, made, made, schedules=both), NOW)
    assert kept.state is State.KEPT
    late = judge(HOURLY, Evidence(APPLIED, made, made, schedules=both), NOW + timedelta(minutes=30))
    assert (late.state, late.since) == (State.LATE, NOW + timedelta(minutes=30))
    missed = Observation(DUE_TODAY - DAY, DUE_TODAY - DAY, Outcome.DONE)
    found = judge(HOURLY, Evidence(APPLIED, missed, missed, schedules=both), NOW)
    assert (found.state, found.due) == (State.LATE, DUE_TODAY)
    again = judge(HOURLY, Evidence(APPLIED, schedules=(AppliedSchedule(NOW, BY_DAY.schedule, SHANGHAI),)), NOW)
    assert (again.state, again.due) == (State.NOT_DUE, DUE_TODAY + DAY)
