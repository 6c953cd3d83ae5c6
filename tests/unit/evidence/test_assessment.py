"""From the ledger to judgements: newest results, checks, reach and texts of policies, on SQLite."""

from datetime import UTC, date, datetime, timedelta

import pytest
from building import tree
from recorded import NOW, POLICIES, History, assessed, one

from opspact.compile.build import build
from opspact.evidence.assessment import assess
from opspact.ledger.apply_events import CheckSource
from opspact.ledger.job_events import HostReach
from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve
from opspact.steps.check import Reach

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # 07:00 of that day in Shanghai


def test_without_a_ledger_nothing_is_carried_out() -> None:
    contract = resolve(tree(*POLICIES))
    found = assess(contract, build(contract, day=date(2026, 3, 2)), None, now=NOW)
    assert {each.state for each in found.judged} == {State.NOT_CARRIED_OUT}
    assert set(found.clauses.values()) == {State.NOT_CARRIED_OUT}


def test_a_copy_older_than_its_rpo_fails_its_clause_although_all_checks_are_ok(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    for host in ("app1", "app2", "backup1"):
        history.checked(NOW - HOUR, host)
    history.result("backup/nightly", "app1", NOW - 5 * DAY, copy=NOW - 5 * DAY)
    assert one(history, "backup/nightly", "copy").state is State.FAILED
    assert one(history, "backup/nightly", "check").state is State.KEPT
    assert assessed(history).clauses["D2"] is State.FAILED
    assert assessed(history).clauses["C1"] is State.KEPT


def test_archives_that_vanished_on_the_server_fail_a_young_copy_of_that_client_alone(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 2 * HOUR, copy=NOW - 2 * HOUR)
    vanished = Item(
        item="repository",
        subject="app1/daily",
        verdict=Verdict.CRITICAL,
        message="1 archive vanished: nightly-1",
        facts={"client": "app1", "repository": "daily"},
    )
    other = Item(item="repository", verdict=Verdict.CRITICAL, message="app9 lost one", facts={"client": "app9"})
    history.result("prune/daily", "backup1", NOW - HOUR, verdict=Verdict.CRITICAL, items=(other,))
    assert one(history, "backup/nightly", "copy").state is State.KEPT
    history.result("prune/daily", "backup1", NOW - HOUR / 2, verdict=Verdict.CRITICAL, items=(vanished, other))
    found = one(history, "backup/nightly", "copy")
    assert (found.state, found.judgement.reason) == (State.FAILED, "1 archive vanished: nightly-1")
    history.result("prune/daily", "backup1", NOW - HOUR / 4)
    assert one(history, "backup/nightly", "copy").state is State.KEPT


def repository(verdict: Verdict, problem: str, **facts: object) -> Item:
    """What a server's job says of app1's repository."""
    given = {"client": "app1", "repository": "daily", "problem": problem, **facts}
    return Item(item="repository", subject="app1/daily", verdict=verdict, message=problem or "late", facts=given)


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        (Outcome.SKIPPED, {"items": (repository(Verdict.WARNING, "busy"),)}),
        (Outcome.FAILED, {"items": (repository(Verdict.UNKNOWN, "error"),)}),
        (Outcome.FAILED, {"died": True}),
        (Outcome.FAILED, {"damaged": "it is not JSON"}),
    ],
    ids=["busy", "error", "died", "damaged"],
)
def test_a_job_of_the_server_that_could_not_look_takes_nothing_back(
    history: History, outcome: Outcome, more: dict[str, object]
) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 2 * HOUR, copy=NOW - 2 * HOUR)
    vanished = repository(Verdict.CRITICAL, "vanished")
    history.result("prune/daily", "backup1", NOW - HOUR, outcome=Outcome.FAILED, items=(vanished,))
    history.result("prune/daily", "backup1", NOW - HOUR / 2, outcome=outcome, **more)  # type: ignore[arg-type]  # some of them
    found = one(history, "backup/nightly", "copy")
    assert (found.state, found.judgement.reason) == (State.FAILED, "vanished")
    history.result("prune/daily", "backup1", NOW - HOUR / 4, items=(repository(Verdict.OK, ""),))
    assert one(history, "backup/nightly", "copy").state is State.KEPT


