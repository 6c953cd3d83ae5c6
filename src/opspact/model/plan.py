"""What will change: steps to add, change, take away or let go, per host, with a digest that apply binds to.

Comes in: two lists of steps, or one list and what verify saw. Goes out: a plan. Called by rollout; read by report.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from opspact.model.manifest import Entry, Manifest
from opspact.model.result import Check, HostResult, Reach, State
from opspact.model.steps.base import Step
from opspact.model.steps.kinds import as_data


@dataclass(frozen=True, slots=True)
class Change:
    """One step's change and why: what differs on the host, or what the policy says anew."""

    step: Step
    why: str = ""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What will be done on one host. `release`: left the policy, was there before opspact, and therefore stays.

    `broken`: differs, but nothing makes it so directly; it should follow from the rest.
    """

    name: str
    add: tuple[Change, ...] = ()
    change: tuple[Change, ...] = ()
    remove: tuple[Change, ...] = ()
    release: tuple[Change, ...] = ()
    broken: tuple[Change, ...] = ()
    reach: Reach = Reach.REACHED
    detail: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done here."""
        return not (self.add or self.change or self.remove or self.release or self.broken)


@dataclass(frozen=True, slots=True)
class Plan:
    """All hosts of a plan. `base` and `head` are commits or words; `live` says whether hosts were looked at."""

    base: str
    head: str
    contract: str  # digest of everything written: policies, files, inventory
    live: bool
    hosts: tuple[HostPlan, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done anywhere."""
        return all(host.is_empty for host in self.hosts)

    @property
    def digest(self) -> str:
        """SHA-256 in hex over commit, contract and, host by host, what was seen and what will be done."""
        told: dict[int, str] = {}  # a large fleet shares its steps: each is spelled out once

        def tell(change: Change) -> list[str]:
            if id(change.step) not in told:
                told[id(change.step)] = sha256(_spelled(as_data(change.step))).hexdigest()
            return [told[id(change.step)], change.why]

        hosts = [
            [host.name, host.reach.value, *([tell(change) for change in changes] for changes in _kinds_of_change(host))]
            for host in self.hosts
        ]
        whole = [self.base, self.head, self.contract, self.live, hosts]
        return sha256(_spelled(whole)).hexdigest()


def _kinds_of_change(host: HostPlan) -> Iterable[tuple[Change, ...]]:
    return (host.add, host.change, host.remove, host.release, host.broken)


def _spelled(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False).encode()


_ANEW = "the policy says it anew"
_FOLLOWS = "follows a changed step"


def compare(name: str, base: Sequence[Step], head: Sequence[Step]) -> HostPlan:
    """Given a host's steps at two commits, return what lies between them, without looking at any host."""
    before = {step.identity: step for step in base}
    after = {step.identity: step for step in head}
    why = {identity: _ANEW for identity, step in after.items() if before.get(identity) != step}
    for identity, step in after.items():
        if identity not in why and not why.keys().isdisjoint(step.follows):
            why[identity] = _FOLLOWS
    leaving = [step for step in base if step.identity not in after]
    known = before.keys() | _continuing(head, leaving)
    return HostPlan(
        name,
        add=tuple(Change(step) for identity, step in after.items() if identity not in known),
        change=tuple(Change(after[identity], told) for identity, told in why.items() if identity in known),
        remove=tuple(
            Change(rest)
            for step in sorted(leaving, key=lambda step: step.order, reverse=True)
            if (rest := step.left_by(head)) is not None
        ),
    )


def _continuing(wanted: Sequence[Step], leaving: Sequence[Step]) -> set[str]:
    """Return the identities of wanted steps that go on with what others leave: they change, whatever is there."""
    return {step.identity for step in wanted if any(step.continues(other) for other in leaving)} if leaving else set()


def compare_live(result: HostResult, manifest: Manifest) -> HostPlan:
    """Given what verify saw of a host's wanted steps and what opspact noted there, return what is to be done.

    A step that follows a differing one (a unit after its file) is made again with it. A host that could not be looked
    at has nothing planned, and says why.
    """
    if result.reach is not Reach.REACHED:
        return HostPlan(result.name, reach=result.reach, detail=result.detail)
    why = {check.step.identity: check.detail for check in result.checks if check.state is not State.OK}
    for check in result.checks:  # in the order of making: what follows comes after what it follows
        if check.step.identity not in why and not why.keys().isdisjoint(check.step.follows):
            why[check.step.identity] = _FOLLOWS
    here = {check.step.identity: check.present for check in result.checks}
    left = [entry for entry in manifest.entries if entry.step.identity not in here]
    wanted = [check.step for check in result.checks]
    for identity in sorted(_continuing(wanted, [entry.step for entry in left])):
        why.setdefault(identity, _ANEW)
    differing = [(check.step, why[check.step.identity]) for check in result.checks if check.step.identity in why]
    taken = {path: check for check in result.checks for path in check.step.paths}
    leaving = sorted(left, key=lambda entry: entry.step.order, reverse=True)
    parted = [(entry.step, entry.step.left_by(wanted), _stays(entry, taken)) for entry in leaving]
    makeable = [(step, why) for step, why in differing if step.tasks()]
    return HostPlan(
        result.name,
        add=tuple(Change(step, why) for step, why in makeable if here[step.identity] is False),
        change=tuple(Change(step, why) for step, why in makeable if here[step.identity] is not False),
        remove=tuple(Change(rest, "left the policy") for _, rest, stays in parted if rest is not None and not stays),
        release=tuple(Change(step, stays or _WANTED) for step, rest, stays in parted if rest is None or stays),
        broken=tuple(Change(step, why) for step, why in differing if not step.tasks()),
    )


_WANTED = "is wanted otherwise now"
_WRITTEN_OVER = frozenset({"file", "secret-file"})


def _stays(entry: Entry, taken: Mapping[str, Check]) -> str:
    """Given what left the policy and what is wanted at each path, return why nothing is taken away; empty: it is.

    A file that became a link is taken away before the link is made, and never once the link is there.
    """
    if not entry.made:
        return "was there before opspact"
    for path in entry.step.paths:
        if (check := taken.get(path)) is None:
            continue
        if check.state is State.OK or {check.step.kind, entry.step.kind} <= _WRITTEN_OVER:
            return f"is now {check.step.identity}"
    return ""
