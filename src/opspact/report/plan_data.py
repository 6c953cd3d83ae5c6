"""A plan for scripts: every host and every change with its place in the policies, and the groups of like hosts.

In: a plan. Out: one JSON object.
"""

from opspact.plan.change import Action, Change
from opspact.plan.plan import HostPlan, Plan
from opspact.report.contract_comparison import contract_data
from opspact.report.document import document
from opspact.report.origins import origin_data
from opspact.report.orphans import orphan_data
from opspact.report.plan import (
    Group,
    PreviousSteps,
    clauses_of,
    groups,
    is_equal,
    reason_counts,
    totals,
    unreachable_hosts,
)
from opspact.report.plan_context import NO_CONTEXT, PlanContext
from opspact.report.plan_requirements import requirements_data
from opspact.report.waves import waves_data
from opspact.report.windows import closed_data
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.text.instants import format_instant_in_utc


def plan_json(plan: Plan, context: PlanContext = NO_CONTEXT) -> str:
    """Given a plan, return it as one JSON object: every host, and the groups of those with the same changes.

    What changes in the contract is there too where it is known; it is information, not carried out, and no part of the
    digest. So is how files differ, as far as `context.sides` says: `diff`, or `diff_hidden` with the reason; when a
    timer that is started elapses: `next_run`; which hosts apply may not change now: `windows`; in which `waves` apply
    would carry it out, or why it would refuse: `refusal`; the `approvals` that it needs, and whose signatures its
    commits have, where the base is known. `reason`: whether a change is intended, or drift.
    """
    sides, comparison, closed = context.sides, context.comparison, context.closed
    brief = _Brief()
    counts = {
        "hosts": len(plan.hosts),
        "unreachable": len(unreachable_hosts(plan)),
        "left_the_inventory": len(plan.orphans),
    }
    reasons = {why.value: number for why, number in reason_counts(plan, sides).items()}
    return document(
        "plan",
        {
            "digest": plan.digest,
            "base": plan.base,
            "head": plan.head,
            "contract": plan.contract,
            "live": plan.live,
            "summary": {action.value: number for action, number in totals(plan).items()} | counts | reasons,
            "clauses": clauses_of(plan),
            "hosts": [_host_data(host, brief, sides) for host in plan.hosts],
            "groups": [_group_data(group, sides) for group in groups(plan, replace(sides, found={}))],
            "left_the_inventory": orphan_data(plan.orphans),
            **(contract_data(comparison) if comparison else {}),
            **({"unchanged": is_equal(plan, comparison)} if comparison else {}),
            **({"windows": closed_data(closed)} if closed else {}),
            **(requirements_data(context.requirements) if context.requirements else {}),
            **waves_data(context.waves),
        },
    )


class _Brief:
    """A step's origin beside each host, in short; a large fleet shares its steps, so each is worked out once."""

    def __init__(self) -> None:
        self._data: dict[int, dict[str, object]] = {}

    def of(self, change: Change) -> dict[str, object]:
        """Given a change, return its step, the reason, and the first place that asks for it, with all its clauses."""
        data = self._data.get(id(change.step))
        if data is None:
            data = {key: value for key, value in origin_data(change.step).items() if key != "origins"}
            self._data[id(change.step)] = data
        return {"step": change.step.identity, "why": change.why, **data}


def _host_data(host: HostPlan, brief: _Brief, sides: PreviousSteps) -> dict[str, object]:
    """Return a host's changes; with what it was compared, or how it answered where it was asked."""
    asked_nobody = host.reach is Reach.NOT_CHECKED
    looked = {"base": host.base} if asked_nobody else {"reach": host.reach.value, "detail": host.detail}
    data = {
        action.value: [
            brief.of(change)
            | _reason_data(host.name, change, sides)
            | _diff_data(host.name, change, sides)
            | _next_run_data(change, sides)
            for change in host.of(action)
        ]
        for action in Action
    }
    return {"name": host.name, **looked, "manifest": host.manifest, "adopted": list(host.adopted), **data}


def _reason_data(host: str, change: Change, sides: PreviousSteps) -> dict[str, object]:
    why = sides.reason(host, change)
    return {"reason": why.value} if why else {}


def _diff_data(host: str, change: Change, sides: PreviousSteps) -> dict[str, object]:
    match sides.whole_difference(host, change):
        case str() as why:
            return {"diff_hidden": why}
        case []:
            return {}
        case lines:
            return {"diff": "".join(f"{text}\n" for text in lines)}


def _next_run_data(change: Change, sides: PreviousSteps) -> dict[str, object]:
    at = sides.next_runs.of(change) if sides.next_runs else None
    return {"next_run": format_instant_in_utc(at)} if at else {}


def _group_data(group: Group, sides: PreviousSteps) -> dict[str, object]:
    """Return a group's changes with all their origins; its hosts say the first of them."""
    data = {
        action.value: [
            {
                "step": change.step.identity,
                "why": change.why,
                **_reason_data(group.plan.name, change, sides),
                **origin_data(change.step),
            }
            for change in group.plan.of(action)
        ]
        for action in Action
    }
    return {"hosts": group.hosts, "manifest": group.plan.manifest, "adopted": list(group.plan.adopted), **data}
