"""Which copies of a host do not count, as the jobs that look after its repository reported.

In: a ledger, a contract, a backup on a host. Out: the names of suspect copies, and what else is against them.
"""

from datetime import datetime

from opspact.evidence.server_reports import Copies, newest_report
from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import check_job, prune_job
from opspact.model.job import Job
from opspact.model.names import job_subject
from opspact.model.policies.backup import Backup
from opspact.model.result import Item
from opspact.structs import Struct

_DAMAGED = "damaged"


class SuspectCopies(Struct, kw_only=True):
    """Copies that do not count: they were in the repository while that was damaged, or before.

    `is_damaged`: it still is, so that no copy counts. `reported`: when a job of the server last looked (UTC; None:
    none has, nothing is known). `problem`: what that job says against the repository; empty: nothing.
    """

    names: tuple[str, ...] = ()
    is_damaged: bool = False
    reported: datetime | None = None
    problem: str = ""


def server_jobs(contract: Contract, backup: Backup) -> tuple[Job, ...]:
    """Given a backup, return the jobs of its server that look after its repository."""
    sharing = [
        other for other in contract.backups if (other.server, other.repository) == (backup.server, backup.repository)
    ]
    return (prune_job(backup), *filter(None, map(check_job, sharing)))


def suspect_copies(ledger: Ledger, contract: Contract, backup: Backup, *, host: str) -> SuspectCopies:
    """Given a backup of a host, return which of its copies are suspect, as far as was collected."""
    copies, reports = Copies(backup=backup.name, client=host), []
    for job in server_jobs(contract, backup):
        subject = job_subject(job.key, backup.server)
        found = ledger.read(JobResult, contract=contract.name, subject=subject, newest_first=True)
        if taken := newest_report(found, copies):
            reports.append((taken.event.result.ended or taken.at, taken.event.result))
    if not reports:
        return SuspectCopies()
    at, result = max(reports, key=lambda each: each[0])
    item = next((each for each in result.items if each.facts.get("client") == host), None)
    problem = str(item.facts.get("problem") or "") if item else ""
    return SuspectCopies(
        names=_names(item) if item else (),
        is_damaged=problem == _DAMAGED,
        reported=at,
        problem=item.message if item and problem else "",
    )


def _names(item: Item) -> tuple[str, ...]:
    found = item.facts.get("affected" if item.facts.get("problem") == _DAMAGED else "suspect")
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
