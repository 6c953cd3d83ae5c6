"""What each policy asks of a host: the identities of its steps there, and a digest over them.

Comes in: a host's work. Goes out: its steps by policy.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from opspact.compile.shape import Work
from opspact.steps.base import Step
from opspact.steps.kinds import as_data
from opspact.structs import Struct

_DIGITS = 12


class PolicySteps(Struct):
    """A policy's steps on one host. `digest`: 12 hex digits over what they want; another one outdates a check."""

    identities: tuple[str, ...]
    digest: str


def steps_by_policy(work: Iterable[Work]) -> Mapping[int, Mapping[str, PolicySteps]]:
    """Given the work of hosts, return the steps of each distinct one (by `id`), by policy (`kind/name`).

    Hosts that share their work share the very object, and works share steps: each is spelled out once.
    """
    digests: dict[int, bytes] = {}
    distinct = {id(of_host): of_host for of_host in work}
    return {key: _by_policy(of_host.make, digests) for key, of_host in distinct.items()}


def steps_by_identity(work: Mapping[str, Work]) -> Mapping[str, Mapping[str, Step]]:
    """Given the work of hosts, return each one's steps by identity; hosts that share their work share those too."""
    distinct = {id(of_host): of_host for of_host in work.values()}
    steps = {key: {step.identity: step for step in of_host.make} for key, of_host in distinct.items()}
    return {name: steps[id(of_host)] for name, of_host in work.items()}


def hosts_by_policy(work: Mapping[str, Work]) -> Mapping[str, Sequence[str]]:
    """Given each host's work, return the hosts that each policy (`kind/name`) has steps on; others are left out."""
    steps = steps_by_policy(work.values())
    found: dict[str, list[str]] = defaultdict(list)
    for host, of_host in work.items():
        for policy in steps[id(of_host)]:
            found[policy].append(host)
    return found


def _by_policy(steps: Iterable[Step], digests: dict[int, bytes]) -> Mapping[str, PolicySteps]:
    asked: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if id(step) not in digests:
            digests[id(step)] = sha256(json.dumps(as_data(step), sort_keys=True).encode()).digest()
        for policy in dict.fromkeys(origin.policy for origin in step.origins):
            asked[policy].append(step)
    return {
        policy: PolicySteps(
            tuple(step.identity for step in of_policy),
            sha256(b"".join(digests[id(step)] for step in of_policy)).hexdigest()[:_DIGITS],
        )
        for policy, of_policy in sorted(asked.items())
    }
