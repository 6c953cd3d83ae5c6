"""Carrying all rules out.

Comes in: what is given. Goes out: findings in order, the heaviest first. Called by the command `check` and by plans.
"""

from collections.abc import Iterable

from opspact.analyse.registry import RULES
from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.finding import Finding
from opspact.model.written import WrittenPolicies


def analyse(given: Given, rules: Iterable[Rule] = RULES.values()) -> tuple[Finding, ...]:
    """Given a contract, return what the rules find, each thing once, the heaviest first."""
    written = given.contract.written
    found = {_finding(rule, hit, written) for rule in rules for hit in rule.find(given)}
    return tuple(sorted(found, key=lambda finding: finding.weight))


def _finding(rule: Rule, hit: Hit, written: WrittenPolicies) -> Finding:
    policy = written.policies.get(hit.policy) or written.of("contract")[0]
    place = policy.lines.at(*hit.path)
    last_line = policy.lines.last_line(*hit.path)
    return Finding(
        code=rule.code,
        severity=hit.severity or rule.severity,
        place=place,
        message=hit.message,
        help=hit.help or rule.mend,
        clauses=policy.origin.clauses,
        policy=hit.policy,
        last_line=last_line if last_line > place.line else 0,
        source=policy.lines.shown(place.line),
    )
