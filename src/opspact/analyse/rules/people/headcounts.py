"""Rules about how many there are: in teams, resident, on site.

Comes in: a rule context. Goes out: violations.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise

from opspact.analyse.attendance import attendance_of, describe_absences, find_absences
from opspact.analyse.cause import Cause, uncovered
from opspact.analyse.duty import absences, days_interval, duty_by_roster, people_changes
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.team import Bounds
from opspact.model.roster.duty import DutyInterval
from opspact.model.roster.rotation import Absence
from opspact.model.time.calendar import Interval
from opspact.structs import replace

_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)


def short_teams(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return when its teams are smaller or larger than promised."""
    return tuple(_short_teams(context))


def _short_teams(context: RuleContext) -> Iterator[Violation]:
    members = _members(context)
    for team in context.contract.teams.values():
        if team.headcount is None:
            continue
        names = members.get(team.name, [])
        for first, last, number in _outside(context, names, team.headcount):
            message = f"{_people(number)} in {team.name} {_days(first, last)}; required: {team.headcount}"
            too_few = number < team.headcount.least
            yield Violation(
                f"team/{team.name}",
                message + people_changes(context, names),
                ("headcount",),
                states=_short(context, [team.name], first, last=last) if too_few else (),
                rests_on=_absent(context, names, first, last=last) if too_few else (),
            )


