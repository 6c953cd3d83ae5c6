"""The kind `runbook`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def runbook_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its runbooks owe."""
    for runbook in contract.runbooks:
        yield not_carried_out(
            runbook.origin, "transcripts", proof=Proof.RECORD, reason="runbooks are not run by opspact yet"
        )
