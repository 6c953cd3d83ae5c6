"""What is said of a rebuild: before, what is restored from which copies; afterwards whether that was done in time."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from building import backup, tree
from job_results import job_result

from opspact.evidence.backup_stats import BackupStats
from opspact.ledger.run_events import RunOutcome
from opspact.model.result import Verdict
from opspact.recovery.rebuild_plan import plan_rebuild
from opspact.recovery.rebuild_run import RunTimes, new_run
from opspact.report.lines import plain
from opspact.report.rebuild import RebuildOutcome, rebuild_json, rebuild_lines, rebuild_plan_lines
from opspact.resolve.contract import resolve
from opspact.run.execution import StageResult
from opspact.run.resume import resume
from opspact.run.state import RunState
from opspact.structs import replace

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
MADE = resolve(
    tree(
        backup("nightly").replace("[/etc]", "[/etc, /srv]"),
        backup("dumps", to="{host: backup1, repository: dumps}").replace(
            "paths: [/etc]", "databases: [{postgresql: oa}]"
        ),
    )
)
PLAN = plan_rebuild(
    MADE,
    "app1",
    [
        BackupStats(backup=each, host="app1", copy="nightly-1", made=NOW - timedelta(hours=5))
        for each in MADE.backups
        if each.name == "nightly"
    ],
)
RUN = new_run("app1", NOW).run(PLAN)
DONE = RebuildOutcome(
    run=RUN.id,
    plan=PLAN,
    stages=resume(RUN, RunState()),
    result=StageResult(),
    times=RunTimes(timedelta(seconds=95), {"check": timedelta(seconds=1.25)}),
    restored=[
        job_result("restore/nightly", "app1", message="/srv restored in place.", facts={"paths": ["/srv"]}).result
    ],
)


def said(outcome: RebuildOutcome) -> str:
    return plain(rebuild_lines(outcome))


def test_what_is_to_be_restored_is_shown_with_its_age_and_with_what_no_copy_has() -> None:
    text = plain(rebuild_plan_lines(PLAN, NOW, ZoneInfo("Asia/Shanghai")))
    assert "nightly-1  2026-03-02T07:00+08:00, 5h old, on backup1" in text
    assert "in place: /srv" in text
    assert "to /var/lib/opspact/rebuilt/nightly: /etc" in text
    assert "no copy  of database oa" in text


def test_a_rebuild_that_is_done_is_measured_against_what_was_promised() -> None:
    text = said(DONE)
    assert "rebuilt  app1 in 1m35s (RTO 4h, backup/nightly)" in text
    assert "check      1.2s" in text or "check      1.3s" in text
    assert "hold       not reached" in text
    assert "ok  /srv restored in place." in text
    assert "not restored  database oa" in text
    data = json.loads(rebuild_json(DONE))
    assert (data["schema"], data["outcome"], data["seconds"]) == ("opspact/rebuild", "done", 95.0)
    assert data["rto"] == {"seconds": 14400.0, "policy": "backup/nightly", "kept": True}
    assert data["lost"] == ["database oa"]
    assert [each["name"] for each in data["stages"]] == [stage.name for stage in RUN.stages]


def test_one_that_took_too_long_or_was_not_done_is_said_to_be_so() -> None:
    late = replace(DONE, times=RunTimes(timedelta(hours=5), {}))
    assert "rebuilt too late  app1 in 5h (RTO 4h, backup/nightly)" in said(late)
    assert json.loads(rebuild_json(late))["rto"]["kept"] is False
    failed = replace(DONE, result=StageResult(RunOutcome.FAILED, "backup1: unreachable"))
    assert "not rebuilt  app1 after 1m35s: backup1: unreachable; `opspact rebuild app1 --resume` continues" in said(
        failed
    )
    assert json.loads(rebuild_json(failed))["rto"]["kept"] is False


def test_what_hosts_say_cannot_steer_a_terminal() -> None:
    result = job_result("restore/nightly", "app1", verdict=Verdict.WARNING, message="\x1b[2J\u202egone").result
    text = said(replace(DONE, restored=[result]))
    assert "\x1b" not in text
    assert "\u202e" not in text
