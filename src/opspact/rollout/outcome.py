"""What came of an apply.

Comes in: values from rollout.apply. Goes out: the same, to the ledger and to reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opspact.plan.plan import Plan
from opspact.steps.check import HostResult, Reach, Results, State


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of it. `results` is the last look at every chosen host; `why` says per host what stood in the way."""

    plan: Plan
    results: Results
    started: bool
    why: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    signal: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether every chosen host was reached and is as the policies say."""
        return not self.signal and not self.why and all(map(is_in_order, self.results.values()))


def is_in_order(result: HostResult) -> bool:
    """Return whether a host was reached and every check is ok."""
    return result.reach is Reach.REACHED and result.count(State.OK) == len(result.checks)
