"""Whether work on a host is safe: whether its newest copy is fresh, and verified.

Comes in: sessions to hosts and the backup's server, a backup. Goes out: a verdict for each host, in words.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from opspact.evidence.backup_stats import BackupStats, backup_stats
from opspact.evidence.suspect_copies import SuspectCopies, server_jobs, suspect_copies
from opspact.jobs.collection import Collector
from opspact.ledger.runbook_events import StepOutcome
from opspact.model import result
from opspact.model.contract_jobs import backup_job, check_job
from opspact.model.policies.backup import Backup
from opspact.runbook.doors import Verdict
from opspact.text.durations import format_duration
from opspact.workspace.workspace import Compiled, now


def copy_verdicts(
    collector: Collector, head: Compiled, backup: Backup, *, hosts: Sequence[str]
) -> Mapping[str, Verdict]:
    """Given a backup and hosts, collect what they and its server know, and say how the newest copy of each stands."""
    contract = head.contract
    lost = {**collector.collect([backup_job(backup)], hosts).unreached}
    server = collector.collect(server_jobs(contract, backup), [backup.server]).unreached.get(backup.server)
    figures = {
        each.host: each for each in backup_stats(collector.ledger, contract, hosts) if each.backup.name == backup.name
    }
    found: dict[str, Verdict] = {}
    for host in hosts:
        if host not in figures:
            found[host] = Verdict(StepOutcome.FAILED, f"{backup.name} does not back up {host}")
        elif unreached := lost.get(host) or server:
            found[host] = Verdict(StepOutcome.UNKNOWN, f"{unreached.host}: {unreached.detail}")
        else:
            suspects = suspect_copies(collector.ledger, contract, backup, host=host)
            found[host] = copy_verdict(figures[host], suspects, now(), is_checked=check_job(backup) is not None)
    return found


def copy_verdict(figures: BackupStats, suspects: SuspectCopies, at: datetime, *, is_checked: bool) -> Verdict:
    """Given what is known of a backup on a host and the time, say whether its newest copy is fresh and verified.

    `is_checked`: its server checks the repository, so that a copy counts once a check has said that it may be read.
    """
    if figures.made is None:
        return Verdict(StepOutcome.FAILED, "no copy is known")
    age = (at - figures.made).total_seconds()
    said = f"the newest copy, {figures.copy}, is {format_duration(age)} old"
    if age > figures.backup.rpo.seconds:
        return Verdict(StepOutcome.FAILED, f"{said}, more than {figures.backup.rpo.text}")
    if suspects.is_damaged or figures.copy in suspects.names:
        return Verdict(StepOutcome.FAILED, f"{said}, and suspect: {suspects.problem or 'its repository was damaged'}")
    looked = [each for each in (figures.checked, figures.restored) if each is not None]
    if bad := [each for each in looked if each.verdict in {result.Verdict.CRITICAL, result.Verdict.UNKNOWN}]:
        return Verdict(StepOutcome.FAILED, f"{said}; its last check or restore test says {bad[0].verdict.value}")
    if is_checked and not looked:
        return Verdict(StepOutcome.UNKNOWN, f"{said}, but no check or restore test of its repository is known")
    return Verdict(StepOutcome.DONE, f"{said}; {'checked' if looked else 'its repository is not checked by a policy'}")
