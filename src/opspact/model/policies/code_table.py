"""The kind `code_table`, as it is meant: the rows that a table of codes shall have.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.structs import Struct

Cell = str | int | bool | None


class CodeTable(Struct):
    """The rows that a table shall have; `key` distinguishes them. `removes`: rows that are not written here go."""

    name: str
    hosts: tuple[str, ...]
    database: str
    table: str
    key: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...]
    removes: bool
    origin: Origin
