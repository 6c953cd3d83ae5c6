"""What somebody signs who approves a plan, and the file that holds it with the signature.

In: a plan's digest, who approves. Out: a signed approval; or why a file is none. The statement names the contract, the
plan, and who made it, so an approval of something else is one of something else.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from opspact.errors import Refused
from opspact.evidence.signed_statement import (
    instant_of,
    instant_text,
    parse_signed,
    read_data,
    signed_bytes,
    signed_text,
    text_of,
)
from opspact.model.names import document_schema
from opspact.structs import Struct

SUFFIX = ".approval"
_SCHEMA = document_schema("approval")
_TEXTS = ("contract", "contract_digest", "plan", "requester", "seal", "action")


class Statement(Struct):
    """A yes to carrying out a plan: `contract` is the name; `plan`, `contract_digest` and `seal` are SHA-256 in hex.

    `requester` made the plan, `seal` is over the text of its file; `approved` is when the yes was given, by the clock
    of who gave it.
    """

    contract: str
    contract_digest: str
    plan: str
    requester: str
    seal: str
    approved: datetime
    action: str = "apply"

    def as_data(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "schema": _SCHEMA,
            "version": 1,
            "action": self.action,
            "contract": self.contract,
            "contract_digest": self.contract_digest,
            "plan": self.plan,
            "requester": self.requester,
            "seal": self.seal,
            "approved": instant_text(self.approved),
        }

    def signed_bytes(self) -> bytes:
        """Return the bytes that are signed: the canonical JSON."""
        return signed_bytes(self)


class SignedApproval(Struct):
    """A statement with the signature under it. `file`: where it was read."""

    statement: Statement
    signature: str
    file: str = ""


def approval_text(approval: SignedApproval) -> str:
    """Given an approval, return the text of its file."""
    return signed_text(approval.statement, approval.signature)


def read_approval(file: Path) -> SignedApproval:
    """Given a file, return the approval that it holds; the signature is not checked. Raise Refused when it is none."""
    return parse_approval(read_data(file), str(file))


def parse_approval(data: bytes, origin: str) -> SignedApproval:
    """Given bytes and where they come from, return the approval that they are. Raise Refused when they are none."""
    refused = Refused(f"{origin} is not an opspact approval", hint="`opspact plan approve FILE` makes one")
    statement, signature = parse_signed(data, _statement, refused=refused)
    return SignedApproval(statement, signature, origin)


def _statement(content: Mapping[str, Any]) -> Statement:
    texts = {name: text_of(content[name]) for name in _TEXTS}
    return Statement(**texts, approved=instant_of(content["approved"]))
