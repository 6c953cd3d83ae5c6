"""Everything that a contract runs on a schedule, in one list: what, when, where, and how heavy it is.

Comes in: a contract, what was measured. Goes out: jobs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import RuleContext
from opspact.model.contract import Contract
from opspact.model.repository_schedules import PRUNED
from opspact.model.time.occupancy import Days, Taken, taken
from opspact.values.schedule import Schedule

HEAVY = frozenset({"backup", "data_care", "check", "prune"})
"""Jobs that load a host; the others look, and are done in seconds."""

_WRITING = frozenset({"backup", "data_care"})
"""Jobs that run on their hosts and write to a server; a check and the pruning run on the server itself."""

_HALF_A_DAY = 12

Runs = Mapping[str, Mapping[str, float]]
"""How long jobs took, in seconds: by policy (`backup/daily`), then by host."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing that runs on a schedule. `path`: where its schedule is written (empty: opspact sets it).

    `kind` is the policy's, or `check` and `prune` of a repository. `server` keeps what it copies, in `repository`.
    `said`: how long it takes as its policy says, in seconds (None: it does not say).
    """

    kind: str
    policy: str
    path: tuple[str, ...]
    schedule: Schedule
    hosts: tuple[str, ...]
    server: str = ""
    repository: str = ""
    said: float | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether it loads its hosts."""
        return self.kind in HEAVY

    @property
    def is_often(self) -> bool:
        """Whether it runs so often that it meets everything else, as is meant."""
        return len(self.schedule.hours) * len(self.schedule.minutes) > _HALF_A_DAY

    @property
    def what(self) -> str:
        """Words for it."""
        match self.kind:
            case "check":
                return f"the check of {self.server}:{self.repository}"
            case "prune":
                return f"the daily pruning of {self.server}:{self.repository}"
            case _:
                return self.policy


def jobs(context: RuleContext) -> tuple[Job, ...]:
    """Given a contract, return everything that it runs on a schedule."""
    return tuple(_jobs(context.contract))


def _jobs(contract: Contract) -> Iterator[Job]:
    for inspection in contract.inspections:
        yield Job(
            "inspection", f"inspection/{inspection.name}", ("schedule",), inspection.schedule, hosts=inspection.hosts
        )
    for review in contract.log_reviews:
        yield Job("log_review", f"log_review/{review.name}", ("schedule",), review.schedule, hosts=review.hosts)
    for care in contract.data_care:
        yield Job(
            "data_care",
            f"data_care/{care.name}",
            ("when", "schedule"),
            care.schedule,
            hosts=care.hosts,
            server=care.server,
            said=care.takes,
        )
    pruned: set[tuple[str, str]] = set()
    for backup in contract.backups:
        own = Job(
            "backup",
            f"backup/{backup.name}",
            ("schedule",),
            backup.schedule,
            hosts=backup.hosts,
            server=backup.server,
            repository=backup.repository,
            said=backup.takes,
        )
        yield own
        at_server = replace(own, hosts=(backup.server,))
        if backup.check:
            path, check = ("check", "schedule"), backup.check
            yield replace(at_server, kind="check", path=path, schedule=check.schedule, said=check.takes)
        if (backup.server, backup.repository) not in pruned:
            pruned.add((backup.server, backup.repository))
            yield replace(at_server, kind="prune", path=(), schedule=PRUNED, said=None)


def days(context: RuleContext) -> Days:
    """Given a contract, return the days that are looked at."""
    start, end = context.span
    return Days(start.date(), (end - timedelta(days=1)).date())


@dataclass(frozen=True, slots=True)
class Timed:
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


@dataclass(frozen=True, slots=True)
class Ground:
    """Hosts that two jobs load, and of each job the hosts whose runs load them; all as sets."""

    hosts: int
    ones: int
    others: int


def grounds(one: Timed, other: Timed) -> Iterator[Ground]:
    """Given two jobs, yield what both load: hosts on which both run, a server to which one writes where the other runs.

    A server to which both write is no such ground: that many hosts write there at once is what it is for.
    """
    both = Ground(one.hosts & other.hosts, one.hosts & other.hosts, one.hosts & other.hosts)
    if one.server == other.server:
        found = [both]
    else:
        at_one, at_other = one.server & other.hosts, other.server & one.hosts
        found = [both, Ground(at_one, one.hosts, at_one), Ground(at_other, at_other, other.hosts)]
    yield from (ground for ground in found if ground.hosts)


def timed(context: RuleContext) -> tuple[Timed, ...]:
    """Given a contract, return its jobs with their times."""
    looked_at, sets, known = context.once(days), context.once(host_sets), context.once(runs)
    fitting: dict[Schedule, int] = {}
    found = []
    for job in context.once(jobs):
        if job.schedule not in fitting:
            fitting[job.schedule] = looked_at.fitting(job.schedule)
        fits, own = fitting[job.schedule], _own(job, known)
        starts = taken(job.schedule, fits, 0)
        takes = taken(job.schedule, fits, max(own.values())) if own else starts
        server = sets.of([job.server]) if job.kind in _WRITING else 0
        found.append(Timed(job, starts, takes, sets.of(job.hosts), server, own))
    return tuple(found)


def _own(job: Job, known: Runs) -> Mapping[str, float]:
    return lengths(known, f"{job.kind}/{job.policy.partition('/')[2]}", job.hosts, said=job.said)


def lengths(known: Runs, policy: str, hosts: Sequence[str], *, said: float | None) -> Mapping[str, float]:
    """Given what was measured, return how long a policy's job takes on those of its hosts for which that is known.

    In seconds; `said`: what the policy itself says, where nothing was measured.
    """
    measured = known.get(policy, {})
    if said is None and not measured:
        return {}
    found = {host: measured.get(host, said) for host in hosts}
    return {host: seconds for host, seconds in found.items() if seconds is not None}


def runs(context: RuleContext) -> Runs:
    """Given what was measured, return how long jobs take."""
    found: dict[str, dict[str, float]] = {}
    for (host, policy), measured in context.measurements.run_seconds.items():
        found.setdefault(policy, {})[host] = measured.value
    return found
