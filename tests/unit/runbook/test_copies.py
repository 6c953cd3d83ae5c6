"""Whether a newest copy is fresh and verified."""

from datetime import UTC, datetime, timedelta

import pytest
from running_runbooks import BACKUP, contract_of, runbook, step

from opspact.evidence.backup_stats import BackupStats, CopyCheck
from opspact.evidence.suspect_copies import SuspectCopies
from opspact.ledger.runbook_events import StepOutcome
from opspact.model.result import Verdict
from opspact.runbook.copies import copy_verdict
from opspact.structs import replace

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
FINE = SuspectCopies()


@pytest.fixture(scope="module")
def figures() -> BackupStats:
    (backup,) = contract_of(runbook(step("a", "command: [a]")), policies=(BACKUP,)).backups
    checked = CopyCheck(at=NOW, verdict=Verdict.OK)
    return BackupStats(backup=backup, host="app1", copy="c9", made=NOW - timedelta(hours=2), checked=checked)


def test_a_fresh_copy_of_a_checked_repository_counts(figures: BackupStats) -> None:
    verdict = copy_verdict(figures, FINE, NOW, is_checked=True)
    assert (verdict.outcome, verdict.found) == (StepOutcome.DONE, "the newest copy, c9, is 2h old; checked")


@pytest.mark.parametrize("verdict", [Verdict.CRITICAL, Verdict.UNKNOWN])
def test_what_the_last_check_says_counts(figures: BackupStats, verdict: Verdict) -> None:
    bad = replace(figures, checked=CopyCheck(at=NOW, verdict=verdict))
    assert copy_verdict(bad, FINE, NOW, is_checked=True).outcome is StepOutcome.FAILED


def test_a_copy_that_is_old_suspect_or_missing_does_not_count(figures: BackupStats) -> None:
    old = replace(figures, made=NOW - timedelta(hours=27))
    assert copy_verdict(old, FINE, NOW, is_checked=True).found.endswith("27h old, more than 26h")
    for suspects in (SuspectCopies(names=("c9",)), SuspectCopies(is_damaged=True, problem="segment 3")):
        assert copy_verdict(figures, suspects, NOW, is_checked=True).outcome is StepOutcome.FAILED
    none = replace(figures, made=None, copy="")
    assert copy_verdict(none, FINE, NOW, is_checked=True).found == "no copy is known"


def test_nobody_has_checked_is_not_good(figures: BackupStats) -> None:
    unchecked = replace(figures, checked=None)
    assert copy_verdict(unchecked, FINE, NOW, is_checked=True).outcome is StepOutcome.UNKNOWN
    restored = replace(unchecked, restored=CopyCheck(at=NOW, verdict=Verdict.OK))
    assert copy_verdict(restored, FINE, NOW, is_checked=True).outcome is StepOutcome.DONE
    assert copy_verdict(unchecked, FINE, NOW, is_checked=False).outcome is StepOutcome.DONE
