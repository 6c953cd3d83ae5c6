"""Which drift may be fixed without asking anybody, and what an apply of just that does.

In: the drift of hosts, the base, an instant. Out: the steps to fix, by host, and why others are not fixed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from opspact.model.contract import Contract
from opspact.model.policies.rollout import Rollout
from opspact.plan.change import Action, Change
from opspact.plan.change_reason import ChangeReason
from opspact.plan.commit_comparison import FOLLOWS
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import windows
from opspact.rollout.drift import Difference, DriftReport, HostDrift
from opspact.steps import traits
from opspact.structs import Struct, replace
from opspact.text.names import join_names

ChosenSteps = Mapping[str, tuple[str, ...]]
"""Identities of steps, by host."""


class DriftFix(Struct):
    """What may be fixed, and for hosts with drift that is not, why."""

    steps: ChosenSteps
    why_not: Mapping[str, str]


def drift_fix(report: DriftReport, base: Contract, at: datetime) -> DriftFix:
    """Given the drift against the base, the base and an instant, return which of it may be fixed then."""
    drifted = {host.result.name: host for host in report.hosts if host.of(ChangeReason.DRIFT)}
    closed = {name: windows.reason(each) for each in windows.closed_hosts(base, drifted, at) for name in each.hosts}
    rollouts = {name: rollout for rollout in base.rollouts for name in rollout.hosts}
    steps, why_not = {}, {}
    for name, host in drifted.items():
        allowed = tuple(_allowed(host, rollouts.get(name)))
        if why := closed.get(name) or _why_not(host, allowed):
            why_not[name] = why
        if allowed and name not in closed and not host.intended:
            steps[name] = tuple(each.check.step.identity for each in allowed)
    return DriftFix(steps, why_not)


def _allowed(host: HostDrift, rollout: Rollout | None) -> Iterator[Difference]:
    policies = set(rollout.fix_drift) if rollout else set()
    for each in host.of(ChangeReason.DRIFT):
        wanted = {origin.policy for origin in each.check.step.origins}
        if wanted and wanted <= policies and each.check.step.tasks():
            yield each


def _why_not(host: HostDrift, allowed: tuple[Difference, ...]) -> str:
    """Return why not all drift of a host is fixed; empty: it is."""
    if host.intended:
        return "policies are not applied there yet: opspact apply comes first"
    left = [each for each in host.of(ChangeReason.DRIFT) if each not in allowed and each.check.step.tasks()]
    policies = sorted({origin.policy for each in left for origin in each.check.step.origins})
    return f"fix_drift of no rollout names {join_names(policies, last='or')}" if policies else ""


def only(plan: Plan, steps: ChosenSteps) -> Plan:
    """Given a plan and steps by host, return it with the changes of these alone, and of what follows them.

    Without any steps, the plan stays whole.
    """
    if not steps:
        return plan
    return replace(plan, hosts=tuple(_only(host, steps.get(host.name, ())) for host in plan.hosts))


def _only(host: HostPlan, steps: tuple[str, ...]) -> HostPlan:
    kept: dict[str, Change] = {}
    for change in sorted(host.changes, key=lambda change: change.step.order):
        follows = change.why == FOLLOWS and not kept.keys().isdisjoint(traits.follows(change.step))
        if (change.step.identity in steps or follows) and change.action is not Action.REMOVE:
            kept[change.step.identity] = change
    return replace(host, changes=tuple(change for change in host.changes if change.step.identity in kept))
