"""The promises of the service desk: calendars, service levels, ladders and channels, as they are meant.

Comes in: values from `model.resolve_desk`. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it in one contract."""
