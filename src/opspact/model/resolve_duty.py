"""Documents → duty: rosters, trainings and visits.

Comes in: documents and what is at hand. Goes out: their meaning. Called by `model.resolve` alone.
"""

from opspact.model.duty import Duty
from opspact.model.resolving import Resolving


def duty(at_hand: Resolving) -> Duty:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Duty()
