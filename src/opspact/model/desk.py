"""The promises of the service desk: calendars, service levels, ladders and channels, as they are meant.

Comes in: values from `model.resolve_desk`. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from opspact.model.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Desk:
    """All of it in one contract. `calendars` has the built-in one, `always`, in the contract's zone."""

    calendars: Mapping[str, Calendar]
