"""Inspections as steps: the on-host program, what it looks at, and the timer that starts it.

Comes in: inspection policies. Goes out: portions.
"""

from collections.abc import Iterator

from opspact.compile.jobs import Job, as_json, job_steps
from opspact.compile.portion import Portion, portions
from opspact.compile.units import inspection_service
from opspact.model.contract import Contract
from opspact.model.policies.inspection import Inspection, Item
from opspact.steps.base import Step

KIND = "inspection"


def inspection_portions(inspection: Inspection, contract: Contract) -> Iterator[Portion]:
    """Given an inspection, yield its steps; hosts that are looked at alike share them."""
    return portions(
        inspection.hosts,
        lambda host: tuple(item.hosts is None or host in item.hosts for item in inspection.items),
        lambda host: _steps(inspection, _items(inspection, host), contract.zone),
    )


def _items(inspection: Inspection, host: str) -> list[Item]:
    return [item for item in inspection.items if item.hosts is None or host in item.hosts]


def _steps(inspection: Inspection, items: list[Item], zone: str) -> tuple[Step, ...]:
    if not items:
        return ()
    settings = {"policy": inspection.name, "items": [dict(item.settings) for item in items]}
    job = Job(
        kind=KIND,
        policy=inspection.name,
        settings=as_json(settings),
        service=inspection_service(inspection.name),
        schedule=inspection.schedule,
        zone=zone,
        origin=inspection.origin,
    )
    return tuple(job_steps(job))
