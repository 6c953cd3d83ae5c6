"""A ledger's head as its owner signs it, to be kept where the owner cannot change it: one line of text each.

In: a head and who signs it when. Out: the statement, whose bytes are signed, and the line that holds both. Any program
that reads JSON, and `ssh-keygen -Y verify`, can check it without opspact.
"""

import json
from datetime import datetime
from typing import Self

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json, time_of, time_text
from opspact.ledger.event import Head
from opspact.model.names import document_schema
from opspact.structs import Struct

_SCHEMA, _VERSION = document_schema("ledger-head"), 1
_FIELDS = {"actor", "at", "contract", "head", "schema", "version"}
_LONGEST = 20_000


class HeadStatement(Struct):
    """Somebody (`actor`) says at a time that the ledger of a contract ends with this head."""

    at: datetime
    actor: str
    contract: str
    head: Head

    @property
    def text(self) -> str:
        """Return the statement's one canonical text: its UTF-8 bytes are what is signed."""
        fields = {"actor": self.actor, "at": time_text(self.at), "contract": self.contract, "head": str(self.head)}
        return canonical_json(fields | {"schema": _SCHEMA, "version": _VERSION})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Given what `text` returned, return the statement. Raise ValueError, in words, for anything else."""
        fields = _object(text)
        if fields.keys() != _FIELDS or (fields["schema"], fields["version"]) != (_SCHEMA, _VERSION):
            raise ValueError(f"it is not a {_SCHEMA} of version {_VERSION}")
        actor, at, contract, head = (fields[name] for name in ("actor", "at", "contract", "head"))
        if not (isinstance(actor, str) and isinstance(at, str) and isinstance(contract, str) and isinstance(head, str)):
            raise ValueError("a field of it is not text")  # noqa: TRY004 - one way to learn that a line is bad
        try:
            made = cls(time_of(at), actor, contract, Head.parse(head))
        except Refused as error:
            raise ValueError(str(error)) from error
        if made.text != text:
            raise ValueError("it is not in its canonical form")
        return made


class SignedHead(Struct):
    """A statement and its signature, an armored one of ssh-keygen(1). Nothing is verified yet."""

    statement: HeadStatement
    signature: str

    def as_line(self) -> str:
        """Return both as one line of JSON, without its end."""
        return canonical_json({"signature": self.signature, "statement": self.statement.text})

    @classmethod
    def parse(cls, line: str) -> Self:
        """Given what `as_line` returned, return both. Raise ValueError, in words, for anything else."""
        if len(line) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST:,} characters")
        fields = _object(line)
        statement, signature = fields.get("statement"), fields.get("signature")
        if fields.keys() != {"signature", "statement"} or not isinstance(statement, str):
            raise ValueError("it is not a signed head")
        if not isinstance(signature, str):
            raise ValueError("its signature is not text")  # noqa: TRY004 - as above
        return cls(HeadStatement.parse(statement), signature)


def _object(text: str) -> dict[str, object]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - as above
    return fields