def test_a_sound_repository_with_an_old_copy_of_another_backup_says_nothing_against(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 2 * HOUR, copy=NOW - 2 * HOUR)  # its copy is daily-1
    for newest, state in (("daily-1", State.KEPT), ("daily-0", State.FAILED)):
        late = repository(Verdict.CRITICAL, "", copies={"nightly": {"name": newest}, "other": {"name": "other-0"}})
        history.result("prune/daily", "backup1", NOW - HOUR, verdict=Verdict.CRITICAL, items=(late,))
        assert one(history, "backup/nightly", "copy").state is state
    history.result("backup/nightly", "app1", NOW - HOUR / 2, copy=NOW - HOUR / 2)  # after the server looked
    assert one(history, "backup/nightly", "copy").state is State.KEPT


@pytest.mark.parametrize(
    ("looked", "newest", "state"),
    [
        (NOW - HOUR, None, State.FAILED),
        (NOW - HOUR, {"name": "daily-0", "started": "2026-03-01T17:00:00Z"}, State.FAILED),
        (NOW - HOUR, {"name": "daily-1", "started": "2026-03-02T02:00:00Z"}, State.KEPT),
        (NOW - HOUR, {"name": "daily-2", "started": "2026-03-02T02:30:00Z"}, State.KEPT),  # not collected yet
        (NOW - HOUR, {"name": "daily-0", "started": "yesterday"}, State.FAILED),
        (NOW - 2 * HOUR + timedelta(seconds=10), None, State.KEPT),  # the run that made it was not over
        (NOW - 3 * HOUR, None, State.KEPT),
    ],
    ids=["none", "an older one", "this one", "a newer one", "no instant", "during the run", "before the run"],
)
def test_a_copy_that_the_server_should_have_and_has_not_is_failed_whatever_it_thinks_of_that(
    history: History, looked: datetime, *, newest: object, state: State
) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 2 * HOUR, copy=NOW - 2 * HOUR)  # its copy is daily-1
    for verdict in (Verdict.OK, Verdict.WARNING):
        item = repository(verdict, "", copies={"nightly": newest})
        history.result("prune/daily", "backup1", looked, verdict=verdict, items=(item,))
        assert one(history, "backup/nightly", "copy").state is state
    reason = one(history, "backup/nightly", "copy").judgement.reason
    assert ("daily-1 is not in repository" in reason) == (state is State.FAILED)


def test_an_older_copy_that_a_failed_run_still_claims_is_looked_for_too(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    failed = {"outcome": Outcome.FAILED, "copy": NOW - 20 * HOUR}
    history.result("backup/nightly", "app1", NOW - HOUR / 2, **failed)  # type: ignore[arg-type]  # some of them
    missing = repository(Verdict.WARNING, "", copies={"nightly": None})
    history.result("prune/daily", "backup1", NOW - HOUR, verdict=Verdict.WARNING, items=(missing,))
    assert one(history, "backup/nightly", "copy").state is State.FAILED


def test_an_old_copy_is_named_however_many_runs_failed_since(history: History) -> None:
    history.applied(NOW - 300 * DAY)
    history.result("backup/nightly", "app1", NOW - 5 * DAY, copy=NOW - 5 * DAY)
    for ago in (4, 3, 2, 1):
        history.result("backup/nightly", "app1", NOW - ago * DAY - 3 * HOUR, outcome=Outcome.FAILED, message="no route")
    found = one(history, "backup/nightly", "copy")
    assert (found.state, found.judgement.at) == (State.FAILED, NOW - 5 * DAY)
    assert found.judgement.since == NOW - 5 * DAY + 26 * HOUR


def test_a_check_of_the_repository_that_found_damage_fails_the_copies_and_is_kept_itself(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 2 * HOUR, copy=NOW - 2 * HOUR)
    damage = Item(item="repository", verdict=Verdict.CRITICAL, message="checksum differs", facts={"client": "app1"})
    history.result("check/nightly", "backup1", NOW - HOUR, verdict=Verdict.CRITICAL, items=(damage,))
    assert one(history, "backup/nightly", "copy").state is State.FAILED
    assert one(history, "backup/nightly", "repository check", subject="repository/backup1/daily").state is State.KEPT


PRUNED = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # 06:30 of that day in Shanghai, before which archives are compared


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ({}, State.KEPT),
        ({"outcome": Outcome.FAILED, "verdict": Verdict.CRITICAL}, State.FAILED),
        ({"outcome": Outcome.FAILED, "died": True}, State.UNKNOWN),
        ({"outcome": Outcome.SKIPPED}, State.LATE),
        (None, State.LATE),
    ],
    ids=["done", "failed", "died", "skipped", "never ran"],
)
def test_the_daily_comparison_of_archives_is_owed_as_every_job_is(
    history: History, how: dict[str, object] | None, state: State
) -> None:
    history.applied(NOW - 30 * DAY)
    if how is not None:
        history.result("prune/daily", "backup1", PRUNED, **how)  # type: ignore[arg-type]  # some fields of it
    owed = ("backup/nightly", "repository pruning")
    found = one(history, *owed, subject="repository/backup1/daily", now=PRUNED + 7 * HOUR)
    assert found.state is state


