"""The kind `runbook`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator
from datetime import timedelta

from opspact.model.contract import Contract
from opspact.obligations.obligation import AfterEach, Obligation, Proof, RunbookSource

_CLOSED_WITHIN = AfterEach(timedelta(hours=24), "24h", "no run yet")
"""A run that is left open for longer is an emergency that nobody treats any more."""


def runbook_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its runbooks owe: that every run is carried out to its end, or abandoned."""
    for runbook in contract.runbooks:
        if not runbook.rehearsal_only:
            yield Obligation(
                runbook.origin,
                runbook.origin.policy,
                "closed transcript",
                Proof.RECORD,
                due=_CLOSED_WITHIN,
                source=RunbookSource(runbook.name),
            )
