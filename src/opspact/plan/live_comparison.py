"""What lies between a host as it is and the steps wanted there.

In: what verify saw of a host, and its manifest. Out: its plan.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from opspact.plan.change import Action, Change
from opspact.plan.commit_comparison import FOLLOWS, POLICY_CHANGED, steps_that_continue
from opspact.plan.manifest import Entry, Manifest, adopted_steps
from opspact.plan.manifest_state import HostManifest
from opspact.plan.obstacles import blocked_by_others
from opspact.plan.other_contracts import (
    Others,
    conflicts_with_others,
    made_by_others,
    needed_by_others,
    steps_of_others,
)
from opspact.plan.plan import HostPlan
from opspact.steps import traits
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.structs import replace

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ALONE: Others = MappingProxyType({})
LEFT_POLICY = "removed from the policies"
EXISTED = "existed before opspact"
_WANTED = "defined differently now"
_WRITTEN_OVER = frozenset({"file", "secret-file"})


def compare_live(
    result: HostResult,
    manifest: Manifest,
    *,
    needed: Mapping[str, str] = _NOTHING,
    others: Others = _ALONE,
    refused: Mapping[str, str] = _NOTHING,
) -> HostPlan:
    """Given what verify saw of a host's wanted steps and the manifest there, return what is to be done.

    `needed` are identities of entries that leave the policy and that others on the host need, and why; `others` the
    manifests of other contracts there; `refused` identities of what must be neither made nor removed, and why.

    A step that follows a differing one (a unit after its file) is made again with it. A host that was not reached has
    nothing planned, and says why.
    """
    if result.reach is not Reach.REACHED:
        return HostPlan(result.name, reach=result.reach, detail=result.detail)
    wanted = [check.step for check in result.checks]
    here = {step.identity for step in wanted}
    leaving = [entry for entry in manifest.entries if entry.step.identity not in here]
    needed = {**needed, **needed_by_others((entry.step for entry in leaving), others)}
    parting = [_refused(change, refused) for change in _parting(leaving, result.checks, needed, others=others)]
    going = [change.step for change in parting if change.action is Action.REMOVE]
    repeated = steps_that_continue(wanted, [entry.step for entry in leaving])
    differing = [it.step for it in result.checks if it.state is not State.OK or it.step.identity in repeated]
    blocked = {**refused, **conflicts_with_others(differing, others), **blocked_by_others(result.checks, going)}
    changes = (*_differing(result.checks, blocked, repeated=repeated), *parting)
    there = [it for it in result.checks if it.present or (it.present is None and it.state is State.OK)]
    return HostPlan(
        result.name,
        tuple(sorted(changes, key=lambda change: _ORDER[change.action])),
        adopted=adopted_steps(manifest, (check.step for check in there), made_by_others(others)),
    )


_ORDER: Mapping[Action, int] = MappingProxyType({action: place for place, action in enumerate(Action)})


def with_manifest(plan: HostPlan, manifest: HostManifest) -> HostPlan:
    """Given a host's plan and its manifest, return the plan that says what is wrong with the manifest.

    Where the manifest must not be overwritten, or a later commit was applied, nothing is done on the host.
    """
    if plan.reach is not Reach.REACHED or not manifest.detail:
        return plan
    if manifest.stops_work:
        return HostPlan(plan.name, manifest=manifest.detail)
    return replace(plan, manifest=manifest.detail)


def _parting(
    leaving: Iterable[Entry], checks: Sequence[Check], needed: Mapping[str, str], *, others: Others
) -> Iterator[Change]:
    """Yield what becomes of the entries that leave the policy, in the reverse of the order of making."""
    wanted = [*(check.step for check in checks), *steps_of_others(others)]
    taken = {path: check for check in checks for path in check.step.paths}
    for entry in sorted(leaving, key=lambda entry: entry.step.order, reverse=True):
        rest = traits.remainder(entry.step, wanted)
        stays = needed.get(entry.step.identity) or _stays(entry, taken)
        if rest is None:
            yield Change(Action.RELEASE, entry.step, _continued(entry.step, wanted) or stays or _WANTED)
        elif stays:
            yield Change(Action.RELEASE, entry.step, stays)
        else:
            yield Change(Action.REMOVE, rest, LEFT_POLICY)


def _refused(change: Change, refused: Mapping[str, str]) -> Change:
    why = refused.get(change.step.identity, "")
    return Change(Action.MANUAL, change.step, why) if why and change.action is Action.REMOVE else change


def _differing(checks: Sequence[Check], blocked: dict[str, str], *, repeated: Iterable[str]) -> Iterator[Change]:
    """Given a host's checks and what is blocked, yield what apply makes, and what it must leave to others.

    `repeated` are identities of steps that are to be made in any case.
    """
    why = {check.step.identity: check.detail for check in checks if check.state is not State.OK}
    for identity in sorted(repeated):
        why.setdefault(identity, POLICY_CHANGED)
    changing: set[str] = set()
    for check in checks:  # in the order of making: what follows comes after what it follows
        identity, follows = check.step.identity, traits.follows(check.step)
        if identity not in why and not changing.isdisjoint(follows):
            why[identity] = FOLLOWS
        if (
            identity in why
            and identity not in blocked
            and (first := [it for it in (*follows, *traits.requires(check.step)) if it in blocked])
        ):
            blocked[identity] = f"waits for {', '.join(first)}, which must be fixed manually first"
        if identity in blocked:
            yield Change(Action.MANUAL, check.step, blocked[identity])
        elif identity in why:
            changing.add(identity)
            yield Change(_action(check), check.step, why[identity])


def _action(check: Check) -> Action:
    if not check.step.tasks():
        return Action.DEPENDENT
    return Action.ADD if check.present is False else Action.CHANGE


def _continued(step: Step, wanted: Iterable[Step]) -> str:
    """Given what leaves and what is wanted, return what goes on with it in words; empty: nothing does."""
    by = next((other for other in wanted if other.kind != step.kind and traits.continues(other, step)), None)
    return f"replaced by {by.identity}" if by else ""


def _stays(entry: Entry, taken: Mapping[str, Check]) -> str:
    """Given what left the policy and what is wanted at each path, return why nothing is removed; empty: it is.

    A file that became a link is removed before the link is made, and never once the link is there.
    """
    if why := traits.reason_to_keep(entry.step, made=entry.made) or ("" if entry.made else EXISTED):
        return why
    for path in entry.step.paths:
        if (check := taken.get(path)) is None:
            continue
        if check.state is State.OK or {check.step.kind, entry.step.kind} <= _WRITTEN_OVER:
            return f"replaced by {check.step.identity}"
    return ""
