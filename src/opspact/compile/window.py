"""The kind `window`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from opspact.compile.inspection import TOLERANCE
from opspact.model.contract import Contract
from opspact.model.contract_jobs import inspection_job
from opspact.model.guard_periods import guard_inspections, guard_periods
from opspact.obligations.obligation import JobSource, Obligation, Proof, Scheduled, not_carried_out


def window_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its windows owe."""
    for window in contract.windows:
        yield not_carried_out(
            window.origin,
            "respected window",
            proof=Proof.CLOCK,
            reason="opspact apply keeps windows; no evidence of it is judged yet",
        )
    yield from _guard_inspections(contract)
    for window, guard in guard_periods(contract):
        if guard.residents or guard.rosters:
            reason = "attendance is not recorded yet; `opspact check` verifies the planned numbers"
            yield not_carried_out(window.origin, "staff present", proof=Proof.RECORD, reason=reason)


def _guard_inspections(contract: Contract) -> Iterator[Obligation]:
    """Yield the runs that guard periods ask of inspections, on each of the hosts of both."""
    for each in guard_inspections(contract):
        due = Scheduled(each.schedule, ZoneInfo(contract.zone), TOLERANCE)
        job, what = inspection_job(each.inspection), f"inspection {each.inspection.name}"
        for host in each.hosts:
            source = JobSource(job.key, host)
            yield Obligation(each.window.origin, f"host/{host}", what, Proof.RESULT, due=due, source=source)
