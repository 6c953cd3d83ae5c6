"""What will change, per host, with a digest that apply binds to.

In: changes. Out: a plan.
"""

import json
from collections.abc import Callable
from hashlib import sha256

from opspact.plan.change import Action, Change
from opspact.plan.orphan import OrphanHost
from opspact.steps.base import Step
from opspact.steps.check import Reach
from opspact.steps.kinds import as_data
from opspact.structs import Struct


class HostPlan(Struct):
    """What will be done on one host.

    `manifest`: what is wrong with the host's manifest, and what apply does about it; empty: nothing. `reach` is how the
    host answered; a plan between two commits says that it was not checked. `base` is the commit that this host was
    compared with, or `nothing`; empty where the host was checked. `adopted`: identities of what is wanted and exists
    there already, not managed by opspact so far: from the next apply on it is, and it stays when its policy goes.
    """

    name: str
    changes: tuple[Change, ...] = ()
    reach: Reach = Reach.REACHED
    detail: str = ""
    manifest: str = ""
    base: str = ""
    adopted: tuple[str, ...] = ()

    def of(self, *actions: Action) -> tuple[Change, ...]:
        """Given actions, return the changes of those, in the plan's order."""
        return tuple(change for change in self.changes if change.action in actions)

    def makes(self) -> tuple[Change, ...]:
        """Return the changes whose steps' tasks apply runs."""
        return tuple(change for change in self.changes if change.action.makes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done here, by apply or by hand."""
        return not (self.manifest or self.changes)


class Plan(Struct):
    """All hosts of a plan. `base` and `head` are commits or words; `live` says whether hosts were checked.

    `orphans` are hosts that apply cannot reach any more; nothing is done there, so they are not in the digest.
    """

    base: str
    head: str
    contract: str  # digest of everything written: policies, files, inventory
    live: bool
    hosts: tuple[HostPlan, ...] = ()
    orphans: tuple[OrphanHost, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done anywhere."""
        return all(host.is_empty for host in self.hosts)

    @property
    def digest(self) -> str:
        """SHA-256 in hex over commit, contract and, host by host, what was seen and what will be done."""
        digest_of = _changes_digest()
        hosts = [[host.name, host.reach.value, host.manifest, digest_of(host.changes)] for host in self.hosts]
        return _sha256([self.base, self.head, self.contract, self.live, hosts])


def _changes_digest() -> Callable[[tuple[Change, ...]], str]:
    """Return the function that gives the digest of changes; a large fleet shares them, so each is spelled out once."""
    of_step: dict[int, str] = {}
    of_changes: dict[int, str] = {}

    def step_digest(step: Step) -> str:
        return of_step.get(id(step)) or of_step.setdefault(id(step), _sha256(as_data(step)))

    def changes_digest(changes: tuple[Change, ...]) -> str:
        if id(changes) not in of_changes:
            summary = [[change.action.value, step_digest(change.step), change.why] for change in changes]
            of_changes[id(changes)] = _sha256(summary)
        return of_changes[id(changes)]

    return changes_digest


def _sha256(data: object) -> str:
    return sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
