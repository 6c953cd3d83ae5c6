"""Hosts on which steps of others depend (a backup server): checked, locked, and what must wait for them deferred.

In: a plan, what was seen of the hosts chosen, sessions to others. Out: the plan that can be carried out now.
"""

from collections.abc import Mapping

from opspact.compile.shape import Work
from opspact.fleet.sessions import Sessions
from opspact.plan.change import Action
from opspact.plan.dependencies import availability, host_dependencies, with_deferred
from opspact.plan.plan import Plan
from opspact.rollout.survey import Surveyor
from opspact.steps.check import Results
from opspact.steps.traits import required_on_hosts
from opspact.structs import replace
from opspact.workspace.workspace import Compiled


def beyond(plan: Plan) -> tuple[str, ...]:
    """Given a plan, return the hosts not in it on which something in it depends, in order of name."""
    chosen = {host.name for host in plan.hosts}
    return tuple(sorted({name for host in plan.hosts for name, _ in host_dependencies(host)} - chosen))


def check_hosts(sessions: Sessions, head: Compiled, plan: Plan, *, holder: str = "") -> Results:
    """Given sessions to the hosts beyond a plan, return the state there of all that the plan's steps need.

    `holder` takes these hosts' locks: they are written to.
    """
    needed = {
        identity for host in plan.hosts for _, step in host_dependencies(host) for identity in required_on_hosts(step)
    }
    work = {
        name: Work(tuple(step for step in head.work.get(name, Work()).make if step.identity in needed))
        for name in sessions.names
    }
    return Surveyor(sessions, head.contract.name, {}, holder=holder).survey(work, sessions.names).results


def possible(plan: Plan, seen: Results, others: Results) -> Plan:
    """Given a plan, and what was seen of its hosts and of those beyond it, return what can be done of it now."""
    plans = {host.name: host for host in plan.hosts}
    names = {name for host in plan.hosts for name, _ in host_dependencies(host)}
    found = {**others, **seen}
    availabilities = {name: availability(found[name], plans.get(name)) for name in names if name in found}
    return replace(plan, hosts=tuple(with_deferred(host, availabilities) for host in plan.hosts))


def deferred(plan: Plan) -> Mapping[str, str]:
    """Given a plan, return for each host what of it is deferred, with the reason."""
    return {
        host.name: "deferred: " + "; ".join(f"{change.step.identity}: {change.why}" for change in waiting)
        for host in plan.hosts
        if (waiting := host.of(Action.DEFERRED))
    }


def reasons(plan: Plan) -> dict[str, list[str]]:
    """Given a plan, return each reason why something is deferred, with the hosts that it concerns."""
    found: dict[str, dict[str, None]] = {}
    for host in plan.hosts:
        for change in host.of(Action.DEFERRED):
            found.setdefault(change.why, {})[host.name] = None
    return {why: list(hosts) for why, hosts in found.items()}
