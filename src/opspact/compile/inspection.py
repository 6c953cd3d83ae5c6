"""The kind `inspection`: its on-host program, settings and timer as steps, and the runs that it owes.

Comes in: inspection policies. Goes out: portions, obligations.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion, portions
from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job
from opspact.model.policies.inspection import Inspection, Item
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled
from opspact.steps.base import Step

_TOLERANCE = timedelta(minutes=15)
"""How long after it was due an inspection may begin."""


def inspection_portions(inspection: Inspection, contract: Contract) -> Iterator[Portion]:
    """Given an inspection, yield its steps; hosts that are inspected alike share them."""
    return portions(
        inspection_job(inspection).hosts,
        lambda host: tuple(item.hosts is None or host in item.hosts for item in inspection.items),
        lambda host: _steps(inspection, inspection.items_of(host), contract.zone),
    )


def _steps(inspection: Inspection, items: Iterable[Item], zone: str) -> tuple[Step, ...]:
    settings = {"items": [dict(item.settings) for item in items]}
    return tuple(job_steps(inspection_job(inspection), settings, zone=zone))


def inspection_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the runs of each inspection that are owed of each host that it has items for."""
    for inspection in contract.inspections:
        due = Scheduled(inspection.schedule, ZoneInfo(contract.zone), _TOLERANCE)
        job = inspection_job(inspection)
        for host in job.hosts:
            source = JobSource(job.key, host)
            yield Obligation(inspection.origin, f"host/{host}", "inspection", Proof.RESULT, due=due, source=source)
