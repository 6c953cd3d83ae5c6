"""Rules about jobs that get in each other's way: on one host or server, at one repository, too many at one server.

Comes in: a rule context. Goes out: violations.

How long a job takes is known where the record holds it or its policy says it; otherwise only what begins in the same
minute is said to meet, and what begins soon afterwards may.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from opspact.analyse.host_sets import host_sets, union
from opspact.analyse.recurrence import Occasion, merged, overlap_occasion
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import ScheduledJob, days, host_overlaps, scheduled_jobs
from opspact.model.finding import Severity
from opspact.model.inventory.own_variables import BACKUPS_AT_ONCE
from opspact.model.job import BACKUP, Lock
from opspact.model.time.occupancy import LONGEST_DAY, Taken, bits, first_overlap, taken
from opspact.structs import replace
from opspact.text.durations import format_duration

AT_ONCE_UNLESS_SAID = 10
"""How many backups a server takes at once where its variable does not say it; sshd refuses some from the tenth
connection on that has not logged in yet (sshd_config(5), MaxStartups 10:30:100)."""

_SOON = 2 * 3600


def _heavy(context: RuleContext) -> list[ScheduledJob]:
    """Return the heavy jobs, without those that opspact sets the time of and those that meet everything anyway."""
    jobs = (each for each in context.once(scheduled_jobs) if each.job.kind.is_heavy and not each.job.is_frequent)
    return [each for each in jobs if each.job.path]


def _two_heavy_jobs(context: RuleContext) -> Iterator[Violation]:
    heavy = _heavy(context)
    for one, other in combinations(heavy, 2):
        if _is_at_one_repository(one, other):
            continue  # the next rule's
        yield from _meeting(context, one, other)


def _may_meet(context: RuleContext) -> Iterator[Violation]:
    """Find heavy jobs that begin soon after one whose duration is unknown."""
    heavy = _heavy(context)
    looked_at, sets = context.once(days), context.once(host_sets)
    for one in heavy:
        unknown = replace(one, hosts=one.hosts & ~sets.of(tuple(one.runs)))
        if not unknown.hosts:
            continue
        soon = taken(one.job.schedule, looked_at, days=one.starts.days, seconds=_SOON)
        for other in heavy:
            common = union(overlap.hosts for overlap in host_overlaps(unknown, other))
            if other is one or not common or first_overlap(one.starts, other.starts, looked_at.count):
                continue
            if met := overlap_occasion(soon, other.starts, looked_at):
                message = (
                    f"{other.job.title} starts soon after {one.job.title} on {sets.format(common)} {met}, and the "
                    f"duration of the first is unknown"
                )
                repeats = met.recurrence
                yield Violation(one.job.policy, message, one.job.path, subject=other.job.title, repeats=repeats)


def _at_a_repository_in_use(context: RuleContext) -> Iterator[Violation]:
    by_repository: dict[tuple[str, str], list[ScheduledJob]] = {}
    for each in context.once(scheduled_jobs):
        if each.job.repository:
            by_repository.setdefault((each.job.server, each.job.repository), []).append(each)
    looked_at = context.once(days)
    for together in by_repository.values():
        for one, other in combinations(together, 2):
            if not _is_at_one_repository(one, other):
                continue
            if met := overlap_occasion(one.takes, other.takes, looked_at):
                first, second = (one, other) if one.job.path else (other, one)
                yield Violation(
                    first.job.policy,
                    f"{_message(first, second, met)}; one of them is locked out",
                    first.job.path,
                    subject=second.job.title,
                    repeats=met.recurrence,
                )


def _is_at_one_repository(one: ScheduledJob, other: ScheduledJob) -> bool:
    """Whether one of two jobs locks the repository that the other one uses."""
    same = (one.job.server, one.job.repository) == (other.job.server, other.job.repository)
    return bool(one.job.repository) and same and Lock.EXCLUSIVE in {one.job.kind.lock, other.job.kind.lock}


def _a_look_at_a_busy_host(context: RuleContext) -> Iterator[Violation]:
    looks = [each for each in context.once(scheduled_jobs) if not each.job.kind.is_heavy and not each.job.is_frequent]
    heavy = _heavy(context)
    for look in looks:
        for each in heavy:
            yield from _meeting(context, each, look)


def _meeting(context: RuleContext, one: ScheduledJob, other: ScheduledJob) -> Iterator[Violation]:
    """Yield that two jobs meet on a host, once, at the second one. What each takes on the hosts of both counts."""
    looked_at, sets = context.once(days), context.once(host_sets)
    common = list(host_overlaps(one, other))
    if not common or not first_overlap(one.takes, other.takes, looked_at.count):
        return
    found = []
    for overlap in common:
        ones, others = _on(context, one, overlap.ones), _on(context, other, overlap.others)
        if met := overlap_occasion(ones, others, looked_at):
            found.append((met, overlap.hosts))
    if found:
        every, hosts = merged([met for met, _ in found]), union(hosts for _, hosts in found)
        message = f"{_message(other, one, every)} on {sets.format(hosts)}"
        yield Violation(other.job.policy, message, other.job.path, subject=one.job.title, repeats=every.recurrence)


def _on(context: RuleContext, each: ScheduledJob, hosts: int) -> Taken:
    """Return the times that a job takes on some hosts."""
    if not each.runs or hosts == each.hosts:
        return each.takes
    names = set(context.once(host_sets).names(hosts))
    longest = max((seconds for host, seconds in each.runs.items() if host in names), default=0.0)
    return taken(each.job.schedule, context.once(days), days=each.starts.days, seconds=longest)


def _message(one: ScheduledJob, other: ScheduledJob, met: Occasion) -> str:
    known = [f"{each.job.title} takes {format_duration(max(each.runs.values()))}" for each in (one, other) if each.runs]
    message = f"{one.job.title} overlaps {other.job.title} {met}"
    return f"{message} ({', '.join(known)})" if known else message


def _too_many_at_once(context: RuleContext) -> Iterator[Violation]:
    by_server: dict[str, list[ScheduledJob]] = {}
    for each in context.once(scheduled_jobs):
        if each.job.kind is BACKUP:
            by_server.setdefault(each.job.server, []).append(each)
    looked_at = context.once(days)
    for server, backups in by_server.items():
        limit = _limit(context, server)
        if sum(each.hosts.bit_count() for each in backups) <= limit:
            continue
        crowded = _crowded_days(backups, looked_at.count, limit)
        if crowded:
            first = min(crowded)
            number, minute, whose = crowded[first]
            by_the_clock = [replace(each, takes=each.takes.by_the_clock) for each in backups]
            usual = _crowded_days(by_the_clock, looked_at.count, limit)
            on, usually = (sum(1 << day for day in each) for each in (crowded, usual))
            met = Occasion(on, (first, minute), usually, looked_at)
            message = (
                f"{number} backups run to {server} at the same time {met}; the limit is {limit} "
                f"({', '.join(sorted({each.job.title for each in whose}))})"
            )
            yield Violation(
                max(whose, key=lambda each: each.hosts.bit_count()).job.policy,
                message,
                ("schedule",),
                f"Reschedule some of them; the limit of a server is its variable {BACKUPS_AT_ONCE}.",
                subject=server,
                repeats=met.recurrence,
            )


def _limit(context: RuleContext, server: str) -> int:
    said = str(context.contract.inventory.hosts[server].variables.get(BACKUPS_AT_ONCE, AT_ONCE_UNLESS_SAID))
    return int(said) if said.isdecimal() else AT_ONCE_UNLESS_SAID


def _crowded_days(
    backups: Sequence[ScheduledJob], within: int, limit: int
) -> dict[int, tuple[int, int, list[ScheduledJob]]]:
    """Return the days on which more hosts are copied at once than a server takes: how many at most, when, by what."""
    parts = [(each, part.days, part.minutes) for each in backups for part in each.takes.parts]
    at: dict[tuple[int, ...], int] = {}
    for minute in range(LONGEST_DAY):
        at.setdefault(tuple(index for index, (_, _, part) in enumerate(parts) if part >> minute & 1), minute)
    found: dict[int, tuple[int, int, list[ScheduledJob]]] = {}
    for indexes, minute in at.items():
        if sum(parts[index][0].hosts.bit_count() for index in indexes) <= limit:
            continue
        by_day = [0] * within
        for index in indexes:
            each, days_, _ = parts[index]
            for day in bits(days_ & ((1 << within) - 1)):
                by_day[day] += each.hosts.bit_count()
        for day, number in enumerate(by_day):
            if number > max(limit, found[day][0] if day in found else 0):
                whose = [parts[index][0] for index in indexes if parts[index][1] >> day & 1]
                found[day] = (number, minute, whose)
    return found


RULES = (
    Rule(
        code="OP452",
        family="schedules",
        severity=Severity.WARNING,
        title="Two heavy jobs run on one host at the same time",
        why=(
            "Backups, purges and checks load disks and databases, also on the backup server: both jobs take "
            "longer, and the service is slow."
        ),
        remedy="Schedule one of them after the other has ended.",
        find=_two_heavy_jobs,
    ),
    Rule(
        code="OP453",
        family="schedules",
        severity=Severity.WARNING,
        title="A backup runs while its repository is checked or pruned",
        why="A check or prune locks the repository: the backup waits, and may fail.",
        remedy="Reschedule the backup or the check; repositories are pruned daily at 06:30.",
        find=_at_a_repository_in_use,
    ),
    Rule(
        code="OP454",
        family="schedules",
        severity=Severity.NOTE,
        title="An inspection or log review runs during a heavy job",
        why="It measures the load of the job, and may open a case for it.",
        remedy="Schedule it before or after the job.",
        find=_a_look_at_a_busy_host,
    ),
    Rule(
        code="OP456",
        family="schedules",
        severity=Severity.WARNING,
        title="Too many backups run to one server at the same time",
        why="The disks and the SSH service of the server are limited; other backups wait or are refused.",
        remedy="Distribute the backups over several times or servers.",
        find=_too_many_at_once,
    ),
    Rule(
        code="OP460",
        family="schedules",
        severity=Severity.NOTE,
        title="Two heavy jobs may overlap",
        why="One starts up to two hours after the other, and the duration of the first is neither set nor recorded.",
        remedy="Set takes: in the policy, such as takes: 45m; once runs are recorded, their duration is used.",
        find=_may_meet,
    ),
)
