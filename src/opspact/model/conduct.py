"""How the work is done: devices, quality, emergencies, runbooks and the rules of change, as they are meant.

Comes in: values from `model.resolve_conduct`. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conduct:
    """All of it in one contract."""
