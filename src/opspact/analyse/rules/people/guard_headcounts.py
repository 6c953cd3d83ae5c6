"""Rules about people in guard periods: how many are resident, and on duty, on these days.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator, Sequence

from opspact.analyse.attendance import attendance_of, describe_absences
from opspact.analyse.cause import Cause
from opspact.analyse.duty import absences, called, days_interval, duty_by_roster, people_changes
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.guard_periods import guard_periods
from opspact.model.policies.window import Window
from opspact.model.roster.rotation import Absence, Spell
from opspact.model.time.calendar import Interval
from opspact.text.names import join_names


def _few_residents(context: RuleContext) -> Iterator[Violation]:
    for window, guard in guard_periods(context.contract):
        if not guard.residents:
            continue
        residents = _residents(context)
        if not residents:
            message = f"{window.title} needs {guard.residents} resident people, and no staffing policy names any"
            yield Violation(window.origin.policy, message, ("residents",))
            continue
        spells = _within(context, window, attendance_of(context, residents))
        for number, absent, times in _fewer(spells, guard.residents):
            missing = _missing(context, absent) or people_changes(context, residents)
            yield Violation(
                window.origin.policy,
                f"{_people(number)} resident {format_recurrence(context, times)} in {window.title}; "
                f"required: at least {guard.residents}{missing}",
                ("residents",),
                subject=_subject(context, absent),
                repeats=recurrence(context, times),
                rests_on=_causes(absent),
            )


def _residents(context: RuleContext) -> tuple[str, ...]:
    """Return the resident people of all staffing policies, each once."""
    staffings = (each for each in context.contract.staffings if each.resident)
    return tuple(dict.fromkeys(name for staffing in staffings for name in staffing.people))


def _few_on_duty(context: RuleContext) -> Iterator[Violation]:
    for window, guard in guard_periods(context.contract):
        for name, least in guard.rosters.items():
            duty = duty_by_roster(context)[name]
            spells = _within(context, window, [(each.start, each.end, each.ready) for each in duty])
            for number, absent, times in _fewer(spells, least):
                yield Violation(
                    window.origin.policy,
                    f"{_people(number)} on duty on {name} {format_recurrence(context, times)} in {window.title}; "
                    f"required: at least {least}{_missing(context, absent) or _on_duty(context, name)}",
                    ("rosters", name),
                    subject=f"{name} {_subject(context, absent)}".rstrip(),
                    repeats=recurrence(context, times),
                    rests_on=_causes(absent),
                )


def _on_duty(context: RuleContext, roster: str) -> str:
    """Return why nobody is missing, and there are too few all the same."""
    asked = context.contract.rosters[roster].on_duty
    return f" (the roster has {asked} on duty)"


def _within(context: RuleContext, window: Window, spells: Sequence[Spell]) -> list[Spell]:
    """Return what of some spells is in the days of a guard period."""
    if window.days is None:
        return []
    begin, end = days_interval(context, window.days.first, window.days.last)
    cut = ((max(start, begin), min(finish, end), ready) for start, finish, ready in spells)
    return [each for each in cut if each[0] < each[1]]


def _fewer(spells: Sequence[Spell], least: int) -> list[tuple[int, tuple[Absence, ...], list[Interval]]]:
    """Return how many are there where that is fewer than so many, who is not, and the times at which it is so."""
    found: dict[tuple[int, tuple[Absence, ...]], list[Interval]] = {}
    for start, end, ready in spells:
        if len(ready.people) < least:
            times = found.setdefault((len(ready.people), ready.absent), [])
            if times and times[-1][1] == start:
                times[-1] = (times[-1][0], end)
            else:
                times.append((start, end))
    return [(number, absent, times) for (number, absent), times in found.items()]


def _missing(context: RuleContext, absent: Sequence[Absence]) -> str:
    return f" ({describe_absences(context, absent)})" if absent else ""


def _subject(context: RuleContext, absent: Sequence[Absence]) -> str:
    return join_names(list(dict.fromkeys(called(context, each.person) for each in absent))) if absent else ""


def _causes(absent: Sequence[Absence]) -> tuple[Cause, ...]:
    return (absences(absent),) if absent else ()


def _people(number: int) -> str:
    return "1 person is" if number == 1 else f"{number or 'no'} people are"


RULES = (
    Rule(
        code="OP318",
        family="people",
        severity=Severity.ERROR,
        title="Fewer people are resident in a guard period than required",
        why="A guard period promises more people on these days than the contract does on others.",
        remedy="Move the leave, add an override with instead, or agree on a smaller number.",
        find=_few_residents,
    ),
    Rule(
        code="OP319",
        family="people",
        severity=Severity.ERROR,
        title="Fewer people are on duty in a guard period than required",
        why="A guard period promises more people on duty on these days than the roster does on others.",
        remedy="Move the leave, add an override with instead, or raise on_duty of the roster.",
        find=_few_on_duty,
    ),
)
