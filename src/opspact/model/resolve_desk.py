"""Documents → desk: calendars, service levels, ladders and channels.

Comes in: documents and what is at hand. Goes out: their meaning. Called by `model.resolve` alone.
"""

from opspact.model.desk import Desk
from opspact.model.resolving import Resolving


def desk(at_hand: Resolving) -> Desk:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Desk()
