"""Documents → desk: calendars, service levels, ladders and channels.

Comes in: documents and what is at hand. Goes out: their meaning. Called by `model.resolve` alone.
"""

from collections.abc import Mapping

from opspact.model import resolve_calendar
from opspact.model.calendar import ALWAYS, Calendar, always
from opspact.model.desk import Desk
from opspact.model.resolving import Resolving
from opspact.schema import kinds


def desk(at_hand: Resolving) -> Desk:
    """Given what is at hand, return what its documents mean; problems are noted there."""
    return Desk(calendars=_calendars(at_hand))


def _calendars(at_hand: Resolving) -> Mapping[str, Calendar]:
    ((_, head),) = at_hand.of(kinds.Contract)
    found = {ALWAYS: always(head.zone)}
    for written, document in at_hand.of(kinds.Calendar):
        at_hand.problems.extend(resolve_calendar.problems(written, document))
        found[document.name] = resolve_calendar.calendar(written, document)
    return found
