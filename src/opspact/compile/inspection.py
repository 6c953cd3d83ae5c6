"""The kind `inspection`: its on-host program, settings and timer as steps, and the runs that it owes.

Comes in: inspection policies. Goes out: portions, obligations.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import cast
from zoneinfo import ZoneInfo

from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion, portions
from opspact.compile.probes import Probe, probe_steps, probes_by_host
from opspact.compile.service_checks import service_items
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job
from opspact.model.guard_periods import GuardInspection, guards_of
from opspact.model.policies.inspection import Inspection, Item
from opspact.model.time.occurrences import least_interval
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled
from opspact.steps.base import Step
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.structs import replace

TOLERANCE = timedelta(minutes=15)
"""How long after it was due an inspection may begin."""

_PACKAGES = {"disk_health": ("smartmontools",), "reboot": ("needrestart",)}
"""What items need on the hosts besides the program itself."""


def inspection_portions(inspection: Inspection, contract: Contract) -> Iterator[Portion]:
    """Given an inspection, yield its steps; hosts that are inspected alike and probe no device share them."""
    probes, denser = probes_by_host(contract), _denser_by_host(inspection, contract)
    return portions(
        inspection_job(inspection).hosts,
        lambda host: (
            tuple(item.hosts is None or host in item.hosts for item in inspection.items),
            repr(list(_of_services(inspection, host, contract))),
            host if host in probes else "",
            tuple(each.window.name for each in denser.get(host, ())),
        ),
        lambda host: tuple(
            _steps(inspection, host, probes.get(host, ()), denser=denser.get(host, ()), contract=contract)
        ),
    )


def _denser_by_host(inspection: Inspection, contract: Contract) -> Mapping[str, Sequence[GuardInspection]]:
    """Return what guard periods ask of an inspection on each host; hosts on which they ask nothing are left out."""
    found: dict[str, list[GuardInspection]] = defaultdict(list)
    for each in guards_of(inspection, contract):
        for host in each.hosts:
            found[host].append(each)
    return found


def _of_services(inspection: Inspection, host: str, contract: Contract) -> Iterator[Mapping[str, object]]:
    """Yield what an inspection looks at for the services of a host."""
    for item in inspection.items_of(host):
        if item.settings["item"] == "services":
            yield from service_items(host, cast("tuple[str, ...]", item.settings["only"]), contract)


def _steps(
    inspection: Inspection,
    host: str,
    probes: Sequence[Probe],
    *,
    denser: Sequence[GuardInspection],
    contract: Contract,
) -> Iterator[Step]:
    """Yield what inspects a host. That its settings have the items of devices is what their policies want of it."""
    job = inspection_job(inspection)
    own = [
        {**item.settings, **_times(item, inspection, contract.zone)}
        for item in inspection.items_of(host)
        if item.settings["item"] != "services"
    ]
    for name in sorted({name for item in own for name in _PACKAGES.get(str(item["item"]), ())}):
        yield Package(name=name, origins=(inspection.origin,))
    items = [*own, *_of_services(inspection, host, contract), *(item for probe in probes for item in probe.items)]
    for probe in probes:
        yield from probe_steps(probe)
    devices = tuple(probe.device.origin for probe in probes)
    for step in job_steps(job, {"items": items}, zone=contract.zone, denser=denser):
        is_settings = isinstance(step, File) and step.path == names.settings(job.key)
        yield replace(step, origins=(*step.origins, *devices)) if is_settings and devices else step


def _times(item: Item, inspection: Inspection, zone: str) -> Mapping[str, object]:
    """Return what an item needs that compares intervals: how long the shortest is, the zone of days of the week."""
    if item.settings["item"] != "database_growth":
        return {}
    return {"interval": least_interval(inspection.schedule).total_seconds(), "zone": zone}


def inspection_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the runs of each inspection that are owed of each host that it has items for."""
    for inspection in contract.inspections:
        due = Scheduled(inspection.schedule, ZoneInfo(contract.zone), TOLERANCE)
        job = inspection_job(inspection)
        for host in job.hosts:
            source = JobSource(job.key, host)
            yield Obligation(inspection.origin, f"host/{host}", "inspection", Proof.RESULT, due=due, source=source)
