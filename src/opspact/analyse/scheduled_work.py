"""Everything that a contract runs on a schedule, in one list: what, when, where, and how heavy it is.

Comes in: a contract, what was measured. Goes out: jobs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import RuleContext
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import Job
from opspact.model.time.occupancy import Days, Taken, taken
from opspact.structs import Struct, field
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule

Runs = Mapping[str, Mapping[str, float]]
"""How long jobs took, in seconds: by job (`backup/daily`), then by host."""


def jobs(context: RuleContext) -> tuple[Job, ...]:
    """Given a contract, return everything that it runs on a schedule.

    What waits for the end of something that people opened is no such work: its schedule is that of a look.
    """
    return tuple(job for job in contract_jobs(context.contract) if not job.kind.waits)


def days(context: RuleContext) -> Days:
    """Given a contract, return the days that are looked at."""
    start, end = context.span
    return Days(start.date(), (end - timedelta(days=1)).date(), context.contract.zone)


class ScheduledJob(Struct):
    """A job, the times at which it begins and those that it takes, and the hosts on which it runs, as sets.

    `server`: the one to which it writes, as a set too (0: to none). `runs`: how long it takes on each host for which
    that is known, in seconds: as measured, else as its policy says.
    """

    job: Job
    starts: Taken
    takes: Taken
    hosts: int
    server: int = 0
    runs: Mapping[str, float] = field(default_factory=dict)


class HostOverlap(Struct):
    """Hosts that two jobs load, and of each job the hosts whose runs load them; all as sets."""

    hosts: int
    ones: int
    others: int


def host_overlaps(one: ScheduledJob, other: ScheduledJob) -> Iterator[HostOverlap]:
    """Given two jobs, yield what both load: hosts on which both run, a server to which one writes where the other runs.

    A server to which both write is no such ground: that many hosts write there at once is what it is for.
    """
    both = HostOverlap(one.hosts & other.hosts, one.hosts & other.hosts, one.hosts & other.hosts)
    if one.server == other.server:
        found = [both]
    else:
        at_one, at_other = one.server & other.hosts, other.server & one.hosts
        found = [both, HostOverlap(at_one, one.hosts, at_one), HostOverlap(at_other, at_other, other.hosts)]
    yield from (overlap for overlap in found if overlap.hosts)


def scheduled_jobs(context: RuleContext) -> tuple[ScheduledJob, ...]:
    """Given a contract, return its jobs with their times."""
    looked_at, sets, known = context.once(days), context.once(host_sets), context.once(runs)
    due_days: dict[Schedule, int] = {}
    found = []
    for job in context.once(jobs):
        if job.schedule not in due_days:
            due_days[job.schedule] = looked_at.due_days(job.schedule)
        is_due_on, own = due_days[job.schedule], _own(job, known)
        starts = taken(job.schedule, looked_at, days=is_due_on, seconds=0)
        takes = taken(job.schedule, looked_at, days=is_due_on, seconds=max(own.values())) if own else starts
        server = sets.of([job.server]) if job.kind.is_remote else 0
        found.append(ScheduledJob(job, starts, takes, sets.of(job.hosts), server, own))
    return tuple(found)


def _own(job: Job, known: Runs) -> Mapping[str, float]:
    return lengths(known, job.key, job.hosts, said=job.takes)


def lengths(known: Runs, job: str, hosts: Sequence[str], *, said: Duration | None) -> Mapping[str, float]:
    """Given what was measured, return how long a job takes on those of its hosts for which that is known.

    In seconds; `said`: what the policy itself says, where nothing was measured.
    """
    measured = known.get(job, {})
    if said is None and not measured:
        return {}
    promised = said.seconds if said else None
    found = {host: measured.get(host, promised) for host in hosts}
    return {host: seconds for host, seconds in found.items() if seconds is not None}


def runs(context: RuleContext) -> Runs:
    """Given what was measured, return how long jobs take."""
    found: dict[str, dict[str, float]] = {}
    for (host, job), measured in context.measurements.run_seconds.items():
        found.setdefault(job, {})[host] = measured.value
    return found
