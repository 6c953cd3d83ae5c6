"""From when on something is owed: policies, texts and schedules count on each host from their own apply there."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from building import INVENTORY, tree
from recorded import NOW, POLICIES, History, one

from opspact.compile.build import build
from opspact.compile.obligations import obligations
from opspact.compile.policy_steps import hosts_by_policy
from opspact.ledger.apply_events import CheckSource
from opspact.model.result import Item, Outcome, Verdict
from opspact.obligations.obligation import CheckSource as CheckedHost
from opspact.obligations.obligation import JobSource, State
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.structs import replace

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # 07:00 of that day in Shanghai


def test_a_host_that_joins_an_old_policy_owes_from_its_own_first_apply(history: History) -> None:
    history.applied(NOW - 300 * DAY, hosts=("app2", "backup1"))
    history.checked(NOW - HOUR, "app1")
    for what in ("backup run", "copy", "restore test"):
        assert one(history, "backup/nightly", what).state is State.NOT_CARRIED_OUT
    assert one(history, "inspection/daily", "inspection").state is State.NOT_CARRIED_OUT
    assert one(history, "inspection/daily", "inspection", subject="host/app2").state is State.LATE
    joined = NOW - HOUR
    history.applied(joined, hosts=("app1",))
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.NOT_DUE, joined + 92 * DAY)
    for policy, what in (("backup/nightly", "backup run"), ("inspection/daily", "inspection")):
        assert one(history, policy, what).state is State.NOT_DUE
    found = one(history, "backup/nightly", "copy")
    assert (found.state, found.judgement.due) == (State.NOT_DUE, joined + 26 * HOUR)
    assert one(history, "backup/nightly", "copy", now=joined + 27 * HOUR).state is State.FAILED


def edited(history: History, old: str, new: str, *more: str) -> History:
    """The same contract with another text of its policies and with more of them, and the same ledger."""
    contract = resolve(tree(*(text.replace(old, new) for text in POLICIES), *more))
    return History(history.ledger, contract, build(contract, day=date(2026, 3, 2)), history.numbers)


def test_an_edited_schedule_counts_on_each_host_from_its_apply_there(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    for host in ("app1", "app2"):
        history.result("inspection/daily", host, DUE)
    hourly = edited(history, "schedule: daily at 07:00", "schedule: hourly at :15")
    found = one(hourly, "inspection/daily", "inspection")
    assert (found.state, found.judgement.is_pending) == (State.KEPT, True)
    assert one(hourly, "inspection/daily", "inspection", now=DUE + DAY + HOUR).state is State.LATE  # by the old one
    hourly.applied(NOW - HOUR / 2, hosts=("app1",))
    found = one(hourly, "inspection/daily", "inspection")
    assert (found.state, found.judgement.is_pending, found.judgement.is_outdated) == (State.KEPT, False, True)
    assert one(hourly, "inspection/daily", "inspection", now=NOW + HOUR).state is State.LATE
    found = one(hourly, "inspection/daily", "inspection", subject="host/app2", now=NOW + HOUR)
    assert (found.state, found.judgement.is_pending) == (State.KEPT, True)


def test_another_zone_of_the_contract_counts_from_its_apply(history: History) -> None:
    owed = ("inspection/daily", "inspection")
    history.applied(NOW - 30 * DAY)
    history.result("inspection/daily", "app1", DUE)
    contract = replace(history.contract, zone="UTC")  # 07:00 is eight hours later
    moved = History(history.ledger, contract, build(contract, day=date(2026, 3, 2)), history.numbers)
    found = one(moved, *owed, now=DUE + 9 * HOUR)
    assert (found.state, found.judgement.is_pending) == (State.KEPT, True)
    assert one(moved, *owed, now=DUE + DAY + HOUR).state is State.LATE
    moved.applied(DUE + HOUR)
    found = one(moved, *owed, now=DUE + 9 * HOUR)
    assert (found.state, found.judgement.is_pending) == (State.LATE, False)
    assert not one(moved, *owed, now=DUE + 2 * HOUR).judgement.is_outdated  # its text is the same


def test_what_a_later_text_adds_is_owed_from_then_on(history: History) -> None:
    without = edited(history, "drill: {within: 92 days}", "")
    without.applied(NOW - 300 * DAY)
    assert one(history, "backup/nightly", "restore test").state is State.NOT_CARRIED_OUT
    history.applied(NOW - DAY)
    found = one(history, "backup/nightly", "restore test")
    assert (found.state, found.judgement.due) == (State.NOT_DUE, NOW - DAY + 92 * DAY)
    assert one(history, "backup/nightly", "copy").state is State.FAILED  # that was owed all the time


def test_a_policy_that_left_a_host_and_came_back_is_owed_from_its_return_on(history: History) -> None:
    history.applied(NOW - 300 * DAY)
    for job in ("inspection/daily", "backup/nightly"):
        history.result(job, "app1", NOW - 60 * DAY, copy=NOW - 60 * DAY if "backup" in job else None)
    history.checked(NOW - 60 * DAY, "app1", failed="backup/nightly")
    owed = [
        ("inspection/daily", "inspection"),
        *(("backup/nightly", it) for it in ("backup run", "copy", "restore test")),
    ]
    for policy in ("inspection/daily", "backup/nightly"):
        history.removed(NOW - 50 * DAY, policy, "app1")
    assert {one(history, *each).state for each in owed} == {State.NOT_CARRIED_OUT}
    assert one(history, "inspection/daily", "inspection", subject="host/app2").state is State.LATE
    back = NOW - HOUR
    history.applied(back, "inspection/daily", "backup/nightly", hosts=("app1",))
    assert {one(history, *each).state for each in owed} == {State.NOT_DUE}
    assert one(history, "backup/nightly", "copy", now=back + 27 * HOUR).state is State.FAILED
    assert one(history, "backup/nightly", "restore test").judgement.due == back + 92 * DAY
    assert one(history, "backup/nightly", "check").state is State.UNKNOWN  # of what was checked before, nothing counts


def test_a_job_that_left_its_server_is_succeeded_by_one_that_looked_since(history: History) -> None:
    owed = ("backup/every-night", "copy")
    history.applied(NOW - 30 * DAY)
    history.result("check/nightly", "backup1", NOW - 2 * DAY, outcome=Outcome.FAILED, items=reported("damaged"))
    renamed = edited(history, "name: nightly", "name: every-night")
    renamed.applied(NOW - DAY)
    renamed.removed(NOW - DAY, "backup/nightly", "app1", "backup1")
    renamed.result("backup/every-night", "app1", NOW - 3 * HOUR, copy=NOW - 3 * HOUR)
    assert one(renamed, *owed).state is State.FAILED
    renamed.result("check/every-night", "backup1", NOW - HOUR, items=reported(""))
    assert one(renamed, *owed).state is State.KEPT


def reported(problem: str) -> tuple[Item, ...]:
    """What a job of the server finds wrong with app1's archives; empty: nothing."""
    verdict = Verdict.CRITICAL if problem else Verdict.OK
    return (Item(item="repository", verdict=verdict, message=problem, facts={"client": "app1", "problem": problem}),)


