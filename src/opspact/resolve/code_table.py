"""The kind `code_table`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from collections.abc import Iterable
from itertools import combinations

from opspact.model.policies.code_table import CodeTable
from opspact.resolve.context import Context, DocumentContext
from opspact.schema import kinds


def resolve_code_table(document: kinds.CodeTable, context: DocumentContext) -> CodeTable:
    """Given a table of codes as written, return its meaning."""
    return CodeTable(
        name=document.name,
        hosts=context.hosts(document.database.on, "database", "on"),
        database=document.database.postgresql,
        table=document.table,
        key=document.key,
        rows=document.rows,
        removes=document.extra_rows == "remove",
        origin=context.origin(),
    )


def refuse_second_of_a_table(context: Context, tables: Iterable[CodeTable]) -> None:
    """Note a problem where two documents say what one table holds: each would undo the other."""
    alike: dict[tuple[str, str], list[CodeTable]] = {}
    for table in tables:
        alike.setdefault((table.database, table.table.removeprefix("public.")), []).append(table)
    for same in alike.values():
        for one, other in combinations(same, 2):
            if both := sorted({*one.hosts} & {*other.hosts}):
                message = f"{one.name} already defines the rows of {other.table} in {other.database} on {both[0]}"
                hint = "define all rows in one document"
                context.document("code_table", other.name).problem("OP130", message, "table", hint=hint)
