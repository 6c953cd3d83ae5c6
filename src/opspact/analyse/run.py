"""Carrying rules out.

Comes in: a rule context. Goes out: findings in order, the heaviest first.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse import acceptance
from opspact.analyse.registry import RULES
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.errors import Place
from opspact.model.finding import Finding
from opspact.model.policy_index import Policy, WrittenPolicies


def analyse(context: RuleContext, rules: Iterable[Rule] = RULES.values()) -> tuple[Finding, ...]:
    """Given a contract, return what the rules find, each thing once, the heaviest first; what is accepted as notes."""
    asked = {rule.code: rule for rule in rules}
    written = context.contract.written
    later = [rule for rule in acceptance.LATER if rule.code in asked]
    needed = _accepted(context) if later else {}
    found = {
        _finding(rule, violation, written) for rule in (needed | asked).values() for violation in rule.find(context)
    }
    if later:
        found |= {_finding(rule, violation, written) for rule, violation in acceptance.later(found, context, RULES)}
    kept = (finding for finding in found if finding.code in asked)
    return tuple(sorted(acceptance.settled(kept, context), key=lambda finding: finding.weight))


def _accepted(context: RuleContext) -> dict[str, Rule]:
    """Return the rules of which findings are accepted: whether they are still there must be known."""
    return {code: rule for code in _codes(context) if (rule := RULES.get(code)) is not None}


def _codes(context: RuleContext) -> Iterator[str]:
    return (accepted.finding for accepted in context.contract.accepted)


def _finding(rule: Rule, violation: Violation, written: WrittenPolicies) -> Finding:
    policy = written.policies.get(violation.policy) or written.of("contract")[0]
    place = violation.place or policy.lines.at(*violation.path)
    last_line = 0 if violation.place else policy.lines.last_line(*violation.path)
    is_shown = not violation.hidden and _is_in(policy, place)
    return Finding(
        code=rule.code,
        severity=violation.severity or rule.severity,
        place=place,
        message=violation.message,
        help=violation.help or rule.remedy,
        clauses=policy.origin.clauses,
        policy=str(policy),
        last_line=last_line if last_line > place.line else 0,
        source=policy.lines.shown(place.line) if is_shown else "",
        about=violation.about,
    )


def _is_in(policy: Policy, place: Place) -> bool:
    """Whether a place is one in a policy's own document."""
    begin = policy.lines.at()
    return place.file == begin.file and begin.line <= place.line <= policy.lines.last_line()
