"""Who records events, when, and about what; by itself, so that recording nothing loads no event.

In: what the caller knows of itself. Out: a value that the ledger seals in.
"""

from datetime import datetime

from opspact.onhost.redaction import Redactor
from opspact.structs import Struct

KNOWN_SECRETS = Redactor()
"""Masks what looks like a secret, whatever the contract says."""


class Context(Struct, kw_only=True):
    """Who records, when (an aware time), for which contract, from which commit (perhaps with `+dirty`) and plan.

    `redactor` masks what is secret in the free text of the events.
    """

    at: datetime
    actor: str
    contract: str
    commit: str = ""
    plan_digest: str = ""
    redactor: Redactor = KNOWN_SECRETS
