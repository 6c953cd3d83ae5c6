"""The jobs of a contract: everything that it runs on a schedule, and what hosts do when somebody asks for it.

In: policies. Out: jobs.
"""

from collections.abc import Iterator
from datetime import timedelta

from opspact.model.contract import Contract
from opspact.model.job import (
    BACKUP,
    CHECK,
    DATA_CARE,
    DRILL,
    EMERGENCY_ACCESS,
    INSPECTION,
    LIBRARY,
    LOG_REVIEW,
    PRUNE,
    RESTORE,
    HostJob,
    Job,
    RequestedJob,
)
from opspact.model.policies.access import Access
from opspact.model.policies.backup import Backup
from opspact.model.policies.data_care import DataCare
from opspact.model.policies.device import Device
from opspact.model.policies.inspection import Inspection
from opspact.model.policies.library import Library
from opspact.model.policies.log_review import LogReview
from opspact.structs import replace
from opspact.values.schedule import Schedule

PRUNE_SCHEDULE = Schedule(
    text="daily at 06:30",
    minutes=(30,),
    hours=(6,),
    month_days=tuple(range(1, 32)),
    months=tuple(range(1, 13)),
    week_days=tuple(range(7)),
)
"""When a server drops what is past its keeping: after the night's backups."""

_HOURLY = replace(PRUNE_SCHEDULE, text="hourly", minutes=(0,), hours=tuple(range(24)))
_DAILY = replace(PRUNE_SCHEDULE, text="daily at 14:00", minutes=(0,), hours=(14,))
_WEEKLY = replace(_DAILY, text="weekly on wednesday at 14:00", week_days=(2,))
_MONTHLY = replace(_DAILY, text="monthly on day 12 at 14:00", month_days=(12,))
DRILL_SCHEDULES = ((timedelta(days=62), _MONTHLY), (timedelta(days=14), _WEEKLY), (timedelta(), _DAILY))
"""When restore tests are made where no policy says it: the first of these whose time between two tests is allowed."""


def contract_jobs(contract: Contract) -> tuple[Job, ...]:
    """Given a contract, return its jobs, in the order of its policies."""
    inspections, libraries = map(inspection_job, contract.inspections), map(library_job, contract.libraries)
    return (*inspections, *libraries, *_care_jobs(contract), *_backup_jobs(contract))


def collected_jobs(contract: Contract) -> tuple[HostJob, ...]:
    """Given a contract, return all jobs whose results are collected: also those that run only when asked for."""
    return (*contract_jobs(contract), *map(restore_job, contract.backups))


def inspection_job(inspection: Inspection) -> Job:
    """Given an inspection, return its job, on the hosts that it has items for."""
    everywhere = any(item.hosts is None for item in inspection.items)
    hosts = inspection.hosts if everywhere else tuple(host for host in inspection.hosts if inspection.items_of(host))
    return Job(INSPECTION, inspection.name, hosts, inspection.schedule, inspection.origin)


def probe_inspections(device: Device, contract: Contract) -> tuple[Inspection, ...]:
    """Given a device and its contract, return the inspections of its host, with each of which it is looked at."""
    host = device.probed_from if device.normal else ""
    return tuple(each for each in contract.inspections if host in each.hosts and each.items_of(host))


def library_job(library: Library) -> Job:
    """Given an installer, return the job by which its host checks it."""
    hosts, path = (library.host,), ("checked",)
    return Job(LIBRARY, library.name, hosts, library.schedule, library.origin, path=path, takes=library.takes)


def backup_job(backup: Backup) -> Job:
    """Given a backup, return the job that makes its copies."""
    return Job(
        BACKUP,
        backup.name,
        backup.hosts,
        backup.schedule,
        backup.origin,
        server=backup.server,
        repository=backup.repository,
        takes=backup.takes,
    )


def restore_job(backup: Backup) -> RequestedJob:
    """Given a backup, return the job by which its hosts restore what is asked for from their copies."""
    return RequestedJob(RESTORE, backup.name, backup.hosts, backup.origin)


def check_job(backup: Backup) -> Job | None:
    """Given a backup, return the job by which its server checks the repository; None where the policy asks for none."""
    if backup.check is None:
        return None
    return Job(
        CHECK,
        backup.name,
        (backup.server,),
        backup.check.schedule,
        backup.origin,
        path=("check", "schedule"),
        server=backup.server,
        repository=backup.repository,
        takes=backup.check.takes,
    )


def drill_job(backup: Backup) -> Job | None:
    """Given a backup, return the job by which its server restores the copies; None where the policy asks for none."""
    drill = backup.drill
    if drill is None:
        return None
    usual = next(schedule for time, schedule in DRILL_SCHEDULES if drill.within.time >= time)
    return Job(
        DRILL,
        backup.name,
        (backup.server,),
        drill.schedule or usual,
        backup.origin,
        path=("drill", "schedule") if drill.schedule else (),
        server=backup.server,
        repository=backup.repository,
    )


def data_care_job(care: DataCare) -> Job:
    """Given data care, return the job that archives and purges."""
    return Job(
        DATA_CARE,
        care.name,
        care.hosts,
        care.schedule,
        care.origin,
        path=("when", "schedule"),
        server=care.server,
        repository=care.repository,
        takes=care.takes,
    )


def repository_users(contract: Contract) -> tuple[Backup | DataCare, ...]:
    """Given a contract, return the policies whose copies or archives are in repositories on backup servers."""
    return (*contract.backups, *contract.data_care)


def prune_job(user: Backup | DataCare) -> Job:
    """Given what has a repository, return the job by which the server prunes it, one for all policies that share it."""
    return Job(
        PRUNE,
        user.repository,
        (user.server,),
        PRUNE_SCHEDULE,
        user.origin,
        path=(),
        server=user.server,
        repository=user.repository,
    )


def log_review_job(review: LogReview) -> Job:
    """Given a review of logs, return its job."""
    return Job(LOG_REVIEW, review.name, review.hosts, review.schedule, review.origin)


def emergency_access_job(access: Access) -> Job:
    """Given an access policy whose accounts are open while that is granted, return the job that closes them.

    It starts when something is granted and when the host does; the schedule is that of a look whether it had to.
    """
    return Job(EMERGENCY_ACCESS, access.name, access.hosts, _HOURLY, access.origin, path=())


def _care_jobs(contract: Contract) -> Iterator[Job]:
    yield from map(log_review_job, contract.log_reviews)
    yield from (emergency_access_job(access) for access in contract.accesses if access.emergency)
    yield from map(data_care_job, contract.data_care)


def _backup_jobs(contract: Contract) -> Iterator[Job]:
    pruned: set[tuple[str, str]] = set()
    for user in repository_users(contract):
        if isinstance(user, Backup):
            yield backup_job(user)
            if check := check_job(user):
                yield check
            if drill := drill_job(user):
                yield drill
        if (user.server, user.repository) not in pruned:
            pruned.add((user.server, user.repository))
            yield prune_job(user)
