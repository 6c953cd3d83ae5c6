"""What somebody signs who approves a step of a run, and the file that holds it with the signature.

In: a run, one of its steps, how far the run has come. Out: a signed approval; or why a file is none. The statement
names all that the run is, and two events of its ledger by their hashes: an approval of anything else, in another
ledger, or of the same run at another point is one of something else.
"""

import hashlib
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
from opspact.ledger.canonical import canonical_json
from opspact.model.names import document_schema
from opspact.structs import Struct

_SCHEMA = document_schema("runbook-approval")
_TEXTS = ("contract", "run", "runbook", "digest", "started", "after", "step", "approval", "requester")


class StepApproval(Struct, kw_only=True):
    """What is approved: a step of a run, by an approval policy's name.

    `digest` is that of the runbook. `started`: the event that began the run, as `sequence:hash`; `after`: the newest
    one by which the run went on before the step. `requester` began the run.
    """

    contract: str
    run: str
    runbook: str
    digest: str
    started: str
    after: str
    targets: tuple[str, ...]
    inputs: Mapping[str, str]
    step: str
    approval: str
    requester: str

    def as_data(self) -> dict[str, object]:
        """Return it as JSON values."""
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {"targets": list(self.targets), "inputs": dict(self.inputs), **texts}

    @property
    def own_digest(self) -> str:
        """The SHA-256 of what is approved, in hex: the same for everybody who approves it."""
        return hashlib.sha256(canonical_json(self.as_data()).encode()).hexdigest()


class Statement(Struct):
    """A yes to a step of a run; `approved` is when it was given, by the clock of who gave it."""

    of: StepApproval
    approved: datetime

    def as_data(self) -> dict[str, object]:
        """Return it as JSON values."""
        approved = instant_text(self.approved)
        return {"schema": _SCHEMA, "version": 1, **self.of.as_data(), "approved": approved}

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
    refused = Refused(f"{file} is not an approval of a runbook's step", hint="`opspact runbook approve RUN` makes one")
    return SignedApproval(*parse_signed(read_data(file), _statement, refused=refused), str(file))


def _statement(content: Mapping[str, Any]) -> Statement:
    texts = {name: text_of(content[name]) for name in _TEXTS}
    targets = tuple(text_of(each) for each in content["targets"])
    inputs = {name: text_of(value) for name, value in dict(content["inputs"]).items()}
    return Statement(StepApproval(targets=targets, inputs=inputs, **texts), instant_of(content["approved"]))
