"""What the ledger knows that bears on whether promises can be kept: how long jobs took, how large copies are.

In: a ledger, a contract, the time. Out: measurements for rules.

So that a large ledger does not slow a check, only the newest results of each job on each host are read; where that
leaves the number of copies unknown, nothing is said about sizes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import BACKUP, CHECK, DATA_CARE, DRILL, INSPECTION, JobKind
from opspact.model.measurements import Measurement, Measurements
from opspact.model.result import Result, Verdict

MOST_COPIES = 500
"""Results of a backup on a host that are read, the newest ones."""

_MOST_SUBJECTS = 2_000
"""Jobs times hosts of which several results are read; beyond that, the newest of each."""

_LATEST_RUNS = 10
_RECENTLY = timedelta(days=92)

OnHost = tuple[str, str]
"""A host and the name of a job."""

Latest = Mapping[OnHost, Sequence[Result]]
"""The newest results of jobs of one kind, the newest first."""


def gather_measurements(ledger: Ledger, contract: Contract, *, now: datetime, most: int = MOST_COPIES) -> Measurements:
    """Given a ledger, return what it knows about a contract at a time (UTC).

    Of each backup on each host the `most` newest results are read; with so many the number of copies is unknown.
    """
    first = next(ledger.read_any(contract=contract.name, limit=1), None)
    if first is None:
        return Measurements()
    reader = _Reader(ledger, contract, now)
    backups = reader.latest(BACKUP, most)
    good = {key: [each for each in results if each.is_good] for key, results in backups.items()}
    inspections = reader.latest(INSPECTION, _LATEST_RUNS)
    checks, drills = reader.latest(CHECK, _LATEST_RUNS), reader.latest(DRILL, _LATEST_RUNS)
    counted = {key: results for key, results in good.items() if results and len(backups[key]) < most}
    return Measurements(
        run_seconds=_longest(BACKUP, good)
        | _longest(CHECK, reader.recent(checks))
        | _longest(DRILL, reader.recent(drills))
        | _longest(DATA_CARE, reader.recent(reader.latest(DATA_CARE, _LATEST_RUNS)))
        | _longest(INSPECTION, reader.recent(inspections)),
        restore_seconds=_restores(drills),
        stored_bytes=_added(counted),
        free_bytes=_free(inspections, {backup.server for backup in contract.backups}),
        copies={key: Measurement(len(results), now) for key, results in counted.items()} if reader.is_deep else {},
        since=first.at,
    )


class _Reader:
    """Reads the newest results of a contract's jobs. `is_deep`: several of each job on each host."""

    def __init__(self, ledger: Ledger, contract: Contract, now: datetime) -> None:
        self._ledger, self._contract, self._now = ledger, contract.name, now
        self._hosts = {(job.kind.name, job.name): job.hosts for job in contract_jobs(contract)}
        self.is_deep = sum(map(len, self._hosts.values())) <= _MOST_SUBJECTS

    def latest(self, kind: JobKind, most: int) -> Latest:
        """Given a kind, return the `most` newest results of each of its jobs on each host."""
        keys = [(host, name) for (of, name), hosts in self._hosts.items() if of == kind.name for host in hosts]
        subjects = {names.job_subject(f"{kind.name}/{name}", host): (host, name) for host, name in keys}
        if not self.is_deep:
            newest = self._ledger.newest_of(JobResult, subjects, contract=self._contract)
            return {subjects[subject]: [each.event.result] for subject, each in newest.items()}
        found: dict[OnHost, Sequence[Result]] = {}
        for subject, key in subjects.items():
            events = self._ledger.read(
                JobResult, contract=self._contract, subject=subject, newest_first=True, limit=most
            )
            found[key] = [each.event.result for each in events]
        return found

    def recent(self, latest: Latest) -> Latest:
        """Return the results of the last quarter."""
        return {
            key: [each for each in results if each.ended and self._now - _RECENTLY <= each.ended]
            for key, results in latest.items()
        }


def _longest(kind: JobKind, latest: Latest) -> dict[OnHost, Measurement]:
    """Return the longest of the latest runs, by host and job."""
    found = {}
    for (host, name), results in latest.items():
        runs = [Measurement(each.seconds, each.ended) for each in results if each.ended and each.seconds is not None][
            :_LATEST_RUNS
        ]
        if runs:
            found[host, f"{kind.name}/{name}"] = max(runs, key=lambda run: run.value)
    return found


def _restores(drills: Latest) -> dict[OnHost, Measurement]:
    """Return how long the newest whole restore of each host from each backup took.

    Items say so of copies that were whole, those too that took longer than promised.
    """
    found: dict[OnHost, Measurement] = {}
    for (_, name), results in drills.items():
        for each in results:
            for item in each.items:
                match item.facts.get("seconds"):
                    case bool():
                        pass
                    case int() | float() as seconds if each.ended and item.verdict is not Verdict.UNKNOWN:
                        host = item.subject.removeprefix("host/")
                        found.setdefault((host, name), Measurement(float(seconds), each.ended))
    return found


def _added(good: Latest) -> dict[OnHost, Measurement]:
    """Return what the newest copy of each backup of each host added to its repository, in bytes."""
    found: dict[OnHost, Measurement] = {}
    for key, results in good.items():
        for each in results:
            match each.facts:
                case {"archive": {"bytes": {"deduplicated": int() | float() as size}}}:
                    if each.ended and not isinstance(size, bool):
                        found.setdefault(key, Measurement(float(size), each.ended))
                case _:
                    pass
    return found


def _free(inspections: Latest, servers: set[str]) -> dict[str, Measurement]:
    """Return the free space where each server keeps copies, in bytes, from the newest inspection that saw it."""
    found: dict[str, Measurement] = {}
    for (host, _), results in inspections.items():
        for each in results if host in servers else ():
            free = _free_space(each)
            if free is not None and each.ended and (host not in found or found[host].at < each.ended):
                found[host] = Measurement(free, each.ended)
    return found


def _free_space(inspection: Result) -> float | None:
    """Return the free space of the file system that holds the copies, in bytes; None where nobody looked at it."""
    disks = [
        item
        for item in inspection.items
        if item.item == "disk" and "free_bytes" in item.facts and _holds(item.subject, names.BACKUP_BASE)
    ]
    free = max(disks, key=lambda disk: len(disk.subject)).facts["free_bytes"] if disks else None
    return float(free) if isinstance(free, int | float) else None


def _holds(mount: str, path: str) -> bool:
    return f"{path}/".startswith(f"{mount.rstrip('/')}/")