@pytest.mark.parametrize(("ago", "state"), [(91 * DAY, State.NOT_DUE), (93 * DAY, State.LATE)])
def test_a_restore_test_nobody_recorded_is_late_from_92_days_after_the_first_apply(
    history: History, ago: timedelta, state: State
) -> None:
    history.applied(NOW - ago, digest="0" * 64)  # another text: the first apply counts all the same
    history.applied(NOW - DAY)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (state, NOW - ago + 92 * DAY)


def test_an_inspection_that_saw_a_full_disk_is_kept_and_the_disk_is_an_open_finding(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    disk = Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used")
    fine = Item(item="memory", verdict=Verdict.OK, message="40 % used")
    for host in ("app1", "app2"):
        history.result("inspection/daily", host, DUE, verdict=Verdict.CRITICAL, items=(disk, fine))
    assert one(history, "inspection/daily", "inspection").state is State.KEPT
    found = assessed(history).findings
    assert [(each.host, each.item, each.verdict) for each in found] == [
        ("app1", "disk /", Verdict.CRITICAL),
        ("app2", "disk /", Verdict.CRITICAL),
    ]
    history.result("inspection/daily", "app1", DUE + HOUR, items=(fine,))
    assert [each.host for each in assessed(history).findings] == ["app2"]


@pytest.mark.parametrize("how", [{"died": True}, {"damaged": "it is not JSON"}, {"outcome": Outcome.SKIPPED}], ids=str)
def test_a_finding_stays_open_until_an_inspection_that_was_made_clears_it(
    history: History, how: dict[str, object]
) -> None:
    history.applied(NOW - 30 * DAY)
    disk = Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used")
    history.result("inspection/daily", "app1", DUE, verdict=Verdict.CRITICAL, items=(disk,))
    history.result("inspection/daily", "app1", DUE + HOUR, **({"outcome": Outcome.FAILED} | how))  # type: ignore[arg-type]  # some of them
    assert [each.item for each in assessed(history).findings] == ["disk /"]


def test_what_the_contract_no_longer_inspects_has_no_open_findings(history: History) -> None:
    disk = Item(item="disk", subject="/", verdict=Verdict.CRITICAL, message="95 % used")
    history.result("inspection/daily", "gone1", DUE, verdict=Verdict.CRITICAL, items=(disk,))
    history.result("inspection/dropped", "app1", DUE, verdict=Verdict.CRITICAL, items=(disk,))
    found = assessed(history)
    assert (found.findings, found.inspections) == ((), ())


def test_an_inspection_that_did_not_run_is_late_from_its_due_time_plus_tolerance(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE - DAY)
    late = DUE + timedelta(minutes=15)
    assert one(history, "inspection/daily", "inspection", now=late - timedelta(seconds=1)).state is State.KEPT
    found = one(history, "inspection/daily", "inspection", now=late)
    assert (found.state, found.judgement.since) == (State.LATE, late)


@pytest.mark.parametrize("how", [{"died": True}, {"damaged": "it is not JSON"}])
def test_a_program_that_died_and_a_damaged_result_are_unknown(history: History, how: dict[str, object]) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE - DAY)
    history.result("inspection/daily", "app1", DUE, outcome=Outcome.FAILED, verdict=Verdict.UNKNOWN, **how)  # type: ignore[arg-type]  # one field of it
    assert one(history, "inspection/daily", "inspection").state is State.UNKNOWN
    assert assessed(history).clauses["D5"] is not State.KEPT


