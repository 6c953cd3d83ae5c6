"""What an apply did, said: per host what was done, what is still not kept and why, and the ledger's head.

Comes in: what came of an apply. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.ledger.codec import to_data
from opspact.ledger.event import Head
from opspact.plan.change import Action
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.document import counted, document
from opspact.report.lines import Line, line, shortened
from opspact.report.origins import named
from opspact.report.orphans import left_data
from opspact.report.verify import host_lines
from opspact.rollout.outcome import Applied, is_in_order
from opspact.rollout.record import planned
from opspact.steps.check import State


def applied_lines(applied: Applied, head: Head) -> list[Line]:
    """Given what came of an apply and the ledger's head, return it for people."""
    if applied.plan.is_empty and applied.is_kept:
        return [_nothing_to_do(applied), *_notes(applied)]
    plans = {host.name: host for host in applied.plan.hosts}
    lines = _kept_lines(applied, plans)
    lines += [
        text for name in applied.results if not _kept(name, applied) for text in _lost_lines(name, plans, applied)
    ]
    lines += [text for name in applied.results for text in _stays_lines(name, plans)]
    lines += _notes(applied)
    return [*lines, line(), _verdict(applied), line((f"ledger {head}", "quiet"), hang=7)]


def _nothing_to_do(applied: Applied) -> Line:
    steps = sum(len(result.checks) for result in applied.results.values())
    hosts = counted(len(applied.results), "host")
    return line(("nothing to do", "good"), f": {hosts}, {counted(steps, 'step')} in order; Ansible was not started")


def _notes(applied: Applied) -> list[Line]:
    return [line(("note: ", "quiet"), note) for note in applied.notes]


def _kept(name: str, applied: Applied) -> bool:
    return is_in_order(applied.results[name]) and name not in applied.why


def _kept_lines(applied: Applied, plans: Mapping[str, HostPlan]) -> list[Line]:
    """Return a line for all hosts on which the same was done, and that are in order now."""
    same: dict[str, list[str]] = {}
    for name, plan in plans.items():
        if not plan.is_empty and name in applied.results and _kept(name, applied):
            same.setdefault(_done(plan, applied), []).append(name)
    return [line((f"{named(names)}  ", "title"), ("kept", "good"), f"  {done}", hang=4) for done, names in same.items()]


def _lost_lines(name: str, plans: Mapping[str, HostPlan], applied: Applied) -> Iterator[Line]:
    """Yield what was done on a host that is not in order, why it is not, and every check that says so."""
    done = _done(plans[name], applied) if name in plans else ""
    yield line((f"{name}  ", "title"), ("not kept", "bad"), f"  {done}", hang=4)
    if (why := applied.why.get(name)) and why != applied.results[name].detail:  # else it is told below
        yield line(("why: ", "bad"), shortened(why), indent=2, hang=5)
    yield from list(host_lines(applied.results[name]))[1:]


def _stays_lines(name: str, plans: Mapping[str, HostPlan]) -> Iterator[Line]:
    """Yield what left the policies and stays on a host, and why: nothing notes it any more after this."""
    for change in plans[name].of(Action.RELEASE) if name in plans else ():
        yield line((f"{name}  ", "title"), f"left in place: {change.step.identity}: {change.why}", hang=4)


def _done(plan: HostPlan, applied: Applied) -> str:
    parts = [f"{len(found):,} {ACTION_STYLES[action].done}" for action in Action if (found := plan.of(action))]
    if not parts:
        return "its note was written anew" if plan.note else "nothing was to be done here"
    return ", ".join(parts) if applied.started else f"Ansible was not started: {', '.join(parts)} in the plan"


def _verdict(applied: Applied) -> Line:
    total = len(applied.results)
    good = sum(_kept(name, applied) for name in applied.results)
    if applied.signal:
        return line((f"ended by signal {applied.signal}", "bad"), f": {good:,} of {counted(total, 'host')} kept")
    if applied.is_kept:
        checks = sum(result.count(State.OK) for result in applied.results.values())
        return line(("kept", "good"), f": {counted(total, 'host')}, {counted(checks, 'check')} ok after apply")
    return line(
        ("not kept", "bad"), f" on {total - good:,} of {counted(total, 'host')}; the next apply goes on from here"
    )


def applied_json(applied: Applied, head: Head, left: Iterable[OrphanHost] = ()) -> str:
    """Given what came of an apply, the ledger's head and hosts that left the inventory, return one JSON object."""
    plans = {host.name: host for host in applied.plan.hosts}
    return document(
        "apply",
        {
            "kept": applied.is_kept,
            "ansible_started": applied.started,
            "signal": applied.signal,
            "plan": applied.plan.digest,
            "ledger_head": str(head),
            "notes": list(applied.notes),
            "hosts": [_host_data(name, applied, plans.get(name)) for name in applied.results],
            "left_the_inventory": left_data(left),
        },
    )


def _host_data(name: str, applied: Applied, plan: HostPlan | None) -> dict[str, object]:
    result = applied.results[name]
    return {
        "name": name,
        "kept": _kept(name, applied),
        "reach": result.reach.value,
        "why": applied.why.get(name, result.detail),
        "planned": to_data(planned(plan)) if plan else {},
        "ok": result.count(State.OK),
        "failed": result.count(State.FAILED),
        "unknown": result.count(State.UNKNOWN),
        "not_ok": [
            {"step": check.step.identity, "state": check.state.value, "detail": check.detail}
            for check in result.checks
            if check.state is not State.OK
        ],
    }
