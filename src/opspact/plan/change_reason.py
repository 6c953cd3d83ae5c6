"""Why a host differs from the policies: they changed, it changed, or nobody can tell.

In: a host's plan, what verify saw there, its manifest, what the ledger says of the last apply. Out: a reason for each
change.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from opspact.plan.change import Change
from opspact.plan.commit_comparison import POLICY_CHANGED
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.plan.plan import HostPlan
from opspact.steps import traits
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, State
from opspact.structs import Struct


class ChangeReason(StrEnum):
    """Why something is to change; the values are those of a plan's JSON."""

    INTENDED = "intended"  # the policy is another one than when it was last applied here
    DRIFT = "drift"  # the host changed though the policy did not
    UNKNOWN = "unknown"  # it could not be checked, or there is no record of what was applied here


class LastApply(Struct):
    """What is known of the last apply to a host: whether all its steps were ok afterwards.

    `steps` returns those that were wanted then, by identity; None when that is unknown. It is asked only about what no
    manifest lists: steps that nothing makes.
    """

    is_converged: bool
    steps: Callable[[], Mapping[str, Step] | None]


_NO_RECORD = frozenset({ManifestState.MISSING, ManifestState.DAMAGED, ManifestState.REBUILT, ManifestState.BLOCKED})


def change_reasons(
    plan: HostPlan, result: HostResult, manifest: HostManifest, *, last: LastApply | None
) -> Mapping[str, ChangeReason]:
    """Given a host's plan, its checks, its manifest and its last apply (None: the ledger knows of none), return why.

    By identity. What leaves the policies is intended. What follows another change has the reason of that one.
    """
    changes = {change.step.identity: change for change in plan.changes}
    entries = {entry.step.identity: entry.step for entry in manifest.manifest.entries}
    found: dict[str, ChangeReason] = {}
    for check in result.checks:  # in the order of making: what follows comes after what it follows
        identity = check.step.identity
        if identity not in changes:
            continue
        if check.state is State.UNKNOWN or manifest.state in _NO_RECORD:
            found[identity] = ChangeReason.UNKNOWN
        elif manifest.adopts:
            found[identity] = ChangeReason.INTENDED  # nothing was applied here so far
        else:
            found[identity] = _of_policy(check, entries, last) or _of_host(check, changes[identity], last, found=found)
    return {identity: found.get(identity, ChangeReason.INTENDED) for identity in changes}


def _of_policy(check: Check, entries: Mapping[str, Step], last: LastApply | None) -> ChangeReason | None:
    """Return INTENDED where the policy is another one, UNKNOWN where nobody knows, None where it is the same."""
    before: Step | None = entries.get(check.step.identity)
    if before is None and not check.step.tasks():
        steps = last.steps() if last else None
        if steps is None:
            return ChangeReason.UNKNOWN
        before = steps.get(check.step.identity)
    return None if before == check.step else ChangeReason.INTENDED


def _of_host(
    check: Check, change: Change, last: LastApply | None, *, found: Mapping[str, ChangeReason]
) -> ChangeReason:
    """Return why a step differs of which the policy is the same."""
    if check.state is State.OK:
        followed = [found[identity] for identity in traits.follows(check.step) if identity in found]
        if change.why == POLICY_CHANGED or ChangeReason.INTENDED in followed:
            return ChangeReason.INTENDED
        return followed[0] if followed else ChangeReason.UNKNOWN
    return ChangeReason.DRIFT if last and last.is_converged else ChangeReason.UNKNOWN
