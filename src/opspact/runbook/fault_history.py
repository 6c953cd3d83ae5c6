"""Faults that drills have made and nothing has cured: a program that was killed leaves one, and so does a failed cure.

Comes in: a ledger, a contract, a runbook that makes a fault, a host. Goes out: the run that made it.
"""

from datetime import datetime

from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookTarget, StepOutcome
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.policies.runbook import CLOSE, PRECONDITIONS, RESTORE_POINT
from opspact.runbook.history import RunbookRun, read_run


def open_fault(ledger: Ledger, contract: Contract, fault: str, *, host: str, now: datetime) -> RunbookRun | None:
    """Given a runbook that makes a fault and a host, return the run whose fault may still be there; None: no run.

    It is cured once the runbook of the emergency that was rehearsed was carried out after it, in a drill or in earnest.
    """
    made = _newest(ledger, contract, fault, host=host, now=now)
    if made is None or not _has_changed(made):
        return None
    cures = {each.name: each.runbook for each in contract.emergencies}
    cure = _newest(ledger, contract, cures.get(made.started.event.drill, ""), host=host, now=now)
    if cure is None or cure.started.sequence < made.started.sequence:
        return made
    return None if cure.state.end and cure.state.end.outcome is RunOutcome.DONE else made


def _newest(ledger: Ledger, contract: Contract, runbook: str, *, host: str, now: datetime) -> RunbookRun | None:
    subject = f"runbook/{runbook}/{host}"
    target = ledger.newest_of(RunbookTarget, [subject], contract=contract.name).get(subject)
    return read_run(ledger, contract.name, target.event.run, now=now) if target else None


def _has_changed(found: RunbookRun) -> bool:
    """Whether a run may have changed something that it has not taken back: a step of it has no result, or has one."""
    if found.is_rolled_back:
        return False
    begun = (each.event for each in found.steps if each.event.outcome is not StepOutcome.SKIPPED and each.event.tries)
    return found.state.end is None or any(each.step not in {PRECONDITIONS, RESTORE_POINT, CLOSE} for each in begun)
