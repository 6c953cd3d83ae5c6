"""Rules about who is on duty: trained, certified, of the right team, still and already there.

Comes in: what is given. Goes out: hits. Registered in `registry`.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from opspact.analyse.duty import begin, called, shifts_by_person, who_path
from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.finding import Severity
from opspact.model.roster.duty import Shift

_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)


def _on_duty(given: Given) -> Iterator[tuple[str, str, Sequence[Shift]]]:
    """Yield each person and roster, and that person's shifts there, in order."""
    for person, shifts in shifts_by_person(given).items():
        by_roster: dict[str, list[Shift]] = {}
        for shift in shifts:
            by_roster.setdefault(shift.roster, []).append(shift)
        for roster, those in by_roster.items():
            yield person, roster, those


def _day(given: Given, at: datetime) -> date:
    return at.astimezone(given.zone).date()


def _untrained(given: Given) -> Iterator[Hit]:
    trainings, rosters = given.contract.duty.trainings, given.contract.duty.rosters
    for person, roster, shifts in _on_duty(given):
        first = _day(given, shifts[0].start)
        asked = rosters[roster].requires.trainings
        for name in sorted(
            {*asked, *(each.name for each in trainings.values() if not each.schedule and person in each.audience)}
        ):
            done = trainings[name].done.get(person)
            if done is None or done > first:
                had = f"has {name} only on {done}" if done else f"has not had {name} yet"
                message = f"{called(given, person)} is on {roster} on {first}, and {had}"
                path = ("requires", "trainings") if name in asked else who_path(rosters[roster])
                yield Hit(
                    f"roster/{roster}", message, path, f"hold the training before, and note it in training {name}"
                )


def _wrong_team(given: Given) -> Iterator[Hit]:
    for person, roster, shifts in _on_duty(given):
        first = _day(given, shifts[0].start)
        teams = given.contract.duty.rosters[roster].requires.teams
        if teams and not set(teams) & set(given.contract.people[person].teams):
            message = f"{called(given, person)} is on {roster} on {first}, and is not in {' or '.join(teams)}"
            yield Hit(f"roster/{roster}", message, ("requires", "teams"))


def _uncertified(given: Given) -> Iterator[Hit]:
    for person, roster, shifts in _on_duty(given):
        first = _day(given, shifts[0].start)
        held = {each.name: each.until or date.max for each in given.contract.people[person].certificates}
        for name in given.contract.duty.rosters[roster].requires.certificates:
            if name not in held:
                message = f"{called(given, person)} is on {roster} on {first}, without the certificate {name}"
                yield Hit(f"roster/{roster}", message, ("requires", "certificates"))
            elif held[name] < _day(given, shifts[-1].end - _MOMENT):
                days = ((_day(given, shift.start), _day(given, shift.end - _MOMENT)) for shift in shifts)
                day = next(max(begin, held[name] + _DAY) for begin, last in days if last > held[name])
                message = f"{called(given, person)} is on {roster} on {day}; the certificate {name} ends {held[name]}"
                yield Hit(f"roster/{roster}", message, ("requires", "certificates"))


def _gone(given: Given) -> Iterator[Hit]:
    first, last = (at.date() for at in given.span)
    people = given.contract.people
    records = _records(given)
    for reference in given.contract.written.references:
        kind, _, name = reference.to.partition("/")
        if kind != "person" or (reference.by, name) in records:
            continue
        person = people[name]
        if person.until is not None and person.until < first:
            message = f"{called(given, name)}'s last day was {person.until}, and {reference.by} still names them"
        elif person.since is not None and person.since >= last:
            message = f"{called(given, name)} begins on {person.since}, after the contract; {reference.by} names them"
        else:
            continue
        yield Hit(reference.by, message, place=reference.place)


def _records(given: Given) -> set[tuple[str, str]]:
    """Return what names a person as a record of what has been: trainings they have had, overrides that are over."""
    duty = given.contract.duty
    found = set()
    for training in duty.trainings.values():
        for name in training.done:
            if name != training.trainer:
                found.add((f"training/{training.name}", name))
    start = begin(given)
    for override in duty.overrides:
        if override.end <= start:
            found |= {(f"override/{override.name}", name) for name in (override.away, override.instead) if name}
    return found


RULES = (
    Rule(
        code="OP312",
        family="people",
        severity=Severity.ERROR,
        title="Somebody is on duty before their training",
        why="The contract promises that people are trained before they take up the post.",
        mend="Hold the training first and note its day in done, or put somebody else on the roster.",
        find=_untrained,
    ),
    Rule(
        code="OP313",
        family="people",
        severity=Severity.ERROR,
        title="Somebody on duty is not in a team that the roster asks for",
        why="The roster promises people of that team.",
        mend="Put somebody of the team on the roster, or add the team to the person.",
        find=_wrong_team,
    ),
    Rule(
        code="OP314",
        family="people",
        severity=Severity.ERROR,
        title="Somebody on duty has no valid certificate that the roster asks for",
        why="The roster promises certified people, on every day.",
        mend="Renew the certificate and note its last day, or put somebody else on the roster.",
        find=_uncertified,
    ),
    Rule(
        code="OP320",
        family="people",
        severity=Severity.WARNING,
        title="Somebody who has left, or is never there, is still named",
        why="Who has left appears nowhere, on paper or on a host; a name that stays behind misleads.",
        mend="Take the person out of the policy, or mend their from and until.",
        find=_gone,
    ),
)