def test_a_host_not_reached_is_unknown_until_it_answers_again(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE - DAY)
    history.unreachable(DUE - HOUR, "app1")
    assert one(history, "inspection/daily", "inspection").state is State.UNKNOWN
    history.checked(DUE + HOUR, "app1", reach=Reach.DOWN)
    assert one(history, "inspection/daily", "inspection").state is State.UNKNOWN
    assert one(history, "service/web", "check").state is State.UNKNOWN
    history.checked(DUE + 2 * HOUR, "app1")
    assert one(history, "inspection/daily", "inspection").state is State.LATE
    assert one(history, "service/web", "check").state is State.KEPT


def states(history: History, *hosts: str) -> set[State]:
    """How everything stands that some hosts are to prove."""
    subjects = {*(f"host/{host}" for host in hosts), *(f"repository/{host}/daily" for host in hosts)}
    return {each.state for each in assessed(history).judged if each.obligation.subject in subjects}


def test_a_host_that_never_answered_is_unknown_in_a_new_ledger_too_until_it_answers(history: History) -> None:
    assert states(history, "app1", "app2", "backup1") == {State.NOT_CARRIED_OUT}
    history.unreachable(NOW - 3 * HOUR, "app1")  # collect
    history.checked(NOW - 2 * HOUR, "app2", reach=Reach.DOWN)  # verify
    history.checked(NOW - 2 * HOUR, "backup1", reach=Reach.DOWN, source=CheckSource.APPLY)
    assert states(history, "app1", "app2", "backup1") == {State.UNKNOWN}
    assert "Connection timed out" in one(history, "backup/nightly", "copy").judgement.reason
    history.checked(NOW - HOUR, "app1")
    assert one(history, "backup/nightly", "restore test").state is State.UNKNOWN  # the server makes it
    history.checked(NOW - HOUR, "backup1")
    assert states(history, "app1") == {State.KEPT, State.NOT_CARRIED_OUT}
    history.checked(NOW - HOUR, "app2", reach=Reach.BUSY, source=CheckSource.APPLY)  # it answers
    assert states(history, "app2") == {State.NOT_CARRIED_OUT}


def test_an_apply_that_failed_is_not_forgotten_when_the_next_one_does_not_reach_the_host(history: History) -> None:
    history.checked(NOW - 2 * HOUR, "app1", failed="service/web", source=CheckSource.APPLY)
    assert one(history, "service/web", "check").state is State.FAILED
    history.checked(NOW - HOUR, "app1", reach=Reach.DOWN, source=CheckSource.APPLY)
    history.checked(NOW - HOUR / 2, "app1", failed="service/web")
    assert one(history, "service/web", "check").state is State.FAILED


def test_a_host_is_silent_since_it_was_first_asked_in_vain_and_not_since_before_it_answered(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE - DAY)
    history.unreachable(DUE - 20 * DAY, "app1")
    history.checked(DUE - DAY, "app1")
    history.checked(DUE + HOUR, "app1", reach=Reach.DOWN)  # it was late before that
    assert one(history, "inspection/daily", "inspection").state is State.LATE
    history.checked(DUE + 2 * HOUR, "app1")
    history.result("inspection/daily", "app1", DUE + 2 * HOUR)
    for hours in (3, 30, 40):
        history.checked(DUE + hours * HOUR, "app1", reach=Reach.DOWN)
    found = one(history, "inspection/daily", "inspection", now=DUE + 41 * HOUR)
    assert (found.state, found.judgement.since) == (State.UNKNOWN, DUE + 3 * HOUR)


def test_checks_that_are_too_old_are_unknown_where_the_host_fell_silent_before(history: History) -> None:
    history.applied(NOW - 60 * DAY)
    history.checked(NOW - 40 * DAY, "app1")
    assert one(history, "service/web", "check").state is State.LATE
    history.unreachable(NOW - 20 * DAY, "app1")
    assert one(history, "service/web", "check", now=NOW - 10 * DAY).state is State.KEPT
    assert one(history, "service/web", "check").state is State.UNKNOWN


