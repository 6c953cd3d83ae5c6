"""The kind `inspection`: its on-host program, settings and timer as steps, and the runs that it owes.

Comes in: inspection policies. Goes out: portions, obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.compile.jobs import Job, as_json, job_steps
from opspact.compile.portion import Portion, portions
from opspact.compile.units import inspection_service
from opspact.model.contract import Contract
from opspact.model.policies.inspection import Inspection, Item
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled
from opspact.steps.base import Step

KIND = "inspection"
_TOLERANCE = timedelta(minutes=15)
"""How long after it was due an inspection may begin."""


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


def inspection_obligations(inspection: Inspection, contract: Contract) -> Iterator[Obligation]:
    """Given an inspection and its contract, yield the run owed of each host that it has items for."""
    due = Scheduled(inspection.schedule, ZoneInfo(contract.zone), _TOLERANCE)
    for host in inspection.hosts:
        if _items(inspection, host):
            source = JobSource(KIND, inspection.name, host)
            yield Obligation(inspection.origin, f"host/{host}", "inspection", Proof.RESULT, due=due, source=source)
