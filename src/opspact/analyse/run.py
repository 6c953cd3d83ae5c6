"""Carrying rules out.

Comes in: a rule context. Goes out: findings in order, the heaviest first.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse import acceptance
from opspact.analyse.consequences import Claim, assign_causes
from opspact.analyse.registry import RULES
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.errors import Place
from opspact.model.finding import Finding
from opspact.model.policy_index import Policy, PolicyIndex


def analyse(context: RuleContext, rules: Iterable[Rule] = RULES.values()) -> tuple[Finding, ...]:
    """Given a contract, return what the rules find, each thing once, the heaviest first; what is accepted as notes.

    Each finding has an id, and names the findings that it follows from.
    """
    asked = {rule.code: rule for rule in rules}
    written = context.contract.policy_index
    later = [rule for rule in acceptance.LATER if rule.code in asked]
    needed = _accepted(context) if later else {}
    found = _claims(((rule, each) for rule in (needed | asked).values() for each in rule.find(context)), written)
    if later:
        found |= _claims(acceptance.later(found, context, RULES), written)
    findings = assign_causes(claim for claim in found.values() if claim.finding.code in asked)
    return tuple(sorted(acceptance.apply_acceptances(findings, context), key=lambda finding: finding.weight))


def _claims(violations: Iterable[tuple[Rule, Violation]], written: PolicyIndex) -> dict[Finding, Claim]:
    """Return what was found, each thing once: its finding, what it states and what it rests on."""
    found: dict[Finding, Claim] = {}
    for rule, violation in violations:
        finding = _finding(rule, violation, written)
        found.setdefault(finding, Claim(finding, violation.states, violation.rests_on))
    return found


def _accepted(context: RuleContext) -> dict[str, Rule]:
    """Return the rules of which findings are accepted: whether they are still there must be known."""
    return {code: rule for code in _codes(context) if (rule := RULES.get(code)) is not None}


def _codes(context: RuleContext) -> Iterator[str]:
    return (accepted.finding for accepted in context.contract.accepted)


def _finding(rule: Rule, violation: Violation, written: PolicyIndex) -> Finding:
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
        source=policy.lines.source_line(place.line) if is_shown else "",
        about=violation.about,
        subject=violation.subject,
        repeats=violation.repeats,
    )


def _is_in(policy: Policy, place: Place) -> bool:
    """Whether a place is one in a policy's own document."""
    begin = policy.lines.at()
    return place.file == begin.file and begin.line <= place.line <= policy.lines.last_line()
