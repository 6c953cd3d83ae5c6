"""Rules about the contract as a whole.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.expiry import format_end, severity_of_end
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity


def _period_ends(context: RuleContext) -> Iterator[Violation]:
    last = context.contract.period.last
    severity = severity_of_end(last, context.day)
    if severity is not None:
        yield Violation(
            f"contract/{context.contract.name}",
            f"the contract's period {format_end(last, context.day)}",
            ("period",),
            "Extend the period, or remove the hosts.",
            severity=severity,
        )


RULES = (
    Rule(
        code="OP200",
        family="contract",
        severity=Severity.WARNING,
        title="The contract has expired or expires soon",
        why="Policies of an expired contract stay in force although no one has agreed to them.",
        remedy="Set the new period once it is signed; or remove the policies and apply, which cleans up the hosts.",
        find=_period_ends,
    ),
)
