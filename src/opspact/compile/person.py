"""The kind `person`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.person import Person
from opspact.obligations.obligation import Obligation, Proof


def person_obligations(person: Person) -> Iterator[Obligation]:
    """Given a person who is named for a clause, yield the record that is owed of it."""
    if person.origin.clauses:
        yield Obligation(
            person.origin,
            f"person/{person.name}",
            "staff record",
            Proof.RECORD,
            due=None,
            source=None,
            reason="no staffing report is made yet",
        )
