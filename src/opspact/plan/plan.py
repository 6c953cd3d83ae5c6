"""What will change: steps to add, change, take away or let go, per host, with a digest that apply binds to.

Comes in: two lists of steps, or one list and what verify saw. Goes out: a plan.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from types import MappingProxyType

from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import Note, NoteState
from opspact.plan.obstacles import blocked_by_others
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.steps.kinds import as_data


@dataclass(frozen=True, slots=True)
class Change:
    """One step's change and why: what differs on the host, or what the policy says anew."""

    step: Step
    why: str = ""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What will be done on one host. `release`: left the policy, was there before opspact, and therefore stays.

    `broken`: differs, but nothing makes it so directly; it should follow from the rest. `by_hand`: differs, and apply
    must not make it so, since something stands in the way that it does not delete; `why` names the way out.
    `put_off`: to be made or taken away, and left out for now, since it is kept on another host too, where nothing can
    be done; `why` says what is with that host. `note`:
    what is wrong with the host's note of what opspact put there, and what apply does about it; empty: it is in order.
    `reach` is how the host answered; a plan between two commits says that nobody looked. `base` is the commit that this
    host was compared with, or `nothing`; empty where it was looked at.
    """

    name: str
    add: tuple[Change, ...] = ()
    change: tuple[Change, ...] = ()
    remove: tuple[Change, ...] = ()
    release: tuple[Change, ...] = ()
    broken: tuple[Change, ...] = ()
    by_hand: tuple[Change, ...] = ()
    put_off: tuple[Change, ...] = ()
    reach: Reach = Reach.REACHED
    detail: str = ""
    note: str = ""
    base: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done here, by apply or by hand."""
        return not (self.note or any(_kinds_of_change(self)))


@dataclass(frozen=True, slots=True)
class Left:
    """A host that is not in the inventory any more, and what opspact put there and nobody has taken away.

    `stays` are identities of steps. `reached_at` is how it was reached when something was last done there
    (`ops@198.51.100.9`), `at` when that was (ISO 8601, UTC); empty where only a commit tells of the host. `namesake`
    is a host of the inventory that has its address now.
    """

    name: str
    stays: tuple[str, ...]
    reached_at: str = ""
    at: str = ""
    namesake: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All hosts of a plan. `base` and `head` are commits or words; `live` says whether hosts were looked at.

    `left` are hosts that apply cannot reach any more; nothing is done there, so they are not in the digest.
    """

    base: str
    head: str
    contract: str  # digest of everything written: policies, files, inventory
    live: bool
    hosts: tuple[HostPlan, ...] = field(default=())
    left: tuple[Left, ...] = field(default=())

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
            [
                host.name,
                host.reach.value,
                host.note,
                *([tell(change) for change in changes] for changes in _kinds_of_change(host)),
            ]
            for host in self.hosts
        ]
        whole = [self.base, self.head, self.contract, self.live, hosts]
        return sha256(_spelled(whole)).hexdigest()


def _kinds_of_change(host: HostPlan) -> Iterable[tuple[Change, ...]]:
    return (host.add, host.change, host.remove, host.release, host.broken, host.by_hand, host.put_off)


def _spelled(data: object) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False).encode()


_ANEW = "the policy says it anew"
_FOLLOWS = "follows a changed step"
_NOTHING: Mapping[str, str] = MappingProxyType({})


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
        reach=Reach.NOT_LOOKED_AT,
    )


def _continuing(wanted: Sequence[Step], leaving: Sequence[Step]) -> set[str]:
    """Return the identities of wanted steps that go on with what others leave: they change, whatever is there."""
    return {step.identity for step in wanted if any(step.continues(other) for other in leaving)} if leaving else set()


def compare_live(result: HostResult, manifest: Manifest, *, needed: Mapping[str, str] = _NOTHING) -> HostPlan:
    """Given what verify saw of a host's wanted steps and what opspact noted there, return what is to be done.

    `needed` are identities of noted steps that leave the policy and that others on the host need, and why.

    A step that follows a differing one (a unit after its file) is made again with it. A host that could not be looked
    at has nothing planned, and says why.
    """
    if result.reach is not Reach.REACHED:
        return HostPlan(result.name, reach=result.reach, detail=result.detail)
    taken = {path: check for check in result.checks for path in check.step.paths}
    here = {check.step.identity: check.present for check in result.checks}
    wanted = [check.step for check in result.checks]
    left = [entry for entry in manifest.entries if entry.step.identity not in here]
    leaving = sorted(left, key=lambda entry: entry.step.order, reverse=True)
    parted = [
        (entry.step, entry.step.left_by(wanted), needed.get(entry.step.identity) or _stays(entry, taken))
        for entry in leaving
    ]
    going = [rest for _, rest, stays in parted if rest is not None and not stays]
    anew = _continuing(wanted, [entry.step for entry in left])
    differing, by_hand = _differing(result.checks, going, anew=anew)
    makeable = [change for change in differing if change.step.tasks()]
    return HostPlan(
        result.name,
        add=tuple(change for change in makeable if here[change.step.identity] is False),
        change=tuple(change for change in makeable if here[change.step.identity] is not False),
        remove=tuple(Change(step, "left the policy") for step in going),
        release=tuple(Change(step, stays or _WANTED) for step, rest, stays in parted if rest is None or stays),
        broken=tuple(change for change in differing if not change.step.tasks()),
        by_hand=by_hand,
    )


def with_note(plan: HostPlan, note: Note) -> HostPlan:
    """Given a host's plan and its note, return the plan that says what is wrong with the note.

    Where the note must not be written over, nothing is done on the host.
    """
    if plan.reach is not Reach.REACHED or not note.detail:
        return plan
    return HostPlan(plan.name, note=note.detail) if note.state is NoteState.HELD else replace(plan, note=note.detail)


def _differing(
    checks: Sequence[Check], going: Sequence[Step], *, anew: Iterable[str]
) -> tuple[list[Change], tuple[Change, ...]]:
    """Given a host's checks and what is taken away first, return what apply makes so, and what it must leave.

    `anew` are identities of steps that are to be made in any case.
    """
    why = {check.step.identity: check.detail for check in checks if check.state is not State.OK}
    for identity in sorted(anew):
        why.setdefault(identity, _ANEW)
    blocked = blocked_by_others(checks, going)
    changing: set[str] = set()
    for check in checks:  # in the order of making: what follows comes after what it follows
        identity, follows = check.step.identity, check.step.follows
        if identity not in why and not changing.isdisjoint(follows):
            why[identity] = _FOLLOWS
        if identity in why and identity not in blocked and (first := [it for it in follows if it in blocked]):
            blocked[identity] = f"waits for {', '.join(first)}, which somebody has to mend by hand first"
        if identity in why and identity not in blocked:
            changing.add(identity)
    return (
        [Change(check.step, why[check.step.identity]) for check in checks if check.step.identity in changing],
        tuple(Change(check.step, blocked[check.step.identity]) for check in checks if check.step.identity in blocked),
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
