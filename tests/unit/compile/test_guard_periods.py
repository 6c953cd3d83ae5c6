"""What guard periods become: timers that run an inspection more often by themselves, and the runs that are owed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from building import tree

from opspact.compile.build import build
from opspact.compile.obligations import obligations
from opspact.compile.shape import Work
from opspact.ledger.apply_events import PolicyApplied
from opspact.ledger.codec import from_data, to_data
from opspact.model.contract import Contract
from opspact.model.time.occurrences import occurrences
from opspact.obligations.obligation import JobSource, Scheduled
from opspact.plan.change import Action, Change
from opspact.report.next_runs import next_runs
from opspact.resolve.contract import resolve
from opspact.rollout.policy_record import applied_jobs
from opspact.steps.base import Step
from opspact.steps.file import File

INSPECTION = """\
kind: inspection
name: daily-servers
hosts: web:db
schedule: daily at 07:30
items: [{memory: {warn: 85%, critical: 95%}}]
"""
GUARD = """\
kind: window
name: congress
type: guard
days: 2026-02-25..2026-03-13
hosts: web
inspections: {daily-servers: hourly at :15}
"""
SHANGHAI = ZoneInfo("Asia/Shanghai")
TIMER = "/etc/systemd/system/opspact-inspection-daily-servers.timer"


def made(*policies: str) -> tuple[Contract, Mapping[str, Work]]:
    contract = resolve(tree(*policies))
    return contract, build(contract, day=datetime(2026, 2, 1, tzinfo=UTC).date())


def step_of(work: Mapping[str, Work], host: str, kind: str) -> Step:
    return next(
        step for step in work[host].make if step.kind == kind and step.subject.endswith(TIMER.rpartition("/")[2])
    )


def calendar_lines(work: Mapping[str, Work], host: str) -> list[str]:
    file = step_of(work, host, "file")
    assert isinstance(file, File)
    text = file.content.data.decode()
    return [line.removeprefix("OnCalendar=") for line in text.splitlines() if line.startswith("OnCalendar=")]


def test_timers_on_its_hosts_have_the_days_beside_the_usual_schedule() -> None:
    _, work = made(INSPECTION, GUARD)
    usual = "*-*-* 07:30:00 Asia/Shanghai"
    denser = ["2026-02-25..28 *:15:00 Asia/Shanghai", "2026-03-01..13 *:15:00 Asia/Shanghai"]
    assert calendar_lines(work, "app1") == calendar_lines(work, "app2") == [usual, *denser]
    assert calendar_lines(work, "db1") == [usual]


def test_the_timer_is_asked_for_by_the_inspection_and_by_the_guard_period() -> None:
    _, work = made(INSPECTION, GUARD)
    for kind in ("file", "unit"):
        policies = [origin.policy for origin in step_of(work, "app1", kind).origins]
        assert policies == ["inspection/daily-servers", "window/congress"]
        assert [origin.policy for origin in step_of(work, "db1", kind).origins] == ["inspection/daily-servers"]


def test_the_guard_period_owes_the_guards_of_of_each_host_of_both() -> None:
    contract, work = made(INSPECTION, GUARD)
    owed = [each for each in obligations(contract, work) if each.what == "inspection daily-servers"]
    assert {(each.policy, each.subject, each.source) for each in owed} == {
        ("window/congress", f"host/{host}", JobSource("inspection/daily-servers", host)) for host in ("app1", "app2")
    }
    due = owed[0].due
    assert isinstance(due, Scheduled)
    start, end = (datetime(2026, month, 1, tzinfo=SHANGHAI) for month in (1, 6))
    instants = list(occurrences(due.schedule, due.zone, start, end=end))
    assert len(instants) == 17 * 24
    assert (instants[0], instants[-1]) == (
        datetime(2026, 2, 25, 0, 15, tzinfo=SHANGHAI),
        datetime(2026, 3, 13, 23, 15, tzinfo=SHANGHAI),
    )
    usual = [each for each in obligations(contract, work) if each.what == "inspection"]
    assert {each.subject for each in usual} == {"host/app1", "host/app2", "host/db1"}
    assert {str(each.due.schedule) for each in usual if isinstance(each.due, Scheduled)} == {"daily at 07:30"}


def test_two_guard_periods_of_one_inspection_have_both_schedules() -> None:
    other = GUARD.replace("congress", "games").replace("2026-02-25..2026-03-13", "2026-09-30..2026-10-01")
    _, work = made(INSPECTION, GUARD, other)
    lines = ["2026-09-30 *:15:00 Asia/Shanghai", "2026-10-01 *:15:00 Asia/Shanghai"]
    assert calendar_lines(work, "app1")[3:] == lines


def test_a_plan_says_the_next_run_of_timers_in_the_guard_period_and_of_others() -> None:
    contract, work = made(INSPECTION, GUARD)
    now = datetime(2026, 3, 5, 12, 0, tzinfo=SHANGHAI)
    runs = next_runs(contract, now)
    found = {host: runs.of(Change(Action.CHANGE, step_of(work, host, "unit"))) for host in ("app1", "db1")}
    assert found == {
        "app1": datetime(2026, 3, 5, 12, 15, tzinfo=SHANGHAI),
        "db1": datetime(2026, 3, 6, 7, 30, tzinfo=SHANGHAI),
    }


def test_the_ledger_keeps_on_which_days_a_schedule_was_in_effect() -> None:
    contract, _ = made(INSPECTION, GUARD)
    event = PolicyApplied("window/congress", "d1", hosts=("app1",), jobs=applied_jobs(contract)["window/congress"])
    assert event.jobs[0].schedule is not None
    assert event.jobs[0].schedule.days is not None
    assert from_data(PolicyApplied, to_data(event)) == event


def test_a_window_of_another_type_changes_no_timer() -> None:
    times = "when: {days: 2026-02-25..2026-03-13}\nallows: [inspection]"
    _, work = made(INSPECTION, f"kind: window\nname: x\ntype: blackout\nhosts: web\n{times}\n")
    assert len(calendar_lines(work, "app1")) == 1
