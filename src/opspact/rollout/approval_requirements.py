"""Which approvals a plan needs, by the policies of the base, and who can give them.

In: the base, the contract as it is to be, a plan. Out: requirements; people.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial

from opspact.analyse.rule import RuleContext
from opspact.analyse.rules.contract.reductions import RULES as REDUCTIONS
from opspact.analyse.run import analyse
from opspact.model.contract import Contract
from opspact.model.finding import Finding, Severity
from opspact.model.policies.approval import Approval
from opspact.model.policies.person import Person
from opspact.plan.change import Change
from opspact.plan.plan import Plan
from opspact.rollout.base import Base
from opspact.steps.table_rows import TableRows
from opspact.structs import Struct

APPLY, DESTRUCTIVE, WEAKENING = "apply", "destructive", "weakening"


class Requirement(Struct):
    """An approval that is needed, and for what: occasions of the policy. `signers`: people who can give it by a key.

    Where nobody can, it is not checked: nobody could ever meet it.
    """

    approval: Approval
    occasions: tuple[str, ...]
    signers: tuple[str, ...]

    @property
    def is_checked(self) -> bool:
        """Whether somebody has a key with which to approve."""
        return bool(self.signers)


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
        Requirement(approval, needed, can_sign(base.contract, approval))
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


def roles_of(person: Person) -> tuple[str, ...]:
    """Return for whom a person approves: their teams; `customer` is one of these."""
    return person.teams


def can_sign(contract: Contract, approval: Approval) -> tuple[str, ...]:
    """Return the people who may give an approval and have a signing key, whether or not they are there today."""
    people = contract.people.values()
    return tuple(each.name for each in people if approval.role in roles_of(each) and each.signing_keys)


def people_named(contract: Contract, names: Iterable[str]) -> frozenset[str]:
    """Given names, accounts or e-mail addresses of people, return the people that they are of."""
    given = {name.casefold() for name in names if name}
    return frozenset(each.name for each in contract.people.values() if not given.isdisjoint(_names(each)))


def _names(person: Person) -> Iterator[str]:
    yield person.name.casefold()
    yield person.account.casefold()
    yield from (each.casefold() for each in person.channels.values() if isinstance(each, str))
