"""The kind `data_care`: the program that archives and purges rows, its settings and timers as steps; what it owes.

Comes in: data-care policies. Goes out: portions, obligations. The servers that keep the archives are those of backups
(`compile.backup`). How rows are purged: docs/decisions/0031-data-care.md.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.compile import units
from opspact.compile.backup import repository_access, repository_steps, server_obligations
from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion
from opspact.model import names
from opspact.model.contract import Contract
from opspact.model.contract_jobs import data_care_job
from opspact.model.policies.data_care import DataCare
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled
from opspact.steps.base import Step
from opspact.steps.borg import BorgAccess
from opspact.steps.content import Content
from opspact.steps.file import File
from opspact.steps.unit import Unit

_TOLERANCE = timedelta(hours=1)
"""How long after it was due a run may begin."""


def data_care_portions(contract: Contract) -> Iterator[Portion]:
    """Given a contract, yield the steps of all its data care on the hosts of the databases."""
    for care in contract.data_care:
        yield Portion(care.hosts, tuple(_steps(care, contract)))


def _steps(care: DataCare, contract: Contract) -> Iterator[Step]:
    access = repository_access(care, contract)
    yield from repository_steps(care, access)
    job = data_care_job(care)
    yield from job_steps(job, _settings(care, access, contract.zone), zone=contract.zone)
    if care.free_below is not None:
        name = names.condition_unit(job.key)
        texts = {"service": units.condition_service(job), "timer": units.condition_timer(job)}
        for ending, text in texts.items():
            path = names.unit_file(f"{name}.{ending}")
            yield File(path=path, content=Content.of(text), origins=(care.origin,))
        watched = tuple(names.unit_file(f"{name}.{ending}") for ending in texts)
        yield Unit(name=f"{name}.timer", watches=watched, origins=(care.origin,))


def _settings(care: DataCare, access: BorgAccess, zone: str) -> dict[str, object]:
    """Return the settings of the on-host program; none is secret."""
    return {
        "database": care.database,
        "table": care.table,
        "column": care.column,
        "older_than": {"months": care.older_than.months, "seconds": care.older_than.seconds},
        "zone": zone,
        "batch": care.batch,
        "free_below": float(care.free_below.value) if care.free_below else None,
        "repository": access.url,
        "environment": access.environment,
    }


def data_care_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the archiving and purging that is owed of each host, and the pruning of the archives."""
    zone = ZoneInfo(contract.zone)
    for care in contract.data_care:
        job, due = data_care_job(care), Scheduled(care.schedule, zone, _TOLERANCE)
        for host in care.hosts:
            source = JobSource(job.key, host)
            yield Obligation(care.origin, f"host/{host}", "archive and purge", Proof.RESULT, due=due, source=source)
        yield from server_obligations(care, zone)
