"""A rebuild as a run: its stages, what is resumed, how long it took; what an earlier attempt has restored."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from building import backup, service, tree
from job_results import job_result
from runs import CONTRACT, context, execution, work

from opspact.errors import Busy, NothingFound
from opspact.evidence.backup_stats import BackupStats
from opspact.ledger.run_events import RunOutcome, RunStarted
from opspact.ledger.store import Ledger
from opspact.model.result import Outcome
from opspact.recovery.rebuild import is_of, restored
from opspact.recovery.rebuild_plan import RebuildPlan, plan_rebuild
from opspact.recovery.rebuild_run import RebuildRun, new_run, run_times, unfinished_run
from opspact.recovery.restore import Folder, InPlace, OneDatabase
from opspact.resolve.contract import resolve
from opspact.run.execution import StageResult, Work
from opspact.run.leases import Leases
from opspact.run.resume import Treatment, resume
from opspact.structs import replace

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
STAGES = ["check", "hold", "apply", "files", "databases", "release", "verify", "backup"]


def plan(*, database: bool = True) -> RebuildPlan:
    text = backup("nightly").replace("[/etc]}", "[/etc], databases: [{postgresql: oa}]}" if database else "[/etc]}")
    contract = resolve(tree(text, service("office", "packages: [nginx]")))
    figures = [BackupStats(backup=contract.backups[0], host="app1", copy="nightly-1", made=NOW)]
    return plan_rebuild(contract, "app1", figures)


def carry_out(ledger: Ledger, made: RebuildRun, **special: Work) -> StageResult:
    """Carry out an attempt: every stage succeeds, but for those given."""
    run = made.run(plan())
    works: Mapping[str, Work] = {stage.name: work(lambda _: None) for stage in run.stages}
    return execution(ledger, run).carry_out({**works, **special})


def failing(_leases: Leases) -> StageResult:
    return StageResult(RunOutcome.FAILED, "no")


def test_the_stages_are_those_that_there_is_something_to_do_for() -> None:
    made = new_run("app1", NOW)
    run = made.run(plan())
    assert [stage.name for stage in run.stages] == STAGES
    assert (run.procedure, run.arguments, run.hosts) == ("rebuild", {"host": "app1"}, ("app1",))
    assert all(stage.is_repeatable for stage in run.stages)
    assert [stage.name for stage in made.run(plan(database=False)).stages] == [
        name for name in STAGES if name != "databases"
    ]


def test_the_newest_unfinished_rebuild_of_the_host_is_resumed_where_it_stopped(ledger: Ledger) -> None:
    with pytest.raises(NothingFound):
        unfinished_run(ledger, CONTRACT, "app1", now=datetime.now(UTC))
    made = new_run("app1", NOW)
    assert carry_out(ledger, made, databases=failing).outcome is RunOutcome.FAILED
    with pytest.raises(NothingFound):
        unfinished_run(ledger, CONTRACT, "app2", now=datetime.now(UTC))
    found = unfinished_run(ledger, CONTRACT, "app1", now=datetime.now(UTC))
    assert (found.id, found.is_resumed) == (made.id, True)
    treatments = [each.treatment for each in resume(found.run(plan()), found.state)]
    assert treatments == [*[Treatment.SKIP] * 3, Treatment.START, Treatment.START_OVER, *[Treatment.START] * 3]
    carry_out(ledger, found)
    with pytest.raises(NothingFound):
        unfinished_run(ledger, CONTRACT, "app1", now=datetime.now(UTC))


def test_once_the_host_is_live_again_nothing_is_restored_any_more(ledger: Ledger) -> None:
    carry_out(ledger, new_run("app1", NOW), verify=failing)
    found = unfinished_run(ledger, CONTRACT, "app1", now=datetime.now(UTC))
    treatments = [each.treatment for each in resume(found.run(plan()), found.state)]
    assert treatments == [*[Treatment.SKIP] * 6, Treatment.START_OVER, Treatment.START]


def test_a_rebuild_that_may_be_at_work_is_not_resumed(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    started = RunStarted(
        "r1", "rebuild", tuple(STAGES), now + timedelta(seconds=90), arguments={"host": "app1"}, process="elsewhere"
    )
    ledger.record(started, context=context())
    with pytest.raises(Busy):
        unfinished_run(ledger, CONTRACT, "app1", now=now)
    assert unfinished_run(ledger, CONTRACT, "app1", now=now + timedelta(minutes=3)).id == "r1"


def test_the_time_counts_from_the_first_start_also_between_attempts(ledger: Ledger) -> None:
    made = new_run("app1", NOW)
    carry_out(ledger, made, verify=failing)
    later = datetime.now(UTC) + timedelta(hours=1)
    times = run_times(ledger, CONTRACT, made.id, now=later)
    assert timedelta(hours=1) <= times.total < timedelta(hours=1, minutes=5)
    assert list(times.stages) == STAGES[:-1]
    carry_out(ledger, unfinished_run(ledger, CONTRACT, "app1", now=datetime.now(UTC)))
    times = run_times(ledger, CONTRACT, made.id, now=later)
    assert times.total < timedelta(minutes=5)
    assert list(times.stages) == STAGES


def test_only_what_was_restored_since_the_run_began_counts(ledger: Ledger) -> None:
    job, place = "restore/nightly", {"paths": ["/srv"]}
    ledger.record(job_result(job, "app1", 1, facts=place), context=context())
    made = new_run("app1", NOW)
    carry_out(ledger, made, files=failing)
    of = [("nightly", "app1")]
    assert list(restored(ledger, CONTRACT, made.id, of=of)) == []
    later = replace(context(), at=datetime.now(UTC) + timedelta(seconds=1))
    events = [
        job_result(job, "app1", 2, facts=place, outcome=Outcome.FAILED),
        job_result(job, "app1", 3, facts={"folder": "/var/lib/opspact/rebuilt/nightly"}),
        job_result(job, "app1", 4, facts={"database": {"name": "oa", "of": "oa"}}),
    ]
    for event in events:
        ledger.record(event, context=later)
    found = list(restored(ledger, CONTRACT, made.id, of=of))
    assert [each.sequence for each in found] == [4, 3]
    database, folder = found
    assert is_of(database, OneDatabase("oa", "oa", creates_roles=True))
    assert not is_of(database, OneDatabase("oa", "hr"))
    assert is_of(folder, Folder("/var/lib/opspact/rebuilt/nightly", ("/etc",)))
    assert not is_of(folder, InPlace(("/srv",)))
    assert is_of(job_result(job, "app1", facts=place).result, InPlace(("/srv",)))
