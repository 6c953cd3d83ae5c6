"""The kind `approval`, as it is meant: whose yes a change needs.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from dataclasses import dataclass

from opspact.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Approval:
    """Whose yes is needed: `role` is `customer` or a team; `expires` in seconds; `occasions` need it by themselves."""

    name: str
    role: str
    count: int
    not_requester: bool
    expires: float
    occasions: tuple[str, ...]
    origin: Origin
