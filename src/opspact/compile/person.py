"""The kind `person`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof, not_carried_out


def person_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield the record that is owed of each person who is named for a clause."""
    for person in contract.people.values():
        if person.origin.clauses:
            yield not_carried_out(
                person.origin, "staff record", proof=Proof.RECORD, reason="no staffing report is made yet"
            )
