"""The kind `code_table`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.code_table import CodeTable
from opspact.obligations.obligation import Obligation, Proof


def code_table_obligations(code_table: CodeTable) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; no host compares the table's rows yet."""
    yield Obligation(
        code_table.origin,
        f"database/{code_table.database}/{code_table.table}",
        "rows as written",
        Proof.CHECK,
        due=None,
        source=None,
        reason="no host compares the table's rows yet",
    )
