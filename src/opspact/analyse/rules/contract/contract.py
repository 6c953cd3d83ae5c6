"""Rules about the contract as a whole.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity


def _period_is_over(context: RuleContext) -> Iterator[Violation]:
    last = context.contract.period.last
    if last < context.day:
        message = f"the contract's period ended on {last}; nothing is promised any more"
        yield Violation(
            f"contract/{context.contract.name}", message, ("period",), "renew the period, or take the hosts out"
        )


RULES = (
    Rule(
        code="OP200",
        family="contract",
        severity=Severity.WARNING,
        title="The contract's period is over",
        why="What a contract that ended asks for is carried on without anybody having agreed to it.",
        remedy="Write the new period once it is signed; or remove the policies, and apply once more to clean the "
        "hosts.",
        find=_period_is_over,
    ),
)
