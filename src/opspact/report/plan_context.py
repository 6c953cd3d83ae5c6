"""What is shown beside a plan in every form: steps as they were, what changes in the contract, what apply would do.

Comes in: what planning has found. Goes out: one frozen value for the forms.
"""

from opspact.errors import Problem
from opspact.report.plan import NO_PREVIOUS_STEPS, PreviousSteps
from opspact.rollout.contract_comparison import ContractComparison
from opspact.rollout.freeze import Freeze
from opspact.rollout.live_waves import NO_WAVES, LiveWaves
from opspact.rollout.plan_requirements import PlanRequirements
from opspact.rollout.windows import ClosedHosts
from opspact.structs import Struct


class PlanContext(Struct):
    """The steps as they were (`sides`), and what changes in the contract where that is known.

    `missing`: the secrets that are not available. `closed`: hosts that apply may not change now; `frozen`: freezes that
    hold. `waves`: those in which apply would carry the plan out. `requirements`: what the base asks for.
    """

    sides: PreviousSteps = NO_PREVIOUS_STEPS
    comparison: ContractComparison | None = None
    missing: tuple[Problem, ...] = ()
    waves: LiveWaves = NO_WAVES
    closed: tuple[ClosedHosts, ...] = ()
    frozen: tuple[Freeze, ...] = ()
    requirements: PlanRequirements | None = None


NO_CONTEXT = PlanContext()
"""Nothing is known beside the plan."""
