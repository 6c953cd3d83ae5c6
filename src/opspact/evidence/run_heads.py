"""The ledger's head after a command has recorded something: signed, and kept where the contract says.

In: the contract, the head, a key. Out: what came of each place. A head that `ledger verify --against` would not accept
is kept nowhere: nobody could remove it again.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from opspact.evidence.signed_heads import Kept, keep_head, sign_head
from opspact.fleet.head_place import open_places, parse_places
from opspact.fleet.sessions import Sessions
from opspact.fleet.signers import contract_key, named_key, signers_of
from opspact.fleet.ssh_signature import verify
from opspact.ledger.signed_head import HeadStatement
from opspact.model.contract import Contract
from opspact.model.names import HEAD_NAMESPACE


def keep_run_head(
    contract: Contract,
    statement: HeadStatement,
    sessions: Callable[[Collection[str]], AbstractContextManager[Sessions]],
) -> tuple[Kept, ...]:
    """Given the contract, the statement to be signed, and what opens sessions, keep it at the contract's places.

    Raise an error when nobody can sign, or the key is not a signing key of the contract.
    """
    signed = sign_head(statement, named_key() or contract_key(contract, statement.at))
    verify(statement.text.encode(), signed.signature, signers_of(contract), namespace=HEAD_NAMESPACE, at=statement.at)
    with open_places(parse_places(contract.ledger_heads), sessions) as places:
        return tuple(keep_head(signed, places))
