"""Rules about changes of duty: overrides, and what a change of the policies does to today and to the past.

Comes in: what is given. Goes out: hits. Registered in `registry`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import groupby

from opspact.analyse.duty import and_more, begin, called, spell, watches_by_roster, who_path
from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.contract import Contract
from opspact.model.finding import Severity
from opspact.model.roster.changes import DutyChange, duty_changes
from opspact.model.roster.duty import known_until

_DAY = timedelta(days=1)
_CALENDARS_OF_LATER = (
    "a calendar that changes, changes the past too: leave it as it is and write another one, for a roster from a later "
    "day on; or mend the day that was wrong in it, and have that agreed"
)


def _changes_nothing(given: Given) -> Iterator[Hit]:
    in_force = {
        (absence.override.name, name)
        for name, watches in watches_by_roster(given).items()
        for watch in watches
        for absence in watch.ready.absent
        if absence.override is not None
    }
    start, end = begin(given), given.span[1]
    for override in given.contract.duty.overrides:
        if override.end <= start or override.start >= end:
            continue
        for index, name in enumerate(override.rosters):
            known = known_until(given.contract, given.contract.duty.rosters[name])
            if (override.name, name) not in in_force and (known is None or override.start < known):
                when = spell(given, override.start, override.end)
                message = f"{called(given, override.away)} is not on duty on {name} {when} anyway"
                yield Hit(f"override/{override.name}", message, ("roster", index))


def _past_and_today(given: Given) -> Iterator[Hit]:
    if given.before is None:
        return
    today = datetime.combine(given.day, time(), given.zone)
    first = datetime.combine(given.contract.period[0], time(), given.zone)
    if first < today:
        changes = duty_changes(given.before, given.contract, start=first, end=today)
        yield from _told(given, changes, "was on duty in the past", way_out="what was stays: write from today on")
    # An override, or somebody's last day, says openly that today is another: only a rotation may not do so by the way.
    before, after = _as_planned(given.before), _as_planned(given.contract)
    changes = duty_changes(before, after, start=max(first, today), end=today + _DAY)
    known = [change for change in changes if change.roster in given.before.duty.rosters]
    yield from _told(given, known, "is on duty today", way_out="")


def _as_planned(contract: Contract) -> Contract:
    """Return a contract in which nobody is away, comes or goes."""
    people = {name: replace(person, since=None, until=None) for name, person in contract.people.items()}
    return replace(contract, people=people, duty=replace(contract.duty, overrides=()))


def _told(given: Given, changes: Iterable[DutyChange], what: str, *, way_out: str) -> Iterator[Hit]:
    """Yield one hit for each roster: its first change, and how many more there are."""
    for name, several in groupby(changes, key=lambda change: change.roster):
        first, *more = several
        when = spell(given, first.start, first.end)
        who = f"{_names(given, first.after)} instead of {_names(given, first.before)}"
        message = f"the change alters who {what}: {name} {when}, {who}{and_more(len(more), 'spell')}"
        roster = given.contract.duty.rosters.get(name)
        hours = first.before is None or first.after is None  # to be covered on one side alone
        if roster and hours:
            message = f"the change alters which hours are covered: {name} {when}, {who}{and_more(len(more), 'spell')}"
            yield Hit(roster.policy, message, ("hours",), _CALENDARS_OF_LATER)
        else:
            yield Hit(f"roster/{name}", message, who_path(roster) if roster else (), way_out)


def _names(given: Given, those: tuple[str, ...] | None) -> str:
    before = given.before.people if given.before else {}
    people = {**before, **given.contract.people}
    return " and ".join(people[name].text.en for name in those or ()) or "nobody"


RULES = (
    Rule(
        code="OP321",
        family="people",
        severity=Severity.WARNING,
        title="An override changes nothing",
        why="Somebody is taken off a roster at a time when they are not on it: the wrong week, or the wrong roster.",
        mend="Mend its days or its roster, or remove it.",
        find=_changes_nothing,
    ),
    Rule(
        code="OP322",
        family="people",
        severity=Severity.WARNING,
        title="A change alters who is on duty today, or who was",
        why="A person added to a rotation moves everybody's turn, at once and in the records, unless it begins later.",
        mend="Keep the rotation as it is, and add another to the list with its own since; for one day, an override.",
        find=_past_and_today,
    ),
)
