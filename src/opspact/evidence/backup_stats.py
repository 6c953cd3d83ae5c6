"""The figures of backups, as the newest results give them: how large copies are, when they were checked and restored.

Comes in: a ledger, a contract, hosts. Goes out: figures of each backup on each host.

Sizes are those that were recorded when a copy was made: what borg says of an old archive later depends on the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from statistics import median

from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import backup_job, check_job, drill_job
from opspact.model.job import Job
from opspact.model.names import job_subject
from opspact.model.policies.backup import Backup
from opspact.model.result import Item, Outcome, Result, Verdict
from opspact.structs import Struct

MOST_COPIES = 11
"""Copies that are read: the newest one, and the ten before it that say what is usual."""


class CopyCheck(Struct, kw_only=True):
    """What the newest check or restore test said: when it ended (UTC), its verdict, the seconds that a restore took."""

    at: datetime
    verdict: Verdict
    seconds: float | None = None


class FailedRun(Struct, kw_only=True):
    """The newest run, which made no copy: when it began (UTC; None: unknown), its verdict, and why."""

    at: datetime | None
    verdict: Verdict
    message: str


class BackupStats(Struct, kw_only=True):
    """One backup on one host.

    `copy` is the newest one and `made` when it was begun (UTC; None: none is known). `size`: bytes that it holds,
    `added`: those that it added to its repository, `usual`: the median size of up to ten copies before it (None of
    these: unknown). `failed`: the newest run, where it made no copy.
    """

    backup: Backup
    host: str
    copy: str = ""
    made: datetime | None = None
    size: float | None = None
    added: float | None = None
    usual: float | None = None
    failed: FailedRun | None = None
    checked: CopyCheck | None = None
    restored: CopyCheck | None = None


def backup_stats(ledger: Ledger, contract: Contract, hosts: Iterable[str]) -> tuple[BackupStats, ...]:
    """Given a ledger, a contract and hosts, return the figures of each backup on those that it copies."""
    asked, reader = set(hosts), _Reader(ledger, contract.name)
    return tuple(
        reader.stats(backup, host)
        for backup in contract.backups
        for host in backup.hosts
        if asked & {host, backup.server}
    )


class _Reader:
    """Reads the newest results of a contract's jobs."""

    def __init__(self, ledger: Ledger, contract: str) -> None:
        self._ledger, self._contract = ledger, contract

    def stats(self, backup: Backup, host: str) -> BackupStats:
        """Return the figures of a backup on a host."""
        job = backup_job(backup)
        last = next(self._results(job, host), None)
        newest = next((each.copy for each in self._results(job, host) if each.copy or each.has_no_copy), None)
        copies = (each for each in self._results(job, host) if each.outcome is Outcome.DONE and each.copy)
        made = list(islice(copies, MOST_COPIES))
        is_known = bool(newest and made and made[0].copy and made[0].copy.name == newest.name)
        sizes = [size for each in made[1:] if (size := _bytes(each, "original")) is not None]
        return BackupStats(
            backup=backup,
            host=host,
            copy=newest.name if newest else "",
            made=newest.started if newest else None,
            size=_bytes(made[0], "original") if is_known else None,
            added=_bytes(made[0], "deduplicated") if is_known else None,
            usual=median(sizes) if sizes else None,
            failed=_failed(last) if last and last.outcome is not Outcome.DONE else None,
            checked=self._look(check_job(backup), backup.server, host),
            restored=self._look(drill_job(backup), backup.server, host),
        )

    def _results(self, job: Job, host: str) -> Iterator[Result]:
        subject = job_subject(job.key, host)
        events = self._ledger.read(JobResult, contract=self._contract, subject=subject, newest_first=True)
        return (each.event.result for each in events)

    def _look(self, job: Job | None, server: str, host: str) -> CopyCheck | None:
        """Return what the newest run on the server that got at the host's copies said of them."""
        for result in self._results(job, server) if job else ():
            item = next((each for each in result.items if each.facts.get("client") == host), None)
            if item and result.ended and item.facts.get("problem") not in {"busy", "absent"}:
                return CopyCheck(at=result.ended, verdict=item.verdict, seconds=_seconds(item))
        return None


def _failed(run: Result) -> FailedRun:
    return FailedRun(at=run.started, verdict=run.verdict, message=run.message)


def _bytes(result: Result, which: str) -> float | None:
    match result.facts:
        case {"archive": {"bytes": Mapping() as sizes}}:
            size = sizes.get(which)
            return float(size) if isinstance(size, int | float) and not isinstance(size, bool) else None
        case _:
            return None


def _seconds(item: Item) -> float | None:
    seconds = item.facts.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None
