"""Rules about the contract as a whole.

Comes in: what is given. Goes out: hits. Registered in `registry`.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Given, Hit, Rule
from opspact.model.finding import Severity


def _period_is_over(given: Given) -> Iterator[Hit]:
    last = given.contract.period[1]
    if last < given.day:
        message = f"the contract's period ended on {last}; nothing is promised any more"
        yield Hit(f"contract/{given.contract.name}", message, ("period",), "renew the period, or take the hosts out")


RULES = (
    Rule(
        code="OP200",
        family="contract",
        severity=Severity.WARNING,
        title="The contract's period is over",
        why="What a contract that ended asks for is carried on without anybody having agreed to it.",
        mend="Write the new period once it is signed; or remove the policies, and apply once more to clean the hosts.",
        find=_period_is_over,
    ),
)
