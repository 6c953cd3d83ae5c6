"""The kind `runbook`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.runbook import Runbook
from opspact.obligations.obligation import Obligation, Proof


def runbook_obligations(runbook: Runbook) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; runbooks are not run by opspact yet."""
    yield Obligation(
        runbook.origin,
        f"runbook/{runbook.name}",
        "transcripts",
        Proof.RECORD,
        due=None,
        source=None,
        reason="runbooks are not run by opspact yet",
    )
