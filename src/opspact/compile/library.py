"""The kind `library`: its on-host program, settings and timer as steps, and the checks that it owes.

Comes in: library policies. Goes out: portions, obligations.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from opspact.compile.jobs import job_steps
from opspact.compile.portion import Portion
from opspact.model.contract import Contract
from opspact.model.contract_jobs import library_job
from opspact.model.policies.library import Library
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled

_TOLERANCE = timedelta(hours=6)
"""How long after it was due a check may begin."""


def library_portion(library: Library, contract: Contract) -> Portion:
    """Given an installer, return the steps by which its host checks it."""
    settings = {"path": library.path, "sha256": library.sha256}
    return Portion((library.host,), tuple(job_steps(library_job(library), settings, zone=contract.zone)))


def library_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the check of each installer that is owed of its host."""
    zone = ZoneInfo(contract.zone)
    for library in contract.libraries:
        due, source = Scheduled(library.schedule, zone, _TOLERANCE), JobSource(library_job(library).key, library.host)
        yield Obligation(
            library.origin, f"host/{library.host}", "installer check", Proof.RESULT, due=due, source=source
        )
