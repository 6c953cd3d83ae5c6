"""Rules about changes of duty: overrides, and what a change of the policies does to today and to the past.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import combinations, groupby
from operator import attrgetter

from opspact.analyse.cause import Cause, Condition, affected
from opspact.analyse.duty import called, duty_by_roster, format_interval, start_of_span, who_path
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.contract import Contract
from opspact.model.finding import Severity
from opspact.model.policies.override import Override
from opspact.model.policies.roster import Roster
from opspact.model.roster.changes import DutyChange, duty_changes
from opspact.model.roster.duty import known_until
from opspact.structs import replace
from opspact.text.names import join_names
from opspact.values.period import OpenPeriod

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)
_ALWAYS = (OpenPeriod(date(1000, 1, 1)),)
_CALENDARS_OF_LATER = (
    "A changed calendar also changes the past: add a new calendar and use it in the roster from a later "
    "day; or correct the wrong day and have the change approved."
)


def _changes_nothing(context: RuleContext) -> Iterator[Violation]:
    in_force = {
        (absence.override.name, name)
        for name, duty_intervals in duty_by_roster(context).items()
        for interval in duty_intervals
        for absence in interval.ready.absent
        if absence.override is not None
    }
    start, end = start_of_span(context), context.span[1]
    for override in context.contract.overrides:
        if override.end <= start or override.start >= end:
            continue
        if not override.rosters and (why := _without_effect(context, override)):
            when = format_interval(context, override.start, override.end)
            message = f"{called(context, override.away)} is away {when}, but {why}"
            yield Violation(f"override/{override.name}", message, ("away",))
        for index, name in enumerate(override.rosters):
            known = known_until(context.contract, context.contract.rosters[name])
            if (override.name, name) not in in_force and (known is None or override.start < known):
                when, person = format_interval(context, override.start, override.end), called(context, override.away)
                other = next((each for each in context.contract.overrides if _overlap(each, override, name)), None)
                if other is None:
                    message = f"{person} is not on duty on {name} {when}"
                elif other.instead == override.instead:
                    message = f"{person} is already away from {name} {when} by override/{other.name}"
                else:
                    continue  # that there are two, and which one applies, is reported of its own
                yield Violation(f"override/{override.name}", message, ("roster", index))


def _without_effect(context: RuleContext, leave: Override) -> str:
    """Return why leave changes nothing, as the end of a message; empty where it does, or may."""
    first, last = (at.astimezone(context.zone).date() for at in (leave.start, leave.end - _MOMENT))
    if not leave.instead and not context.contract.people[leave.away].works_between(first, last + _DAY):
        return "is not with the contract then"
    return "" if _is_needed(context, leave) else "no roster and no other policy names them"


def _is_needed(context: RuleContext, leave: Override) -> bool:
    """Whether anything names somebody who is on leave: a policy, or a team of theirs."""
    references = context.contract.policy_index.references
    person = context.contract.people[leave.away]
    return bool(person.teams) or any(
        each.to == f"person/{leave.away}" and not each.by.startswith("override/") for each in references
    )


def _two_replacements(context: RuleContext) -> Iterator[Violation]:
    by_person = sorted(context.contract.overrides, key=attrgetter("away"))
    pairs = (pair for _, several in groupby(by_person, attrgetter("away")) for pair in combinations(several, 2))
    for one, other in pairs:
        names = [name for name in context.contract.rosters if _overlap(one, other, name)]
        if names and one.instead != other.instead:
            when = format_interval(context, max(one.start, other.start), min(one.end, other.end))
            replaced = [
                f"{called(context, each.instead) if each.instead else 'nobody'} (override/{each.name})"
                for each in (one, other)
            ]
            who = f"{called(context, one.away)} is replaced on {join_names(names)} {when}"
            message = f"{who} by {' and by '.join(replaced)}; override/{one.name} applies"
            yield Violation(f"override/{other.name}", message, ("instead",) if other.instead else ("away",))


def _overlap(one: Override, other: Override, roster: str) -> bool:
    """Whether two overrides take the same person off a roster at the same time."""
    those = one.away == other.away and one.touches(roster) and other.touches(roster)
    return those and one is not other and one.start < other.end and other.start < one.end


def _past_and_today(context: RuleContext) -> Iterator[Violation]:
    if context.before is None:
        return
    today = datetime.combine(context.day, time(), context.zone)
    first = datetime.combine(context.contract.period.first, time(), context.zone)
    if first < today:
        changes = duty_changes(context.before, context.contract, start=first, end=today)
        yield from _violations(context, changes, "was on duty in the past", way_out="Start the change today or later.")
    # An override, or somebody's last day, says openly that today is another: only a rotation may not do so by the way.
    before, after = _as_planned(context.before), _as_planned(context.contract)
    changes = duty_changes(before, after, start=max(first, today), end=today + _DAY)
    known = [change for change in changes if change.roster in context.before.rosters]
    yield from _violations(context, known, "is on duty today", way_out="")


def _as_planned(contract: Contract) -> Contract:
    """Return a contract in which nobody is away, comes or goes."""
    people = {name: replace(person, employed=_ALWAYS) for name, person in contract.people.items()}
    return replace(contract, people=people, overrides=())


def _violations(context: RuleContext, changes: Iterable[DutyChange], what: str, *, way_out: str) -> Iterator[Violation]:
    """Yield one violation for each roster: its first change as the example, and on how many days there are any."""
    for name, several in groupby(changes, key=lambda change: change.roster):
        those = tuple(several)
        first, spells = those[0], [(change.start, change.end) for change in those]
        when = format_recurrence(context, spells)
        perhaps = ", if coverage is required" if first.uncertain else ""
        who = f"{_names(context, first.after)} instead of {_names(context, first.before)}{perhaps}"
        roster = context.contract.rosters.get(name)
        violation = Violation(
            f"roster/{name}",
            f"the change affects who {what}: {name} {when}, {who}",
            who_path(roster) if roster else (),
            way_out,
            repeats=recurrence(context, spells),
        )
        if roster and (first.before is None or first.after is None):  # to be covered on one side alone
            message = f"the change affects covered hours: {name} {when}, {who}"
            causes = _changed_calendars(context, roster)
            violation = replace(violation, message=message, path=("hours",), help=_CALENDARS_OF_LATER, rests_on=causes)
        yield violation


def _changed_calendars(context: RuleContext, roster: Roster) -> tuple[Cause, ...]:
    """Return the key for those of a roster's calendars that the change makes other ones."""
    before = context.before.calendars if context.before else {}
    now = context.contract.calendars
    changed = [name for name in (roster.calendar, *roster.closed) if before.get(name) != now[name]]
    return (affected(Condition.CALENDAR_REDUCED, *changed),) if changed else ()


def _names(context: RuleContext, those: tuple[str, ...] | None) -> str:
    before = context.before.people if context.before else {}
    people = {**before, **context.contract.people}
    return " and ".join(people[name].text.en for name in those or ()) or "nobody"


RULES = (
    Rule(
        code="OP321",
        family="people",
        severity=Severity.WARNING,
        title="An override has no effect",
        why="The person is not on duty at this time, or named nowhere: the week, the roster or the person is wrong.",
        remedy="Correct its days or its roster, or remove it.",
        find=_changes_nothing,
    ),
    Rule(
        code="OP322",
        family="people",
        severity=Severity.WARNING,
        title="A change affects who is on duty today or was on duty before",
        why="Adding a person to a rotation shifts all turns, including past ones, unless the change starts later.",
        remedy="Keep the rotation, and add a new one with its own since; for a single day, use an override.",
        find=_past_and_today,
    ),
    Rule(
        code="OP323",
        family="people",
        severity=Severity.ERROR,
        title="Two overrides replace the same person at the same time",
        why="Both people may expect to be on duty, or neither: which override applies is decided by its name alone.",
        remedy="Remove one of them, or change its days so that they do not overlap.",
        find=_two_replacements,
    ),
)
