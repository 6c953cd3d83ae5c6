"""Rules about the contract as a whole.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity


def _period_is_over(context: RuleContext) -> Iterator[Violation]:
    last = context.contract.period.last
    if last < context.day:
        message = f"the contract's period ended on {last}"
        yield Violation(
            f"contract/{context.contract.name}", message, ("period",), "Extend the period, or remove the hosts."
        )


RULES = (
    Rule(
        code="OP200",
        family="contract",
        severity=Severity.WARNING,
        title="The contract has expired",
        why="Policies of an expired contract stay in force although no one has agreed to them.",
        remedy="Set the new period once it is signed; or remove the policies and apply, which cleans up the hosts.",
        find=_period_is_over,
    ),
)
