"""Drift that is known, openly.

Comes in: values from `resolve.contract`. Goes out: frozen values, held by the contract.
"""

import re
from datetime import date

from opspact.model.origin import Origin
from opspact.structs import Struct


class KnownDrift(Struct):
    """Drift of some steps on some hosts, accepted by somebody (a person's or a team's name) until a day, included.

    `steps`: identities of steps; `*` matches any text.
    """

    name: str
    steps: tuple[str, ...]
    hosts: tuple[str, ...]
    reason: str
    by: str
    until: date
    origin: Origin

    def is_about(self, host: str, identity: str) -> bool:
        """Given a host and a step's identity, return whether drift of it there is known."""
        return host in self.hosts and any(_matches(pattern, identity) for pattern in self.steps)


def _matches(pattern: str, identity: str) -> bool:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, identity, re.DOTALL) is not None
