"""How hosts answered when they were asked, whoever asked them: collecting, an apply or a verify.

In: a ledger, or what was looked up in it. Out: the newest answers, and since when a host does not answer.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from heapq import merge
from itertools import takewhile
from operator import attrgetter

from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.ledger.job_events import HostReach
from opspact.ledger.store import Ledger

HostAnswer = Recorded[HostReach | HostChecked]
"""How a host answered when it was asked, as it was recorded."""


def newest_answers(
    reach: Mapping[str, Recorded[HostReach]], checks: Mapping[str, Recorded[HostChecked]]
) -> dict[str, HostAnswer]:
    """Given the newest event of either type by subject (`host/NAME`), return the newest of both by subject."""
    found: dict[str, HostAnswer] = {**reach}
    for subject, check in checks.items():
        if subject not in found or found[subject].sequence < check.sequence:
            found[subject] = check
    return found


def first_unreachable(ledger: Ledger, subject: str, *, contract: str) -> HostAnswer:
    """Given a host (`host/NAME`) that is unreachable, return the first event that says so since it answered last."""
    reach = ledger.read(HostReach, contract=contract, subject=subject, newest_first=True)
    checks = ledger.read(HostChecked, contract=contract, subject=subject, newest_first=True)
    asked: Iterator[HostAnswer] = merge(reach, checks, key=attrgetter("sequence"), reverse=True)
    (first,) = deque(takewhile(lambda one: one.event.reach.is_unreachable, asked), maxlen=1)
    return first
