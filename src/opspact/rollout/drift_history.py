"""Since when a step differs on a host, and when it did so before, by what checks recorded.

In: recorded checks of a host. Out: periods: from the first check that found the step different to the one that found it
ok again. A check that could not be made begins none and ends none.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain

from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.steps.check import Reach, State
from opspact.structs import Struct, replace

RECENT = timedelta(days=30)
"""Drift that began again within that time is recurring."""


class DriftPeriod(Struct):
    """One time in which a step differed: `ended` None: it does still.

    `is_drift`: the check before it found the step ok, under the same text of one of its policies.
    """

    began: datetime
    ended: datetime | None
    is_drift: bool


def drift_periods(
    checks: Iterable[Recorded[HostChecked]], identity: str, policies: Collection[str]
) -> tuple[DriftPeriod, ...]:
    """Given checks of a host, the oldest first, a step and its policies (`kind/name`), return its periods."""
    found: list[DriftPeriod] = []
    last_ok: HostChecked | None = None
    for each in checks:
        match _state(each.event, identity, policies):
            case State.OK:
                last_ok = each.event
                if found and found[-1].ended is None:
                    found[-1] = replace(found[-1], ended=each.at)
            case State.FAILED if not found or found[-1].ended is not None:
                is_drift = last_ok is not None and _is_same_text(last_ok, each.event, policies)
                found.append(DriftPeriod(each.at, None, is_drift))
            case _:
                pass
    return tuple(found)


def recent_checks(
    ledger: Ledger, host: str, wanted: Mapping[str, Collection[str]], *, contracts: Iterable[str], since: datetime
) -> tuple[Recorded[HostChecked], ...]:
    """Given a ledger, a host, steps with their policies and the contract's names, return checks, the oldest first.

    They reach back to an instant, and to a check that found each step ok, where there is one.
    """
    found = []
    open_steps = set(wanted)
    for each in _newest_first(ledger, contracts, host):
        found.append(each)
        open_steps = {it for it in open_steps if _state(each.event, it, wanted[it]) is not State.OK}
        if not open_steps and each.at < since:
            break
    return tuple(reversed(found))


def _newest_first(ledger: Ledger, contracts: Iterable[str], host: str) -> Iterator[Recorded[HostChecked]]:
    subject = f"host/{host}"
    return chain.from_iterable(
        ledger.read(HostChecked, contract=name, subject=subject, newest_first=True) for name in contracts
    )


def _state(event: HostChecked, identity: str, policies: Collection[str]) -> State:
    """Return what a check says of a step; unknown where it was not made, or the step was in no policy then."""
    if event.reach is not Reach.REACHED:
        return State.UNKNOWN
    if identity in event.not_ok:
        return State(event.not_ok[identity].partition(":")[0])
    return State.UNKNOWN if event.policies.keys().isdisjoint(policies) else State.OK


def _is_same_text(one: HostChecked, other: HostChecked, policies: Collection[str]) -> bool:
    both = [it for it in policies if it in one.policies and it in other.policies]
    return any(one.policies[it].digest == other.policies[it].digest for it in both)
