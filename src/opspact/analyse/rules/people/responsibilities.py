"""Rules about who is responsible: is the owner, reader, visitor, trainer or approver there when they are wanted?

Comes in: a rule context. Goes out: violations. Rosters, ladders, channels and staffing have rules of their own.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from opspact.analyse.attendance import attendance_of, describe_absences, find_absences, shortage_hours
from opspact.analyse.duty import absences, instant
from opspact.analyse.recurrence import format_days, format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.people.fitness import absent_people_named
from opspact.analyse.rules.schedules.schedules import PolicySchedule, policy_schedules
from opspact.model.finding import Severity
from opspact.model.policy_index import Reference
from opspact.model.roster.rotation import Absence
from opspact.model.time.calendar import Interval
from opspact.model.time.intervals import difference, union
from opspact.model.time.occurrences import occurrences
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.values.schedule import Schedule

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)

RESPONSIBILITIES = frozenset(
    {
        ("backup", "holder"),
        ("data_care", "holder"),
        ("device", "owner"),
        ("flow", "by"),
        ("inspection", "read_by"),
        ("library", "owner"),
        ("log_review", "read_by"),
        ("review", "attended_by"),
        ("review", "led_by"),
        ("runbook", "to"),
        ("service", "owner"),
        ("spare", "owner"),
        ("training", "trainer"),
        ("visit", "by"),
    }
)
"""Fields (by kind and name) that say who does something: each needs somebody there who does it."""

ELSEWHERE = frozenset(
    {
        ("accepted", "by"),  # a decision that was taken
        ("access", "person"),  # whose accounts are closed when they leave (model.contract)
        ("access", "team"),
        ("approval", "role"),  # how many are left to approve: below
        ("channels", "answered_by"),  # OP353
        ("known_drift", "by"),  # a decision that was taken
        ("ladder", "last_resort"),  # OP357, OP366
        ("ladder", "tell"),
        ("override", "away"),
        ("override", "instead"),  # OP300: whoever is not there covers for nobody
        ("person", "teams"),
        ("roster", "people"),  # OP300
        ("roster", "teams"),
        ("staffing", "people"),  # OP306
        ("staffing", "teams"),
        ("training", "audience"),
        ("training", "done"),
    }
)
"""Fields that name people and are looked at by other rules, or are no matter of who is there."""


def field_of(reference: Reference) -> tuple[str, str]:
    """Given a reference, return the kind and the name of the field in which it stands."""
    kind, _, name = reference.by.partition("/")
    fields = [part for part in reference.path if isinstance(part, str)]
    return kind, "done" if (kind, fields[0]) == ("training", "done") else fields[-1] if fields else name


class _Lack(Struct):
    """Who is wanted by a policy, when nobody of them is there, and why."""

    reference: Reference
    hours: list[Interval]
    absent: tuple[Absence, ...]


def missing_responsibilities(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return where it needs people who are not there: those who have left are reported elsewhere."""
    return tuple(_unattended(context))


def _unattended(context: RuleContext) -> Iterator[Violation]:
    reported = {(each.policy, each.subject) for each in context.once(absent_people_named)}
    schedules: dict[str, list[PolicySchedule]] = {}
    for written in context.once(policy_schedules):
        schedules.setdefault(written.policy, []).append(written)
    for reference, whom in _responsible(context):
        if (reference.by, whom) in reported:
            continue
        schedule = _schedule(reference, schedules.get(reference.by, []))
        for lack in _lacks(context, reference):
            if schedule is not None:
                hours = _missed(context, reference, schedule, gaps=lack.hours)
            else:
                hours = [] if reference.by.startswith("training/") and _is_over(context, reference) else lack.hours
            if hours:
                yield _violation(context, lack, hours, is_due=schedule is not None)


def _schedule(reference: Reference, of_policy: list[PolicySchedule]) -> Schedule | None:
    """Return the schedule by which somebody is wanted: the one beside their name, else the policy's first."""
    beside = [written for written in of_policy if written.path[:-1] == reference.path[:-1]]
    return next((written.schedule for written in (*beside, *of_policy)), None)


def _responsible(context: RuleContext) -> Iterator[tuple[Reference, str]]:
    """Yield who is responsible by a policy, each once, with their name."""
    seen: set[tuple[str, str]] = set()
    for reference in context.contract.policy_index.references:
        if field_of(reference) in RESPONSIBILITIES and (reference.by, reference.to) not in seen:
            seen.add((reference.by, reference.to))
            yield reference, reference.to.partition("/")[2]


