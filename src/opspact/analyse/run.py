"""Carrying rules out.

Comes in: what is given. Goes out: findings in order, the heaviest first.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse import acceptance
from opspact.analyse.registry import RULES
from opspact.analyse.rule import Given, Hit, Rule
from opspact.errors import Place
from opspact.model.finding import Finding
from opspact.model.policy_index import Policy, WrittenPolicies


def analyse(given: Given, rules: Iterable[Rule] = RULES.values()) -> tuple[Finding, ...]:
    """Given a contract, return what the rules find, each thing once, the heaviest first; what is accepted as notes."""
    asked = {rule.code: rule for rule in rules}
    written = given.contract.written
    later = [rule for rule in acceptance.LATER if rule.code in asked]
    needed = _accepted(given) if later else {}
    found = {_finding(rule, hit, written) for rule in (needed | asked).values() for hit in rule.find(given)}
    if later:
        found |= {_finding(rule, hit, written) for rule, hit in acceptance.later(found, given, RULES)}
    kept = (finding for finding in found if finding.code in asked)
    return tuple(sorted(acceptance.settled(kept, given), key=lambda finding: finding.weight))


def _accepted(given: Given) -> dict[str, Rule]:
    """Return the rules of which findings are accepted: whether they are still there must be known."""
    return {code: rule for code in _codes(given) if (rule := RULES.get(code)) is not None}


def _codes(given: Given) -> Iterator[str]:
    return (accepted.finding for accepted in given.contract.accepted)


def _finding(rule: Rule, hit: Hit, written: WrittenPolicies) -> Finding:
    policy = written.policies.get(hit.policy) or written.of("contract")[0]
    place = hit.place or policy.lines.at(*hit.path)
    last_line = 0 if hit.place else policy.lines.last_line(*hit.path)
    is_shown = not hit.hidden and _is_in(policy, place)
    return Finding(
        code=rule.code,
        severity=hit.severity or rule.severity,
        place=place,
        message=hit.message,
        help=hit.help or rule.mend,
        clauses=policy.origin.clauses,
        policy=str(policy),
        last_line=last_line if last_line > place.line else 0,
        source=policy.lines.shown(place.line) if is_shown else "",
        about=hit.about,
    )


def _is_in(policy: Policy, place: Place) -> bool:
    """Whether a place is one in a policy's own document."""
    begin = policy.lines.at()
    return place.file == begin.file and begin.line <= place.line <= policy.lines.last_line()
