"""Which text of each policy came into effect when, and on which hosts: by replay of PolicyApplied.

In: a ledger, a contract's name. Out: histories. It costs by the number of texts and of hosts that joined, not by that
of events.
"""

from collections import defaultdict
from collections.abc import Mapping

from opspact.ledger.apply_events import AppliedJob, PolicyApplied
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.structs import Struct

Texts = tuple[Recorded[PolicyApplied], ...]
"""Texts of a policy that came into effect, the oldest first."""


class PolicyHistory(Struct):
    """The texts of one policy that came into effect somewhere (at least one), and by host those that did there."""

    texts: Texts
    hosts: Mapping[str, Texts]

    @property
    def newest(self) -> Recorded[PolicyApplied]:
        """The newest text that came into effect on any host."""
        return self.texts[-1]

    def has(self, digest: str, jobs: tuple[AppliedJob, ...], *, host: str) -> bool:
        """Given a text's digest, its jobs in the contract's zone and a host, return whether they are in effect."""
        texts = self.hosts.get(host, ())
        return bool(texts) and (texts[-1].event.digest, texts[-1].event.jobs) == (digest, jobs)


def policy_histories(ledger: Ledger, contract: str) -> Mapping[str, PolicyHistory]:
    """Given a ledger and a contract's name, return the history of each policy (`kind/name`) that was ever applied."""
    texts: dict[str, list[Recorded[PolicyApplied]]] = defaultdict(list)
    hosts: dict[str, dict[str, list[Recorded[PolicyApplied]]]] = defaultdict(lambda: defaultdict(list))
    for applied in ledger.read(PolicyApplied, contract=contract):
        texts[applied.event.policy].append(applied)
        for host in applied.event.hosts:
            hosts[applied.event.policy][host].append(applied)
    return {
        policy: PolicyHistory(tuple(each), {host: tuple(there) for host, there in hosts[policy].items()})
        for policy, each in texts.items()
    }
