"""Which approvals a plan needs, by the policies of the base.

In: the base, the contract as it is to be, a plan. Out: requirements.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES as REDUCTIONS
from opspact.analyse.run import analyse
from opspact.evidence.approvals import Requirement, required
from opspact.model.contract import Contract
from opspact.model.finding import Finding, Severity
from opspact.plan.change import Change
from opspact.plan.plan import Plan
from opspact.rollout.base import Base
from opspact.steps.table_rows import TableRows

APPLY, DESTRUCTIVE, WEAKENING = "apply", "destructive", "weakening"


def requirements(base: Base, head: Contract, plan: Plan, *, day: date) -> tuple[Requirement, ...]:
    """Given the base, the contract as it is to be, a plan and today's day there, return the approvals it needs."""
    acts, destroys = not plan.is_empty, is_any_destructive(plan)
    return requirements_of(base, head, acts=acts, destroys=destroys, reductions=partial(reductions_of, base, head, day))


def requirements_of(
    base: Base, head: Contract, *, acts: bool, destroys: bool, reductions: Callable[[], Iterable[Finding]]
) -> tuple[Requirement, ...]:
    """Given the base, the contract as it is to be, and whether a plan changes hosts and destroys data, return the same.

    A plan that changes no host still puts policies into effect, if they are others than those of the base.
    `reductions` returns which commitments are reduced.
    """
    is_other = base.contract.digest != head.digest
    is_asked = any(WEAKENING in approval.occasions for approval in base.contract.approvals)
    is_weaker = is_other and is_asked and any(each.severity is not Severity.NOTE for each in reductions())
    occasions = {APPLY: acts or is_other, DESTRUCTIVE: destroys, WEAKENING: is_weaker}
    asked = tuple(name for name, holds in occasions.items() if holds)
    return tuple(
        required(base.contract, approval, needed)
        for approval in base.contract.approvals
        if (needed := tuple(name for name in asked if name in approval.occasions))
    )


def is_destructive(change: Change) -> bool:
    """Whether a change deletes data that nothing else has: rows of a table that are not listed in the policy.

    Else opspact deletes only what it made: packages leave their data, accounts are closed, copies of backups stay.
    """
    return change.action.makes and isinstance(change.step, TableRows) and change.step.removes


def is_any_destructive(plan: Plan) -> bool:
    """Whether a plan deletes such data anywhere."""
    return any(is_destructive(change) for host in plan.hosts for change in host.changes)


def reductions_of(base: Base, head: Contract, day: date) -> tuple[Finding, ...]:
    """Given the base, the contract as it is to be, and today's day there, return which commitments are reduced."""
    return analyse(RuleContext(head, day, before=base.contract), REDUCTIONS)
