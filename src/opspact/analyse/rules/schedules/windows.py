"""Rules about windows: what runs in a blackout, blackouts without an end, work outside maintenance windows.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator
from datetime import timedelta

from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.host_sets import host_sets
from opspact.analyse.recurrence import outside_occasion, overlap_occasion
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import ScheduledJob, days, scheduled_jobs
from opspact.analyse.windows import window_times
from opspact.model.finding import Severity
from opspact.model.policies.window import Window
from opspact.model.time.occupancy import Days, Taken, outside, whole_days
from opspact.structs import Struct


class Open(Struct):
    """A window, the times that it takes, and its hosts as a set."""

    window: Window
    takes: Taken
    hosts: int

    @property
    def policy(self) -> str:
        """Its kind and name."""
        return f"window/{self.window.name}"

    @property
    def without_end(self) -> Affected:
        """The key for its being a blackout that never ends."""
        return affected(Condition.BLACKOUT_WITHOUT_END, self.window.name)


def windows(context: RuleContext) -> tuple[Open, ...]:
    """Given a contract, return its windows with their times."""
    looked_at, sets = context.once(days), context.once(host_sets)
    every = context.contract.windows
    return tuple(Open(window, window_times(window, looked_at), sets.of(window.hosts)) for window in every)


def _in_a_blackout(context: RuleContext) -> Iterator[Violation]:
    looked_at, sets = context.once(days), context.once(host_sets)
    blackouts = [each for each in context.once(windows) if each.window.blackout]
    for job in context.once(scheduled_jobs) if blackouts else ():
        for blackout in blackouts:
            kind = job.job.kind.policy_kind
            touched = (job.hosts | sets.of([job.job.server] if job.job.server else [])) & blackout.hosts
            if not touched or kind in blackout.window.allows:
                continue
            if met := overlap_occasion(job.takes, blackout.takes, looked_at):
                yield Violation(
                    job.job.policy,
                    f"{job.job.title} runs on {sets.format(touched)} during {blackout.window.title} {met}",
                    job.job.path,
                    f"Reschedule one of them, or set allows: [{kind}] in the window.",
                    subject=job.job.title,
                    repeats=met.recurrence,
                    rests_on=(blackout.without_end,),
                )


def _endless(context: RuleContext) -> Iterator[Violation]:
    """Find blackouts each of which lasts until the next begins, all the time; an hour at a clock change is no end."""
    here = context.once(days)
    by_the_clock = Days(here.first, here.last)
    for each in context.once(windows):
        schedule = each.window.schedule
        if not each.window.blackout or schedule is None or each.takes.days.bit_count() < 2:  # noqa: PLR2004 - a next one
            continue
        first = (each.takes.days & -each.takes.days).bit_length() - 1
        from_the_first_on = whole_days((1 << here.count) - (1 << (first + 1)), by_the_clock)
        if outside(from_the_first_on, [window_times(each.window, by_the_clock)], here.count) is None:
            message = (
                f'blackout {each.window.name} lasts {each.window.length} and starts "{schedule.text}": from '
                f"{here.first + timedelta(days=first)} on it never ends"
            )
            yield Violation(each.policy, message, ("when", "for"), states=(each.without_end,))


def _blackout_in_maintenance(context: RuleContext) -> Iterator[Violation]:
    looked_at, sets, every = context.once(days), context.once(host_sets), context.once(windows)
    for blackout in (each for each in every if each.window.blackout):
        for maintenance in (each for each in every if not each.window.blackout):
            common = blackout.hosts & maintenance.hosts
            met = overlap_occasion(blackout.takes, maintenance.takes, looked_at) if common else None
            if met:
                message = f"{blackout.window.title} overlaps {maintenance.window.title} on {sets.format(common)} {met}"
                yield Violation(
                    blackout.policy,
                    message,
                    blackout.window.path,
                    subject=maintenance.policy,
                    repeats=met.recurrence,
                    rests_on=(blackout.without_end,),
                )


def _outside_every_window(context: RuleContext) -> Iterator[Violation]:
    looked_at, sets = context.once(days), context.once(host_sets)
    declared = [each for each in context.once(windows) if not each.window.blackout]
    for job in (each for each in context.once(scheduled_jobs) if each.job.kind.is_maintenance):
        for hosts, own in _alike(job, declared):
            open_then = [each.takes for each in own]
            if met := outside_occasion(job.takes, open_then, looked_at):
                names = " or ".join(each.window.name for each in own)
                message = f"{job.job.title} runs on {sets.format(hosts)} {met}, outside maintenance window {names}"
                yield Violation(job.job.policy, message, job.job.path, subject=job.job.title, repeats=met.recurrence)


def _alike(job: ScheduledJob, declared: list[Open]) -> Iterator[tuple[int, list[Open]]]:
    """Yield the job's hosts in sets that have the same windows, each with those; hosts without any are left out."""
    parts: list[tuple[int, list[Open]]] = [(job.hosts, [])]
    for each in declared:
        split = [(hosts & each.hosts, [*own, each]) for hosts, own in parts if hosts & each.hosts]
        parts = [(hosts & ~each.hosts, own) for hosts, own in parts if hosts & ~each.hosts] + split
    yield from (part for part in parts if part[1])


RULES = (
    Rule(
        code="OP455",
        family="schedules",
        severity=Severity.ERROR,
        title="A job runs during a blackout",
        why="The customer was assured that nothing runs at this time; timers do not check blackouts.",
        remedy="Reschedule the job or the blackout; or allow this kind of job in the blackout.",
        find=_in_a_blackout,
    ),
    Rule(
        code="OP457",
        family="schedules",
        severity=Severity.ERROR,
        title="A blackout never ends",
        why="No job may ever run on these hosts.",
        remedy="Make it shorter than the interval of its schedule.",
        find=_endless,
    ),
    Rule(
        code="OP458",
        family="schedules",
        severity=Severity.WARNING,
        title="A blackout overlaps a maintenance window",
        why="They contradict each other: work scheduled in the window is forbidden.",
        remedy="Reschedule one of them, or exclude these hosts from one.",
        find=_blackout_in_maintenance,
    ),
    Rule(
        code="OP459",
        family="schedules",
        severity=Severity.WARNING,
        title="Maintenance runs outside the maintenance windows of a host",
        why="Windows are agreed with the customer, who expects work only then.",
        remedy="Schedule the job within a window, or add a window for it.",
        find=_outside_every_window,
    ),
)
