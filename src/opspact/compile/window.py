"""The kind `window`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.window import Window
from opspact.obligations.obligation import Obligation, Proof


def window_obligations(window: Window) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; apply does not keep windows yet."""
    yield Obligation(
        window.origin,
        f"window/{window.name}",
        "respected window",
        Proof.CLOCK,
        due=None,
        source=None,
        reason="apply does not keep windows yet",
    )