MONTHLY = (
    POLICIES[7]
    .replace("name: nightly", "name: monthly")
    .replace("check: {schedule: weekly on sunday at 04:00}\ndrill: {within: 92 days}\n", "")
)


@pytest.mark.parametrize(
    ("job", "old", "new"),
    [
        ("prune/daily", "repository: daily", "repository: other"),
        ("prune/daily", "host: backup1", "host: app2"),
        ("check/nightly", "check: {schedule: weekly on sunday at 04:00}", ""),
        ("check/nightly", "name: nightly", "name: every-night"),
    ],
    ids=["another repository", "another server", "no check any more", "another name"],
)
def test_what_a_server_reported_stands_whatever_is_edited(history: History, job: str, *, old: str, new: str) -> None:
    owed = ("backup/monthly", "copy")
    history = edited(history, "", "", MONTHLY)
    history.applied(NOW - 30 * DAY)
    history.result("backup/monthly", "app1", NOW - 3 * HOUR, copy=NOW - 3 * HOUR)
    history.result(job, "backup1", NOW - 2 * HOUR, outcome=Outcome.FAILED, items=reported("damaged"))
    assert one(history, *owed).state is State.FAILED
    changed = edited(history, old, new, MONTHLY.replace(old, new))
    assert one(changed, *owed).state is State.FAILED
    changed.applied(NOW - HOUR)
    assert one(changed, *owed).state is State.FAILED
    if job == "prune/daily":
        history.result(job, "backup1", NOW - HOUR / 2, items=reported(""))
        assert one(changed, *owed).state is State.KEPT


