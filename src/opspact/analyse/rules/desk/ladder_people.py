"""Rules about ladders as far as people go: does each step reach somebody else?

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from opspact.analyse.attendance import attendance_of
from opspact.analyse.cause import Cause, Condition, affected
from opspact.analyse.duty import called, duty_by_roster
from opspact.analyse.ladders import members, notices
from opspact.analyse.recurrence import format_recurrence, recurrence
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.values.recipient import Recipient

_Reached = Sequence[tuple[datetime, datetime, frozenset[str]]]


def _same_person_twice(context: RuleContext) -> Iterator[Violation]:
    for ladder in context.contract.ladders.values():
        for one, other in combinations(notices(ladder), 2):
            if one.whom == other.whom and other.by and not set(other.by) <= set(one.by):
                continue  # notified again, by another channel: intended
            nobody_new = "team" in {one.whom.kind, other.whom.kind}
            found = list(_overlaps(_reached(context, one.whom), _reached(context, other.whom), nobody_new=nobody_new))
            if found:
                names = " and ".join(called(context, name) for name in sorted(found[0][2]))
                both = f"{one.title} and {other.title}" if other.is_last else f"steps {one.number} and {other.number}"
                spells = [(start, end) for start, end, _ in found]
                people = sorted({name for _, _, those in found for name in those})
                yield Violation(
                    ladder.policy,
                    f"{both} ({one.whom}, {other.whom}) both reach {names} {format_recurrence(context, spells)}",
                    other.path,
                    subject=other.title,
                    repeats=recurrence(context, spells),
                    rests_on=_on_two_rosters(one.whom, other.whom, people),
                )


def _on_two_rosters(one: Recipient, other: Recipient, people: Sequence[str]) -> tuple[Cause, ...]:
    """Return the key for people who are on both rosters at once, if both are rosters."""
    first, second = sorted((one.name, other.name))
    if {one.kind, other.kind} != {"roster"} or first == second:
        return ()
    return (affected(Condition.ON_TWO_ROSTERS, *(f"{person} {first} {second}" for person in people)),)


def _reached(context: RuleContext, recipient: Recipient) -> _Reached:
    """Return whom a step reaches, and when, within the span looked at."""
    if recipient.kind == "roster":
        duty_intervals = duty_by_roster(context)[recipient.name]
        return [(interval.start, interval.end, frozenset(interval.people)) for interval in duty_intervals]
    spells = attendance_of(context, members(context, recipient))
    return [(start, end, frozenset(there.people)) for start, end, there in spells]


def _overlaps(
    one: _Reached, other: _Reached, *, nobody_new: bool
) -> Iterator[tuple[datetime, datetime, frozenset[str]]]:
    """Yield when both reach the same people; `nobody_new`: only when the later step reaches nobody else."""
    first = second = 0
    while first < len(one) and second < len(other):
        start, end = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        both = one[first][2] & other[second][2]
        if start < end and both and (not nobody_new or other[second][2] <= one[first][2]):
            yield start, end, both
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1


RULES = (
    Rule(
        code="OP304",
        family="people",
        severity=Severity.WARNING,
        title="Two steps of a ladder reach the same person",
        why="If this person does not answer, the next step notifies no one new, and time is lost.",
        remedy="Do not schedule anyone on both rosters at the same time, or name someone else in the step.",
        find=_same_person_twice,
    ),
)
