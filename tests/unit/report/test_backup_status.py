"""The figures of copies: a run that failed since the newest copy is shown, whatever the promise's state."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from building import tree
from recorded import POLICIES

from opspact.evidence.backup_stats import BackupStats, FailedRun
from opspact.model.result import Verdict
from opspact.report.backup_status import backup_status_json, stats_lines
from opspact.report.lines import plain
from opspact.resolve.contract import resolve

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
(BACKUP,) = resolve(tree(*POLICIES)).backups
FAILED = FailedRun(at=NOW, verdict=Verdict.CRITICAL, message="No backup was made:\x1b[2J no space.")


def test_a_run_that_failed_since_the_copy_is_shown() -> None:
    figures = BackupStats(backup=BACKUP, host="app1", copy="nightly-1", made=NOW - timedelta(hours=1), failed=FAILED)
    shown = plain(stats_lines([figures], NOW, ZoneInfo("UTC"))).splitlines()
    assert shown[0].startswith("app1  nightly  copy 1h old")
    assert shown[1].startswith("    last run failed 2026-03-02T04:00")
    assert "\x1b" not in shown[1]
    (found,) = json.loads(backup_status_json([], [figures]))["copies"]
    assert found["failed"] == {"at": "2026-03-02T04:00:00Z", "verdict": "critical", "message": FAILED.message}


def test_of_a_run_that_is_damaged_nobody_knows_when_it_was() -> None:
    run = FailedRun(at=None, verdict=Verdict.UNKNOWN, message="The result is damaged.")
    figures = BackupStats(backup=BACKUP, host="app1", failed=run)
    assert "    last run failed: The result is damaged." in plain(stats_lines([figures], NOW, ZoneInfo("UTC")))
    assert json.loads(backup_status_json([], [figures]))["copies"][0]["failed"]["at"] is None
