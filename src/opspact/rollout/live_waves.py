"""The waves in which apply would carry a live plan out, and whether the brake would refuse it: shown before.

In: the base, a live plan. Out: the same waves that apply computes from the same plan.
"""

from opspact.errors import Refused
from opspact.plan.plan import Plan
from opspact.rollout.base import Base
from opspact.rollout.waves import Wave, check_brake, rollouts_of, split
from opspact.steps.check import Reach
from opspact.structs import Struct
from opspact.workspace.workspace import Compiled


class LiveWaves(Struct):
    """Waves, none where no rollout divides the plan; why apply would refuse the plan (empty: it would not)."""

    waves: tuple[Wave, ...] = ()
    refusal: str = ""


NO_WAVES = LiveWaves()
"""Nothing is known of waves, or there is none."""


def live_waves(base: Base, head: Compiled, plan: Plan) -> LiveWaves:
    """Given what decides, the contract as it is to be, and a live plan, return its waves."""
    if plan.is_empty:
        return NO_WAVES
    changed = [it.name for it in plan.hosts if not it.is_empty or it.adopted or it.reach is not Reach.REACHED]
    waves: tuple[Wave, ...] = ()
    try:
        rollouts = rollouts_of(base)
        waves = split(rollouts, plan, changed) if rollouts else ()
        check_brake(rollouts, plan, head.contract.inventory.hosts)
    except Refused as refused:
        return LiveWaves(waves, f"{refused.args[0]}; {refused.hint}")
    return LiveWaves(waves)
