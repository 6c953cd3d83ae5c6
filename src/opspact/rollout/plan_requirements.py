"""What apply will ask for before it carries a plan out: shown with the plan.

In: the base, the contract as it is to be, a plan. Out: approvals that are needed, commits that are not signed.
"""

from functools import partial

from opspact.evidence.approvals import Requirement
from opspact.plan.plan import Plan
from opspact.rollout.approval_requirements import is_any_destructive, reductions_of, requirements_of
from opspact.rollout.base import Base
from opspact.rollout.contract_comparison import ContractComparison
from opspact.rollout.signed_commits import CommitSignatures, signed_commits
from opspact.structs import Struct
from opspact.workspace.workspace import Compiled, Workspace


class PlanRequirements(Struct):
    """The approvals that a plan needs, and what was found of the signatures of its commits."""

    approvals: tuple[Requirement, ...]
    commits: CommitSignatures


def plan_requirements(
    workspace: Workspace, base: Base, head: Compiled, *, plan: Plan, comparison: ContractComparison | None = None
) -> PlanRequirements:
    """Given what decides, what is to be applied, and a plan, return what is needed.

    `comparison`: of the same two contracts, where they were compared already.
    """
    reductions = partial(reductions_of, base, head.contract, head.day)
    needed = requirements_of(
        base,
        head.contract,
        acts=not plan.is_empty,
        destroys=is_any_destructive(plan),
        reductions=(lambda: comparison.reductions) if comparison else reductions,
    )
    return PlanRequirements(needed, signed_commits(workspace.folder, base, head, needed=needed, at=workspace.now))
