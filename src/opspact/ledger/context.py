"""Who records events, when, and about what; by itself, so that recording nothing loads no event.

In: what the caller knows of itself. Out: a value that the ledger seals in.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who records, when (an aware time), for which contract, from which commit (perhaps with `+dirty`) and plan."""

    at: datetime
    actor: str
    contract: str
    commit: str = ""
    plan_digest: str = ""
