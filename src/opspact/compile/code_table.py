"""The kind `code_table`: what it owes in time.

Comes in: a contract. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.contract import Contract
from opspact.obligations.obligation import Obligation, Proof


def code_table_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its code tables owe."""
    for table in contract.code_tables:
        yield Obligation(
            table.origin,
            f"database/{table.database}/{table.table}",
            "rows as written",
            Proof.CHECK,
            due=None,
            source=None,
            reason="no host compares the table's rows yet",
        )
