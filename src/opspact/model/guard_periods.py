"""What guard periods ask of inspections: on which hosts they run on a denser schedule, and on which.

In: a contract. Out: frozen values, for compile and analysis alike.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job
from opspact.model.policies.inspection import Inspection
from opspact.model.policies.window import Guard, Window
from opspact.structs import Struct
from opspact.values.schedule import Schedule


class GuardInspection(Struct):
    """An inspection that runs on a schedule of a guard period too: on the hosts of both, in the inspection's order."""

    window: Window
    inspection: Inspection
    schedule: Schedule
    hosts: tuple[str, ...]


def guard_periods(contract: Contract) -> Iterator[tuple[Window, Guard]]:
    """Given a contract, yield its guard periods, each with what holds in it."""
    yield from ((window, window.guard) for window in contract.windows if window.guard)


def guard_inspections(contract: Contract) -> Iterator[GuardInspection]:
    """Given a contract, yield what its guard periods ask of its inspections."""
    for inspection in contract.inspections:
        yield from guards_of(inspection, contract)


def guards_of(inspection: Inspection, contract: Contract) -> Iterator[GuardInspection]:
    """Given an inspection and its contract, yield what guard periods ask of it."""
    for window, guard in guard_periods(contract):
        schedule = guard.inspections.get(inspection.name)
        if schedule is not None:
            guarded = frozenset(window.hosts)
            hosts = tuple(host for host in inspection_job(inspection).hosts if host in guarded)
            yield GuardInspection(window, inspection, schedule, hosts)
