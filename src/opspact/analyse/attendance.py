"""Who is there of people whom policies name: with the contract, and not on leave.

Comes in: a rule context, names of people. Goes out: spells, the hours in which too few are there, and why.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from opspact.analyse.rule import RuleContext
from opspact.model.roster.duty import describe_absence
from opspact.model.roster.rotation import Absence, Spell, attendance
from opspact.model.time.calendar import Interval
from opspact.model.time.intervals import intersection, union
from opspact.text.names import join_names


@lru_cache(maxsize=256)
def attendance_of(context: RuleContext, people: tuple[str, ...]) -> tuple[Spell, ...]:
    """Given people, return who of them is there within the span looked at: spells that touch, in order."""
    start, end = context.span
    return tuple(attendance(context.contract, people, start=start, end=end)) if start < end else ()


def shortage_hours(context: RuleContext, people: tuple[str, ...], *, least: int = 1) -> list[Interval]:
    """Given people, return the hours (UTC, in order) in which fewer than `least` of them, or stand-ins, are there."""
    spells = attendance_of(context, people)
    return union((start, end) for start, end, ready in spells if len(ready.people) < least)


def find_absences(context: RuleContext, people: tuple[str, ...], hours: Sequence[Interval]) -> tuple[Absence, ...]:
    """Given people and hours, return the absences of some of that time, each once, in order.

    Who is with the contract at no time that is looked at is no reason, unless there is no other one.
    """
    found: dict[Absence, None] = {}
    for start, end, ready in attendance_of(context, people):
        if ready.absent and intersection([(start, end)], hours):
            found.update(dict.fromkeys(ready.absent))
    here = {name for name in people if _is_here(context, name)}
    return tuple(each for each in found if each.override or each.person in here) or tuple(found)


def _is_here(context: RuleContext, name: str) -> bool:
    """Whether somebody is with the contract at some time within the span looked at."""
    first, last = context.span
    return context.contract.people[name].works_between(first.date(), last.date())


def describe_absences(context: RuleContext, absent: Iterable[Absence]) -> str:
    """Given absences, return them in words: `Li Na is on leave and Wang Fang starts on 2026-03-01`."""
    return join_names(list(dict.fromkeys(describe_absence(context.contract, each) for each in absent)))