@pytest.mark.parametrize("reach", [Reach.DOWN, Reach.BUSY])
def test_a_check_that_failed_or_is_late_stays_so_when_the_host_is_not_reached(history: History, reach: Reach) -> None:
    history.applied(NOW - 60 * DAY)
    history.checked(NOW - 40 * DAY, "app1")
    history.checked(NOW - 2 * HOUR, "app2", failed="service/web")
    for host, source in (("app1", CheckSource.VERIFY), ("app2", CheckSource.APPLY)):
        history.checked(NOW - HOUR, host, reach=reach, source=source)
    assert one(history, "service/web", "check").state is State.LATE
    assert one(history, "service/web", "check", subject="host/app2").state is State.FAILED
    history.checked(NOW - HOUR / 2, "app2")
    assert one(history, "service/web", "check", subject="host/app2").state is State.KEPT


def test_a_host_that_another_opspact_has_locked_is_not_unreachable(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.checked(NOW - 2 * HOUR, "app1")
    history.checked(NOW - HOUR, "app1", reach=Reach.BUSY)
    assert one(history, "service/web", "check").state is State.KEPT
    history.checked(NOW - HOUR / 2, "app1", reach=Reach.DOWN)
    assert one(history, "service/web", "check").state is State.UNKNOWN
    history.record(HostReach("app1", Reach.REACHED), NOW - HOUR / 3)  # a collect
    assert one(history, "service/web", "check").state is State.KEPT


def test_an_inspection_that_failed_stays_so_until_one_is_made_whatever_died_since(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE - DAY, outcome=Outcome.FAILED, message="no space left")
    for began in (DUE, DUE + HOUR):
        history.result("inspection/daily", "app1", began, outcome=Outcome.FAILED, verdict=Verdict.UNKNOWN, died=True)
    found = one(history, "inspection/daily", "inspection")
    assert (found.state, found.judgement.reason) == (State.FAILED, "no space left")
    history.result("inspection/daily", "app1", DUE + 2 * HOUR)
    assert one(history, "inspection/daily", "inspection").state is State.KEPT


def test_a_device_that_nobody_probes_is_not_carried_out_and_neither_is_its_clause(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    found = one(history, "device/switch", "probe", subject="device/switch")
    assert found.state is State.NOT_CARRIED_OUT
    assert found.judgement.reason
    assert assessed(history).clauses["D9"] is State.NOT_CARRIED_OUT


def test_evidence_of_an_earlier_text_is_said_to_be_so(history: History) -> None:
    history.applied(NOW - 30 * DAY, digest="0" * 64)
    history.result("inspection/daily", "app1", DUE)
    assert one(history, "inspection/daily", "inspection").judgement.is_outdated  # today's text was never applied
    history.applied(DUE + HOUR)
    assert one(history, "inspection/daily", "inspection").judgement.is_outdated
    history.result("inspection/daily", "app1", DUE + 2 * HOUR)
    assert not one(history, "inspection/daily", "inspection").judgement.is_outdated


def test_one_failed_step_fails_its_policy_alone(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.checked(NOW - HOUR, "app1", failed="service/web")
    assert one(history, "service/web", "check").state is State.FAILED
    assert one(history, "inspection/daily", "check").state is State.KEPT


def test_the_copy_counts_even_when_the_newest_run_failed(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    run = NOW - 3 * HOUR
    history.result("backup/nightly", "app1", run - DAY, copy=run - DAY)
    history.result("backup/nightly", "app1", run, outcome=Outcome.FAILED, message="no space left")
    assert one(history, "backup/nightly", "copy").state is State.FAILED  # 27 hours old
    assert one(history, "backup/nightly", "copy", now=NOW - 2 * HOUR).state is State.KEPT


def test_skipped_runs_are_no_attempts(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE)
    history.result("inspection/daily", "app1", DUE + HOUR, outcome=Outcome.SKIPPED, verdict=Verdict.UNKNOWN)
    assert one(history, "inspection/daily", "inspection").state is State.KEPT


def test_a_clause_is_as_good_as_its_worst_obligation_and_figures_count_each_state(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.checked(NOW - HOUR, "app1")
    found = assessed(history)
    assert found.clauses["D4"] is State.NOT_CARRIED_OUT  # no policy names it
    assert found.clauses["D5"] is State.LATE
    assert sum(found.count().values()) == len(found.judged)
    assert found.count()[State.LATE] >= 2