def _members(context: RuleContext, to: str) -> tuple[str, ...]:
    kind, _, name = to.partition("/")
    people = context.contract.people
    return (name,) if kind == "person" else tuple(each for each, person in people.items() if name in person.teams)


def _lacks(context: RuleContext, reference: Reference) -> Iterator[_Lack]:
    """Yield when nobody of those named is there: of one person by each absence, of a team all in one."""
    people = _members(context, reference.to)
    hours = shortage_hours(context, people) if people else []
    if len(people) > 1 and hours:
        yield _Lack(reference, hours, find_absences(context, people, hours))
        return
    by_absence: dict[tuple[Absence, ...], list[Interval]] = {}
    for start, end, ready in attendance_of(context, people) if hours else ():
        if not ready.people:
            by_absence.setdefault(ready.absent, []).append((start, end))
    for absent, those in by_absence.items():
        yield _Lack(reference, those, absent)


_READING = ("inspection/", "log_review/")


def _missed(context: RuleContext, reference: Reference, schedule: Schedule, *, gaps: list[Interval]) -> list[Interval]:
    """Return the times at which a policy is due and nobody is there: for what is read, on the rest of that day."""
    found = []
    is_read = reference.by.startswith(_READING)
    for gap_start, gap_end in gaps:
        for at in occurrences(schedule, context.zone, gap_start, end=gap_end):
            after = at.astimezone(context.zone).date() + _DAY
            evening = datetime.combine(after, time(), context.zone).astimezone(UTC)
            if not is_read or not difference([(at, evening)], [(gap_start, gap_end)]):
                found.append((at, at + _MOMENT))
    return union(found)


def _is_over(context: RuleContext, reference: Reference) -> bool:
    """Whether everybody has had a training that is held before the first duty."""
    training = context.contract.trainings[reference.by.partition("/")[2]]
    return set(training.audience) <= training.done.keys()


def _violation(context: RuleContext, lack: _Lack, hours: list[Interval], *, is_due: bool) -> Violation:
    reference = lack.reference
    kind, field = field_of(reference)
    repeats = recurrence(context, hours)
    when = f"{format_days(repeats)}at {instant(context, hours[0][0])}" if is_due else format_recurrence(context, hours)
    whom = " ".join(reference.to.split("/"))
    message = f"{field} of {kind.replace('_', ' ')} {reference.by.partition('/')[2]} is {whom}, but no one is there"
    on_leave = all(absence.override for absence in lack.absent)
    return Violation(
        reference.by,
        f"{message} {when}: {describe_absences(context, lack.absent)}",
        reference.path,
        severity=Severity.NOTE if on_leave and not is_due else None,
        subject=f"{whom} {'away' if on_leave else 'not there'}",
        repeats=repeats,
        rests_on=(absences(lack.absent),),
    )


def _nobody_responsible(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(missing_responsibilities)


def missing_approvers(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return the approvals for which, at some times, too few people are there."""
    return tuple(_approver_shortages(context))


def _approver_shortages(context: RuleContext) -> Iterator[Violation]:
    for approval in context.contract.approvals:
        if approval.role not in context.contract.teams:
            continue
        people = _members(context, f"team/{approval.role}")
        if len(people) < approval.count:
            has = format_count(len(people), "member")
            message = f"approval {approval.name} needs {_approvers(approval.count)}, but {approval.role} has {has}"
            yield Violation(f"approval/{approval.name}", message, ("needs", "count"))
            continue
        hours = shortage_hours(context, people, least=approval.count)
        if hours:
            absent = find_absences(context, people, hours)
            yield Violation(
                f"approval/{approval.name}",
                f"approval {approval.name} needs {_approvers(approval.count)} from {approval.role}, but fewer are "
                f"there {format_recurrence(context, hours)}: {describe_absences(context, absent)}",
                ("needs", "role"),
                repeats=recurrence(context, hours),
                rests_on=(absences(absent),),
            )


def _approvers(count: int) -> str:
    return format_count(count, "approver")


def _too_few_approve(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(missing_approvers)


RULES = (
    Rule(
        code="OP324",
        family="people",
        severity=Severity.WARNING,
        title="Nobody who is responsible is there",
        why="What the policy promises is not done, and nobody else is asked, while everybody named is away.",
        remedy="Name a team or a successor, or add a replacement (instead) to the override.",
        find=_nobody_responsible,
    ),
    Rule(
        code="OP325",
        family="people",
        severity=Severity.WARNING,
        title="Too few people are there to approve",
        why="What needs the approval has to wait until enough approvers are back.",
        remedy="Add people to the team, require fewer approvers, or add a replacement (instead) to the override.",
        find=_too_few_approve,
    ),
)