def _headcount(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(short_teams)


def _members(context: RuleContext) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for person in context.contract.people.values():
        for name in person.teams:
            members.setdefault(name, []).append(person.name)
    return members


def short_staffings(context: RuleContext) -> tuple[Violation, ...]:
    """Given a contract, return when fewer or more people are resident than promised."""
    return tuple(_short_staffings(context))


def _short_staffings(context: RuleContext) -> Iterator[Violation]:
    for staffing in context.contract.staffings:
        if staffing.resident is None:
            continue
        for hours, number in _resident_outside(context, staffing.people, staffing.resident):
            first, last = (at.astimezone(context.zone).date() for at in (hours[0], hours[1] - _MOMENT))
            message = f"{_people(number)} resident {_days(first, last)}; required: {staffing.resident}"
            away = [each for each in find_absences(context, staffing.people, [hours]) if each.override]
            teams = [] if away else _teams_of(context, staffing.people, staffing.resident)
            causes = (
                *(_short(context, teams, first, last=last) if teams else ()),
                *((absences(away),) if away else ()),
                *_absent(context, staffing.people, first, last=last),
            )
            why = f" ({describe_absences(context, away)})" if away else people_changes(context, staffing.people)
            yield Violation(
                f"staffing/{staffing.name}",
                message + why,
                ("resident",),
                rests_on=causes if number < staffing.resident.least else (),
            )


def _resident_outside(context: RuleContext, people: tuple[str, ...], bounds: Bounds) -> Iterator[tuple[Interval, int]]:
    """Yield when how many of some people are there, leave considered, where it is out of bounds: joined, in order."""
    by_number = groupby(attendance_of(context, people), key=lambda spell: len(spell[2].people))
    for number, several in by_number:
        spells = list(several)
        if number not in bounds:
            yield (spells[0][0], spells[-1][1]), number


def _resident(context: RuleContext) -> Iterator[Violation]:
    yield from context.once(short_staffings)


def _teams_of(context: RuleContext, people: Iterable[str], bounds: Bounds) -> list[str]:
    """Return the teams that are part of some people, if those of them that are as large as promised are enough."""
    members, teams = _members(context), context.contract.teams
    sized = {name: those for name, those in members.items() if name in teams and teams[name].headcount}
    parts = [name for name, those in sized.items() if set(those) <= set(people)]
    least = sum(bound.least for name in parts if (bound := teams[name].headcount))
    return parts if least >= bounds.least else []


def _short(context: RuleContext, teams: Iterable[str], first: date, *, last: date) -> tuple[Cause, ...]:
    """Return the key for days on which one of some teams is smaller than promised."""
    return (uncovered((f"team/{name}" for name in teams), [days_interval(context, first, last)]),)


def _absent(context: RuleContext, names: Iterable[str], first: date, *, last: date) -> tuple[Cause, ...]:
    """Return the key for those of some people who have left by then, or not begun, within the span looked at."""
    start, end = (at.date() for at in context.span)
    people = [context.contract.people[name] for name in names]
    found = []
    for each in people:
        left, begins = each.ended_on(first), each.starts_after(last)
        if left is not None and start <= left + _DAY:
            found.append(Absence(each.name, left=True, day=left))
        elif begins is not None and begins < end and not each.works_on(last):
            found.append(Absence(each.name, day=begins))
    away = absences(found)
    return (away,) if away.names else ()


def _outside(context: RuleContext, names: Iterable[str], bounds: Bounds) -> Iterator[tuple[date, date, int]]:
    """Given people, yield from which day to which (both included) how many are there, where it is out of bounds."""
    start, end = (at.date() for at in context.span)
    changes: Counter[date] = Counter()
    for period in (period for name in names for period in context.contract.people[name].employed):
        first = max(period.first, start)
        after = min(period.last + _DAY, end) if period.last else end
        if first < after:
            changes[first] += 1
            changes[after] -= 1
    number = 0
    for day, following in pairwise(sorted({start, end, *changes})):
        number += changes[day]
        if number not in bounds:
            yield day, following - _DAY, number


def _on_site(context: RuleContext) -> Iterator[Violation]:
    for staffing in context.contract.staffings:
        if staffing.on_site is None:
            continue
        duty_intervals = [_there(context, name) for name in staffing.rosters]
        for number, spells in _numbers_outside(duty_intervals, staffing.on_site).items():
            when, promised = format_recurrence(context, spells), staffing.on_site
            gap = uncovered((f"roster/{name}" for name in staffing.rosters), spells)
            yield Violation(
                f"staffing/{staffing.name}",
                f"{_people(number)} on site {when}; required: {promised}",
                ("on_site",),
                repeats=recurrence(context, spells),
                rests_on=(gap,) if number < promised.least else (),
            )


def _there(context: RuleContext, roster: str) -> Sequence[DutyInterval]:
    """Return a roster's watches; of one on standby nobody is there."""
    duty_intervals = duty_by_roster(context)[roster]
    if not context.contract.rosters[roster].is_standby:
        return duty_intervals
    return [replace(interval, ready=replace(interval.ready, people=())) for interval in duty_intervals]


def _numbers_outside(
    rosters: Iterable[Iterable[DutyInterval]], bounds: Bounds
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Given rosters' watches, return when the people on any of them are too few or too many, by their number."""
    changes: dict[datetime, list[tuple[int, tuple[str, ...]]]] = {}
    for duty_intervals in rosters:
        for interval in duty_intervals:
            changes.setdefault(interval.start, []).append((1, interval.people))
            changes.setdefault(interval.end, []).append((-1, interval.people))
    there: Counter[str] = Counter()
    watched = 0
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for at, following in pairwise(sorted(changes)):
        for step, people in changes[at]:
            watched += step
            there.update(dict.fromkeys(people, step))
        number = sum(count > 0 for count in there.values())
        if watched and number not in bounds:
            spells = found.setdefault(number, [])
            if spells and spells[-1][1] == at:
                spells[-1] = (spells[-1][0], following)
            else:
                spells.append((at, following))
    return found


def _people(number: int) -> str:
    return "1 person is" if number == 1 else f"{number or 'no'} people are"


def _days(first: date, last: date) -> str:
    return f"on {first}" if first == last else f"from {first} to {last}"


RULES = (
    Rule(
        code="OP305",
        family="people",
        severity=Severity.ERROR,
        title="A team is smaller or larger than required",
        why="The contract sets the size of each team for every day of its period.",
        remedy="Add people from the day on which someone leaves, or agree on a different size.",
        find=_headcount,
    ),
    Rule(
        code="OP306",
        family="people",
        severity=Severity.ERROR,
        title="Fewer people are resident than required",
        why="The contract requires resident people on every day of its period.",
        remedy="Let the successor start before the predecessor leaves.",
        find=_resident,
    ),
    Rule(
        code="OP307",
        family="people",
        severity=Severity.ERROR,
        title="Fewer or more people are on site than required",
        why="The contract sets how many people are on site during service hours.",
        remedy="Change on_duty of the roster, or add an override for the absence.",
        find=_on_site,
    ),
)
