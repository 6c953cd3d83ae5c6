"""What the ledger proves of inspections and backups: the newest result of each, and whether a backup is young enough.

Comes in: a ledger, a compiled contract, the time. Goes out: evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.job import BACKUP, CHECK, PRUNE, JobKind
from opspact.model.origin import Origin
from opspact.model.result import Outcome, Result


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one backup on one host. `age` is that of the newest proven copy, in seconds (None: none)."""

    policy: str
    host: str
    origin: Origin
    rpo: float | None
    result: Result | None
    archive: str = ""
    age: float | None = None

    @property
    def wrong(self) -> str:
        """What is wrong with it, in words; empty when a proven copy is there and young enough."""
        if self.result is None:
            return "no result was collected yet"
        if self.age is None:
            return "there is no proven copy"
        if self.rpo is not None and self.age > self.rpo:
            return "the newest proven copy is older than the policy allows"
        return "the last run failed" if self.result.outcome is Outcome.FAILED else ""


def newest_results(ledger: Ledger, contract: str, kind: JobKind) -> dict[tuple[str, str], Result]:
    """Given a ledger, return the newest result of each job of a kind on each host, by both names."""
    newest = ledger.newest_by_subject(JobResult, contract=contract, prefix=f"job/{kind.name}/")
    results = (each.event.result for each in newest.values())
    return dict(sorted(((result.name, result.host), result) for result in results))


def backup_evidence(contract: Contract, ledger: Ledger, hosts: Iterable[str], *, now: datetime) -> list[Evidence]:
    """Given a contract, the hosts asked for and the time (UTC), return what the ledger proves of every backup there."""
    asked = set(hosts)
    newest = newest_results(ledger, contract.name, BACKUP)
    return [
        _evidence(Evidence(backup.name, host, backup.origin, backup.rpo.seconds, newest.get((backup.name, host))), now)
        for backup in contract.backups
        for host in backup.hosts
        if host in asked
    ]


def repository_results(contract: Contract, ledger: Ledger, hosts: Iterable[str]) -> list[Result]:
    """Given a contract and the hosts asked for, return the newest result of every job that looks after a repository."""
    asked = set(hosts)
    found = (newest_results(ledger, contract.name, kind) for kind in (PRUNE, CHECK))
    return [result for newest in found for (_, host), result in newest.items() if host in asked]


def _evidence(bare: Evidence, now: datetime) -> Evidence:
    """Return the evidence with the newest proven copy that its result tells of."""
    copy = bare.result.copy if bare.result else None
    return replace(bare, archive=copy.name, age=(now - copy.started).total_seconds()) if copy else bare
