"""Rules about numbers that several people share: whoever is called there is not who was meant.

Comes in: a rule context. Goes out: violations. A number is never shown.
"""

import re
from collections.abc import Iterator
from itertools import combinations

from opspact.analyse.duty import called
from opspact.analyse.ladders import members, notices
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.policies.person import Person
from opspact.model.roster.rotation import spans
from opspact.model.time.intervals import intersection
from opspact.text.called_numbers import is_the_end, plain_number
from opspact.text.names import join_names
from opspact.values.secret import SecretReference

_CALLED = re.compile(r"mobile|cell|phone|tel|sms|pager", re.IGNORECASE)
"""Names of channels with numbers: a mailbox or a chat may well be one for several people."""


def _same_number(context: RuleContext) -> Iterator[Violation]:
    by_number: dict[str, list[tuple[str, str]]] = {}
    for person in context.contract.people.values():
        for channel, number in _numbers(person):
            by_number.setdefault(number, []).append((person.name, channel))
    for several in _joined(by_number):
        people = tuple(dict.fromkeys(name for name, _ in several))
        sharing = [pair for pair in combinations(people, 2) if _is_together(context, *pair)]
        if not sharing:
            continue
        those = [name for name in people if any(name in pair for pair in sharing)]
        channel = next(channel for name, channel in several if name == those[-1])
        used = next((use for use in _uses(context, channel) if any(_are_both_in(pair, use) for pair in sharing)), None)
        message = f"{join_names([called(context, name) for name in those])} have the same {channel} number"
        yield Violation(
            f"person/{those[-1]}",
            f"{message}, and {used[0]} needs each of them" if used else message,
            ("channels", channel),
            severity=None if used else Severity.NOTE,
            hidden=True,
        )


def _numbers(person: Person) -> Iterator[tuple[str, str]]:
    """Yield the channels of somebody that are numbers, each with its number, or where that is kept."""
    for channel, value in person.channels.items():
        if isinstance(value, SecretReference):
            if _CALLED.search(channel):
                yield channel, str(value)
        elif digits := plain_number(value):
            yield channel, digits


def _joined(by_number: dict[str, list[tuple[str, str]]]) -> Iterator[list[tuple[str, str]]]:
    """Yield who has the same number: written `+86 138…`, `0086 138…` or, at home, `138…`."""
    joined: dict[str, list[tuple[str, str]]] = {}
    for number in sorted(by_number, key=lambda each: (-len(each), each)):
        whole = next((each for each in joined if is_the_end(number, each)), number)
        joined.setdefault(whole, []).extend(by_number[number])
    yield from joined.values()


def _is_together(context: RuleContext, one: str, other: str) -> bool:
    """Whether two people are with the contract at one time: a successor may well take over a number."""
    hours = [spans(context.contract.people[name], context.zone) for name in (one, other)]
    return bool(intersection(intersection(*hours), [context.span]))


_Use = tuple[str, tuple[tuple[str, ...], ...]]
"""What counts on people one by one (`ladder/major`): the people of each of its steps, or each person on duty."""


def _uses(context: RuleContext, channel: str) -> Iterator[_Use]:
    for ladder in context.contract.ladders.values():
        steps = [each for each in notices(ladder) if not each.by or channel in each.by]
        yield ladder.policy, tuple(members(context, step.whom) for step in steps)
    for roster in context.contract.rosters.values():
        if roster.on_duty > 1:
            yield roster.policy, tuple((name,) for name in roster.named)


def _are_both_in(pair: tuple[str, str], use: _Use) -> bool:
    """Whether two people are counted on at different steps of one thing."""
    one, other = pair
    places = combinations(use[1], 2)
    return any((one in first and other in second) or (other in first and one in second) for first, second in places)


RULES = (
    Rule(
        code="OP326",
        family="people",
        severity=Severity.WARNING,
        title="Several people have the same number",
        why="Whoever holds the telephone answers for all of them: calling the next person reaches nobody else.",
        remedy="Give each person a number of their own, or let a roster decide who holds the shared telephone.",
        find=_same_number,
    ),
)
