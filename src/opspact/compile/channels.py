"""The kind `channels`: what it owes in time.

Comes in: the policy. Goes out: obligations.
"""

from collections.abc import Iterator

from opspact.model.policies.channels import Channels
from opspact.obligations.obligation import Obligation, Proof


def channels_obligations(channels: Channels) -> Iterator[Obligation]:
    """Given a policy, yield what it owes; the desk does not answer channels yet."""
    yield Obligation(
        channels.origin,
        f"channels/{channels.name}",
        "answered channels",
        Proof.CLOCK,
        due=None,
        source=None,
        reason="the desk does not answer channels yet",
    )
