"""Who is there when: rosters, trainings and visits, as they are meant.

Comes in: values from `model.resolve_duty`. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duty:
    """All of it in one contract."""
