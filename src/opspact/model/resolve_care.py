"""Documents → care: data care, code tables, log reviews and windows.

Comes in: documents and what is at hand. Goes out: their meaning. Called by `model.resolve` alone.
"""

from opspact.model.care import Care
from opspact.model.resolving import Resolving


def care(at_hand: Resolving) -> Care:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Care()
