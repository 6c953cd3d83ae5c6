"""The kind `code_table`: the rows that a code table must have.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema, model_validator

from opspact.schema.annotations import Parse
from opspact.schema.codes import Code
from opspact.schema.fields import Document, NotEmpty, Several
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values import validators
from opspact.schema.values.tables import Column, DatabaseOnHosts, Table

Cell = str | int | bool | None
_LARGEST = 2**63
_MOST_BYTES = 200_000  # of all values together: packed, the rows fit into one argument of a program on the host


def _cell(value: object) -> Cell:
    match value:
        case None | bool():
            return value
        case int() if -_LARGEST <= value < _LARGEST:
            return value
        case str():
            return _plain_text(value)
        case float():
            raise InvalidValueError(
                Code.WRONG_TYPE, f"fractions are not exact, got {quote(value)}", hint="write it in quotes"
            )
    raise InvalidValueError(Code.WRONG_TYPE, f"expected text, a whole number, true, false or null, got {quote(value)}")


def _plain_text(text: str) -> str:
    return validators.one_line(text) if text else text


def _row(value: object) -> dict[str, Cell]:
    if not isinstance(value, dict):
        raise InvalidValueError(Code.WRONG_TYPE, f"expected a row, got {quote(value)}", hint="{code: …, label: …}")
    column = validators.matching(r"[a-z_][a-z0-9_]{0,62}", "a column name (lowercase letters, digits and _)")
    row: dict[str, Cell] = {}
    for name, cell in value.items():
        try:
            row[column(name)] = _cell(cell)
        except InvalidValueError as error:
            raise InvalidValueError(error.code, error.message, hint=error.hint, below=(name,)) from error
    return row


Row = Annotated[
    dict[str, Cell],
    Parse(_row),
    WithJsonSchema(
        {
            "type": "object",
            "description": "the values of a row, by column",
            "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
        }
    ),
]


class CodeTable(Document):
    """A code table with its rows; changes go through plan and apply."""

    kind: Literal["code_table"] = Field(description="the kind of this policy")
    database: DatabaseOnHosts = Field(description="the database", examples=[{"postgresql": "oa", "on": "db"}])
    table: Table = Field(description="the table", examples=["document_type"])
    key: Several[Column] = Field(description="the key column, or several", examples=["code"])
    rows: NotEmpty[Row] = Field(description="the rows", examples=[[{"code": "01", "label": "通知"}]])
    extra_rows: Literal["report", "remove"] = Field(
        default="report", description="what happens to rows that are not listed here", examples=["report"]
    )

    @model_validator(mode="after")
    def _some_key(self) -> "CodeTable":
        if not self.key:
            raise InvalidValueError(Code.OUT_OF_BOUNDS, "expected at least one column", below=("key",))
        return self

    @model_validator(mode="after")
    def _no_large_table(self) -> "CodeTable":
        size = sum(len(str(cell).encode()) for row in self.rows for cell in row.values())
        if size > _MOST_BYTES:
            message = f"the rows hold {size:,} bytes, and a code table holds at most {_MOST_BYTES:,}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("rows",))
        return self

    @model_validator(mode="after")
    def _rows_alike(self) -> "CodeTable":
        seen: dict[tuple[Cell, ...], int] = {}
        for index, row in enumerate(self.rows):
            for column in {*self.key, *self.rows[0]} - row.keys():
                raise InvalidValueError(Code.FIELD_MISSING, f"the row has no column {column}", below=("rows", index))
            for column in row.keys() - self.rows[0].keys():
                message = f"the first row has no column {column}; all rows must have the same columns"
                raise InvalidValueError(Code.BAD_FORM, message, below=("rows", index, column))
            values = tuple(row[column] for column in self.key)
            if None in values:
                column = self.key[values.index(None)]
                raise InvalidValueError(Code.BAD_FORM, "a key cannot be null", below=("rows", index, column))
            if values in seen:
                key = " ".join(map(str, values))
                message = f'the key "{key}" is already used in row {seen[values] + 1}'
                raise InvalidValueError(Code.BAD_FORM, message, below=("rows", index))
            seen[values] = index
        return self