def test_a_copy_is_missing_from_another_repository_after_the_apply_alone(history: History) -> None:
    owed = ("backup/nightly", "copy")
    other = MONTHLY.replace("repository: daily", "repository: other")
    history = edited(history, "", "", other)
    history.applied(NOW - 30 * DAY)
    history.result("backup/nightly", "app1", NOW - 3 * HOUR, copy=NOW - 3 * HOUR)
    seen = Item(item="repository", verdict=Verdict.OK, message="ok", facts={"client": "app1", "copies": {}})
    history.result("prune/other", "backup1", NOW - HOUR, items=(seen,))
    moved = edited(history, "repository: daily", "repository: other", other)
    assert one(moved, *owed).state is State.KEPT
    moved.applied(NOW - HOUR / 2)
    assert one(moved, *owed).state is State.FAILED


def test_a_policy_that_was_never_applied_is_so_for_its_checks_too(history: History) -> None:
    history.applied(NOW - 30 * DAY)
    history.checked(NOW - 2 * HOUR, "app1", source=CheckSource.APPLY)
    new = edited(history, "name: web", "name: site")
    owed = ("service/site", "check")
    for host in ("app1", "app2"):  # one that was checked, and one that was not
        found = one(new, *owed, subject=f"host/{host}")
        assert (found.state, found.judgement.reason) == (State.NOT_CARRIED_OUT, "not applied yet")
    new.checked(NOW - HOUR, "app1", failed="service/site")  # verify finds that it is not there: nobody applied it
    assert one(new, *owed).state is State.NOT_CARRIED_OUT
    new.checked(NOW - HOUR / 2, "app1", failed="service/site", source=CheckSource.APPLY)
    assert one(new, *owed).state is State.FAILED  # an apply has tried
    new.checked(NOW - HOUR / 3, "app1", failed="service/site")
    assert one(new, *owed).state is State.FAILED
    new.checked(NOW - HOUR / 4, "app1")
    assert one(new, *owed).state is State.KEPT


def test_every_job_and_check_concerns_a_host_on_which_its_policy_has_steps(history: History) -> None:
    root = Path(__file__).resolve().parents[3]
    for contract in (history.contract, resolve(read_tree(root))):
        work = build(contract, day=date(2026, 3, 2))
        hosts = hosts_by_policy(work)
        sources = [(each.policy, each.source) for each in obligations(contract, work)]
        concerned = [(name, it.host) for name, it in sources if isinstance(it, JobSource | CheckedHost)]
        assert concerned
        assert [(name, host) for name, host in concerned if host not in hosts[name]] == []


def test_a_check_that_found_all_steps_says_that_the_present_text_is_in_effect_where_no_apply_is_recorded(
    history: History,
) -> None:
    history.result("inspection/daily", "app1", DUE)
    before = one(history, "inspection/daily", "inspection")
    assert before.judgement.is_pending
    history.checked(NOW - HOUR, "app1")
    for what in ("inspection", "check"):
        found = one(history, "inspection/daily", what)
        assert (found.state, found.judgement.is_pending, found.judgement.is_outdated) == (State.KEPT, False, False)
    other = edited(history, "schedule: daily at 07:00", "schedule: hourly at :15")
    assert one(other, "inspection/daily", "inspection").judgement.is_pending


def test_steps_that_changed_while_the_text_is_the_same_make_no_evidence_older_than_the_text(history: History) -> None:
    history.applied(NOW - DAY)
    history.checked(NOW - DAY, "app1")
    moved = resolve(tree(*POLICIES, inventory=INVENTORY.replace("backup1: {}", "backup1: {ansible_port: 2222}")))
    now = History(history.ledger, moved, build(moved, day=date(2026, 3, 2)))
    found = one(now, "backup/nightly", "check")
    assert (found.state, found.judgement.is_pending, found.judgement.is_outdated) == (State.UNKNOWN, False, False)
