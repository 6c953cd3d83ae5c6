"""What somebody signs who approves a plan, and the file that holds it with the signature.

In: a plan's digest, who approves. Out: a signed approval; or why a file is none. The statement names the contract, the
plan, and who made it, so an approval of something else is one of something else.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json
from opspact.model.names import document_schema
from opspact.structs import Struct

SUFFIX = ".approval"
_SCHEMA = document_schema("approval")
_TEXTS = ("contract", "contract_digest", "plan", "requester", "seal", "action")
_LARGEST = 100_000  # bytes


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
            "approved": f"{self.approved.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }

    def signed_bytes(self) -> bytes:
        """Return the bytes that are signed: the canonical JSON."""
        return canonical_json(self.as_data()).encode()


class SignedApproval(Struct):
    """A statement with the signature under it. `file`: where it was read."""

    statement: Statement
    signature: str
    file: str = ""


def approval_text(approval: SignedApproval) -> str:
    """Given an approval, return the text of its file."""
    content = {**approval.statement.as_data(), "signature": approval.signature}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def read_approval(file: Path) -> SignedApproval:
    """Given a file, return the approval that it holds; the signature is not checked. Raise Refused when it is none."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}") from error
    return parse_approval(data, str(file))


def parse_approval(data: bytes, origin: str) -> SignedApproval:
    """Given bytes and where they come from, return the approval that they are. Raise Refused when they are none."""
    refused = Refused(f"{origin} is not an opspact approval", hint="`opspact plan approve FILE` makes one")
    if len(data) > _LARGEST:
        raise refused
    try:
        content = json.loads(data)
        statement = Statement(
            **{name: _text(content[name]) for name in _TEXTS},
            approved=datetime.fromisoformat(_text(content["approved"])),
        )
        signature = _text(content["signature"])
        # Whatever else the file says is not signed: then it is not what was approved.
        is_whole = statement.approved.tzinfo is not None and content == {**statement.as_data(), "signature": signature}
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise refused from error
    if not is_whole:
        raise refused
    return SignedApproval(statement, signature, origin)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
