"""The kind `code_table`: the rows of a table as a step of each host that has the database.

Comes in: a code table, its contract. Goes out: a portion.
"""

import json

from opspact.compile.portion import Portion
from opspact.model.contract import Contract
from opspact.model.policies.code_table import Cell, CodeTable
from opspact.steps.content import Content
from opspact.steps.table_rows import TableRows


def code_table_portion(table: CodeTable, contract: Contract) -> Portion:
    """Given a code table and its contract, return its step; instants without a zone are in the contract's."""
    columns = tuple(table.rows[0])
    rows = ([_text(row[column]) for column in columns] for row in table.rows)
    step = TableRows(
        database=table.database,
        table=table.table.removeprefix("public."),
        key=table.key,
        columns=columns,
        content=Content.of("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)),
        removes=table.removes,
        zone=contract.zone,
        origins=(table.origin,),
    )
    return Portion(table.hosts, (step,))


def _text(cell: Cell) -> str | None:
    """Return a value as PostgreSQL reads it; None for null."""
    match cell:
        case None:
            return None
        case bool():
            return "true" if cell else "false"
        case _:
            return str(cell)
