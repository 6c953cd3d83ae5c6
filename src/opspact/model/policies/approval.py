"""The kind `approval`, as it is meant: whose yes a change needs.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.duration import Duration


class Approval(Struct):
    """Whose yes is needed: `role` is `customer` or a team; `occasions` need it by themselves.

    `signed_commits`: what is new in the history has to be signed by people of the contract, whoever approves.
    `review_within`: in an emergency a plan is carried out without, and reviewed so soon; None: never without.
    """

    name: str
    role: str
    count: int
    not_requester: bool
    expires: Duration
    signed_commits: bool
    occasions: tuple[str, ...]
    review_within: Duration | None
    origin: Origin
