"""Rules about schedules by themselves: whether they are ever due, and what a clock change does to them.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from opspact.analyse.recurrence import format_days
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.scheduled_work import jobs
from opspact.model.contract_jobs import repository_users
from opspact.model.finding import Recurrence, Severity
from opspact.model.guard_periods import guard_periods
from opspact.model.policies.backup import Backup
from opspact.model.time.clock_changes import clock_changes
from opspact.model.time.occurrences import is_due_on
from opspact.structs import Struct
from opspact.values.schedule import Schedule

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


class PolicySchedule(Struct):
    """A schedule where it is written, and what it is for."""

    policy: str
    path: tuple[str | int, ...]
    schedule: Schedule


def policy_schedules(context: RuleContext) -> tuple[PolicySchedule, ...]:
    """Given a contract, return the schedules of its jobs and windows, and of what people do and record."""
    contract = context.contract
    of_jobs = [PolicySchedule(job.policy, job.path, job.schedule) for job in context.once(jobs) if job.path]
    of_windows = [
        PolicySchedule(f"window/{window.name}", ("when", "schedule"), window.schedule)
        for window in contract.windows
        if window.schedule
    ]
    visits = [PolicySchedule(f"visit/{visit.name}", ("schedule",), visit.schedule) for visit in contract.visits]
    reviews = [PolicySchedule(f"review/{review.name}", ("schedule",), review.schedule) for review in contract.reviews]
    trainings = [
        PolicySchedule(f"training/{training.name}", ("before",), training.schedule)
        for training in contract.trainings.values()
        if training.schedule
    ]
    denser = [
        PolicySchedule(window.origin.policy, ("inspections", name), schedule)
        for window, guard in guard_periods(contract)
        for name, schedule in guard.inspections.items()
    ]
    counts = [PolicySchedule(f"spare/{spare.name}", ("checked",), spare.schedule) for spare in contract.spares]
    return (*of_jobs, *of_windows, *denser, *visits, *reviews, *counts, *_escrow_checks(context), *trainings)


def _escrow_checks(context: RuleContext) -> Iterator[PolicySchedule]:
    for user in repository_users(context.contract):
        if user.escrow:
            path = ("escrow", "checked") if isinstance(user, Backup) else ("archive", "escrow", "checked")
            yield PolicySchedule(user.origin.policy, path, user.escrow.schedule)


def _hand_overs(context: RuleContext) -> Iterator[PolicySchedule]:
    """Yield the schedules of hand-overs: no clock change stops them, people come an hour later."""
    for roster in context.contract.rosters.values():
        for index, rotation in enumerate(roster.rotations):
            yield PolicySchedule(roster.policy, ("rotation", index, "handover"), rotation.handover)


def _never_due(context: RuleContext) -> Iterator[Violation]:
    period = context.contract.period
    due: dict[Schedule, bool] = {}
    for written in (*context.once(policy_schedules), *_hand_overs(context)):
        schedule = written.schedule
        if schedule not in due:
            due[schedule] = any(is_due_on(schedule, day) for day in period.days())
        if not due[schedule]:
            message = f'"{schedule.text}" never runs from {period.first} to {period.last}'
            yield Violation(written.policy, message, written.path)


def _changes(context: RuleContext) -> tuple[date, ...]:
    """Return the days of the zone's clock changes that are looked at."""
    start, end = context.span
    return tuple(change.day for change in clock_changes(context.contract.zone, start.date(), end.date() - _DAY))


def _at_a_clock_change(context: RuleContext) -> Iterator[Violation]:
    zone, changes = context.contract.zone, context.once(_changes)
    for written in context.once(policy_schedules) if changes else ():
        schedule, gone, twice = written.schedule, {}, {}
        for day in changes:
            times = _times_that_matter(schedule, day)
            if missing := [wall for wall in times if not _exists(wall, context.zone)]:
                gone[day] = missing[0]
            elif doubled := [wall for wall in times if _comes_twice(wall, context.zone)]:
                twice[day] = doubled[0]
        if gone:
            what = f"{min(gone.values()):%H:%M} does not exist on this day in {zone}"
            message = f'"{schedule.text}" does not run {_format_days(gone)}: {what}'
            help_ = _other_time(context, min(gone))
            yield Violation(written.policy, message, written.path, help_, repeats=_recurrence(gone))
        if twice:
            message = (
                f"{min(twice.values()):%H:%M} occurs twice {_format_days(twice)} in {zone}; the job runs at the first"
            )
            help_ = _other_time(context, min(twice))
            repeats = _recurrence(twice)
            yield Violation(written.policy, message, written.path, help_, severity=Severity.NOTE, repeats=repeats)


def _other_time(context: RuleContext, day: date) -> str:
    """Return the way out on the day of a change: not every zone sets its clocks at two in the morning."""
    midnight = datetime.combine(day, time())
    minutes = [midnight + number * _MINUTE for number in range(24 * 60)]
    changed = [at for at in minutes if not _exists(at, context.zone) or _comes_twice(at, context.zone)]
    return f"Choose a time outside {changed[0]:%H:%M} to {changed[-1] + _MINUTE:%H:%M}."


def _recurrence(on: Mapping[date, datetime]) -> Recurrence | None:
    return Recurrence(len(on), min(on)) if len(on) > 1 else None


def _format_days(on: Mapping[date, datetime]) -> str:
    return f"{format_days(_recurrence(on))}on {min(on)}"


def _times_that_matter(schedule: Schedule, day: date) -> list[datetime]:
    """Return the times at which it is due on a day, less those in the middle of hourly ones: there one is nothing.

    What is hourly around midnight is so on the day before and on the day after as well.
    """
    hours = [hour for hour in schedule.hours if not all(_is_due_at(schedule, day, hour + by) for by in (-1, 1))]
    times = product(hours, schedule.minutes) if is_due_on(schedule, day) else ()
    return [datetime.combine(day, time(hour, minute)) for hour, minute in times]


def _is_due_at(schedule: Schedule, day: date, hour: int) -> bool:
    days, hour = divmod(hour, 24)
    return hour in schedule.hours and is_due_on(schedule, day + days * _DAY)


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _comes_twice(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).utcoffset() != wall.replace(tzinfo=zone, fold=1).utcoffset()


RULES = (
    Rule(
        code="OP450",
        family="schedules",
        severity=Severity.ERROR,
        title="A schedule never runs within the contract period",
        why="The work is never done, and nothing fails.",
        remedy="Use a day within the contract period, such as monthly on last day at 18:00.",
        find=_never_due,
    ),
    Rule(
        code="OP451",
        family="schedules",
        severity=Severity.WARNING,
        title="A schedule is affected by a clock change",
        why=(
            "When clocks go forward, a local time may not exist, and the timer skips this day; when they go "
            "back, it occurs twice, and the timer runs at the first."
        ),
        remedy="Choose a time outside the hour of the change.",
        find=_at_a_clock_change,
    ),
)
