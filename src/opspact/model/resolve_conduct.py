"""Documents → conduct: devices, quality, emergencies, runbooks and the rules of change.

Comes in: documents and what is at hand. Goes out: their meaning. Called by `model.resolve` alone.
"""

from opspact.model.conduct import Conduct
from opspact.model.resolving import Resolving


def conduct(at_hand: Resolving) -> Conduct:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Conduct()
