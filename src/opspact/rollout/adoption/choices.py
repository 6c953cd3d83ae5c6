"""What whoever adopts hosts says about the policies: their clauses, and who is responsible.

In: the contract, names. Out: a frozen value; Refused for names that the contract does not have.
"""

from collections.abc import Iterable

from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.structs import Struct
from opspact.text.suggestions import did_you_mean


class Choices(Struct):
    """`clauses`: those that each policy gets; `owner`: who is responsible for services, empty: a team to be named."""

    clauses: tuple[str, ...] = ()
    owner: str = ""


def checked_choices(contract: Contract, clauses: Iterable[str], owner: str | None) -> Choices:
    """Given what was said, return it; without an owner, it is the contract's only team. Raise Refused."""
    for clause in clauses:
        if clause not in contract.clauses:
            raise Refused(f"the contract has no clause {clause}", hint=did_you_mean(clause, contract.clauses))
    if owner is None:
        return Choices(tuple(clauses), next(iter(contract.teams)) if len(contract.teams) == 1 else "")
    known = (*contract.teams, *contract.people)
    if owner not in known:
        raise Refused(f"the contract has no team or person {owner}", hint=did_you_mean(owner, known))
    return Choices(tuple(clauses), owner)
