"""Which text of each policy came into effect when, and on which hosts: by replay of PolicyApplied.

In: a ledger, a contract's name. Out: histories. It costs by the number of texts and of hosts that joined, not by that
of events.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from opspact.ledger.apply_events import AppliedJob, PolicyApplied
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.structs import Struct

Texts = tuple[Recorded[PolicyApplied], ...]
"""Texts of a policy that came into effect, the oldest first."""


class PolicyHistory(Struct):
    """The texts of one policy that came into effect somewhere (at least one), and by host those that did there.

    Of a host from which it was removed, `removed` has the event that says so, and `hosts` what came there afterwards.
    """

    texts: Texts
    hosts: Mapping[str, Texts]
    removed: Mapping[str, Recorded[PolicyApplied]]

    @property
    def newest(self) -> Recorded[PolicyApplied]:
        """The newest event of the policy."""
        return self.texts[-1]

    def has(self, digest: str, jobs: tuple[AppliedJob, ...], *, host: str) -> bool:
        """Given a text's digest, its jobs in the contract's zone and a host, return whether they are in effect."""
        texts = self.hosts.get(host, ())
        return bool(texts) and (texts[-1].event.digest, texts[-1].event.jobs) == (digest, jobs)


def policy_histories(ledger: Ledger, contract: str) -> Mapping[str, PolicyHistory]:
    """Given a ledger and a contract's name, return the history of each policy (`kind/name`) that was ever applied."""
    events: dict[str, list[Recorded[PolicyApplied]]] = defaultdict(list)
    for applied in ledger.read(PolicyApplied, contract=contract):
        events[applied.event.policy].append(applied)
    return {policy: _history(each) for policy, each in events.items()}


def _history(events: Iterable[Recorded[PolicyApplied]]) -> PolicyHistory:
    hosts: dict[str, list[Recorded[PolicyApplied]]] = defaultdict(list)
    removed: dict[str, Recorded[PolicyApplied]] = {}
    for each in events:
        for host in each.event.hosts:
            hosts[host].append(each)
        for host in each.event.removed_from:
            hosts.pop(host, None)
            removed[host] = each
    return PolicyHistory(tuple(events), {host: tuple(there) for host, there in hosts.items()}, removed)
