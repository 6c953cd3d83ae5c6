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
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled, State, Within

_TOLERANCE = timedelta(hours=6)
"""How long after it was due a check may begin."""
_INTACT = Within(timedelta(days=92), State.LATE)
"""How long an installer counts as intact after a check. That a check is missing, its schedule says earlier."""


def library_portion(library: Library, contract: Contract) -> Portion:
    """Given an installer, return the steps by which its host checks it."""
    settings = {"path": library.path, "sha256": library.sha256}
    return Portion((library.host,), tuple(job_steps(library_job(library), settings, zone=contract.zone)))


def library_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what is owed of each installer: checks, and that the newest finds it intact."""
    zone = ZoneInfo(contract.zone)
    for library in contract.libraries:
        subject, source = f"host/{library.host}", JobSource(library_job(library).key, library.host)
        due = Scheduled(library.schedule, zone, _TOLERANCE)
        yield Obligation(library.origin, subject, "installer check", Proof.RESULT, due=due, source=source)
        yield Obligation(library.origin, subject, "intact installer", Proof.RESULT, due=_INTACT, source=source)
