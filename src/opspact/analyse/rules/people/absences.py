"""Rules about absences: one person away, and several promises that count on them.

Comes in: a rule context, what other rules say of it. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.cause import Affected, Condition, affected
from opspact.analyse.duty import called, format_interval
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.desk.ladders import unreachable_steps
from opspact.analyse.rules.people.fitness import absent_people_named
from opspact.analyse.rules.people.headcounts import short_staffings, short_teams
from opspact.analyse.rules.people.responsibilities import missing_approvers, missing_responsibilities
from opspact.analyse.rules.people.roster_coverage import roster_gaps
from opspact.model.finding import Severity
from opspact.text.names import join_names

_TELLING = (
    roster_gaps,
    short_teams,
    short_staffings,
    absent_people_named,
    unreachable_steps,
    missing_responsibilities,
    missing_approvers,
)
"""What speaks of promises that somebody's absence breaks."""

_REPLACEMENT = "Add a replacement to the override (instead), or name someone else in each policy."
_UNTIL_THEN = "Name someone else in each policy until then; a rotation can begin later (since)."


def _breaks_several(context: RuleContext) -> Iterator[Violation]:
    broken: dict[str, list[str]] = {}
    for tell in _TELLING:
        for violation in context.once(tell):
            for name in _absent(violation):
                broken.setdefault(name, []).append(violation.policy)
    for name, policies in sorted(broken.items()):
        if len(policies) > 1:
            policy, field, *day = name.split(" ")
            person = context.contract.people.get(policy.removeprefix("person/"))
            path = "employed" if person and len(person.employed) > 1 else field
            those = sorted(set(policies))
            depend = "depends" if len(those) == 1 else "depend"
            message = f"{_absence(context, policy, field, day=''.join(day))}, but {join_names(those)} {depend} on them"
            help_ = _REPLACEMENT if policy.startswith("override/") else _UNTIL_THEN if field == "from" else ""
            yield Violation(policy, message, (path,), help_, states=(affected(Condition.ABSENT, name),))


def _absent(violation: Violation) -> Iterator[str]:
    """Yield the one absence on which a violation rests, if it is one alone."""
    for cause in violation.rests_on:
        if isinstance(cause, Affected) and cause.condition is Condition.ABSENT and len(cause.names) == 1:
            yield from cause.names


def _absence(context: RuleContext, policy: str, field: str, *, day: str) -> str:
    """Given an absence by the policy and the field that say so, return it in words; `day`: the first or the last."""
    kind, _, name = policy.partition("/")
    if kind == "override":
        override = next(each for each in context.contract.overrides if each.name == name)
        return f"{called(context, override.away)} is away {format_interval(context, override.start, override.end)}"
    if field == "from":
        return f"{called(context, name)} starts on {day}"
    last = f"{called(context, name)}'s last day {'was' if day < str(context.day) else 'is'} {day}"
    returns = min((str(it.first) for it in context.contract.people[name].employed if str(it.first) > day), default="")
    return f"{last}, until they return on {returns}" if returns else last


RULES = (
    Rule(
        code="OP309",
        family="people",
        severity=Severity.NOTE,
        title="One absence affects several policies",
        why="The absence causes several findings; it must be covered in each of these policies.",
        remedy="Name a successor in each policy from the day after, or add an override.",
        find=_breaks_several,
    ),
)
