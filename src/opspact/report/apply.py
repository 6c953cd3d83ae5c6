"""What an apply did, shown: per host what was done, what is not as wanted and why, and the ledger's head.

In: what came of an apply. Out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.ledger.codec import to_data
from opspact.ledger.event import Head
from opspact.plan.change import Action
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan
from opspact.report.action_styles import ACTION_STYLES
from opspact.report.document import document
from opspact.report.lines import Line, line, shortened
from opspact.report.orphans import orphan_data
from opspact.report.verify import host_lines
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.rollout.record import planned
from opspact.steps.check import Reach, State
from opspact.text.counts import format_count
from opspact.text.names import list_names


def outcome_lines(outcome: ApplyOutcome, head: Head) -> list[Line]:
    """Given what came of an apply and the ledger's head, return it for people."""
    if outcome.plan.is_empty and outcome.is_converged:
        return [_nothing_to_do(outcome), *_notes(outcome)]
    plans = {host.name: host for host in outcome.plan.hosts}
    lines = _converged_lines(outcome, plans)
    waiting = set(outcome.not_started)
    failed = [name for name in outcome.failed if name not in waiting]
    lines += [text for name in failed for text in _failed_lines(name, plans, outcome)]
    if outcome.not_started:
        lines.append(line((f"{list_names(outcome.not_started)}  ", "title"), ("not started", "doubt"), hang=4))
    lines += [text for name in outcome.results for text in _released_lines(name, plans)]
    lines += _notes(outcome)
    return [*lines, line(), _verdict(outcome), line((f"ledger {head}", "quiet"), hang=7)]


def _nothing_to_do(outcome: ApplyOutcome) -> Line:
    steps = sum(len(result.checks) for result in outcome.results.values())
    hosts = format_count(len(outcome.results), "host")
    words = f": {hosts}, {format_count(steps, 'step')} ok; Ansible was not started"
    return line(("nothing to do", "good"), words)


def _notes(outcome: ApplyOutcome) -> list[Line]:
    return [line(("note: ", "quiet"), note) for note in outcome.notes]


def _is_good(name: str, outcome: ApplyOutcome) -> bool:
    return is_converged(outcome.results[name]) and name not in outcome.why


def _converged_lines(outcome: ApplyOutcome, plans: Mapping[str, HostPlan]) -> list[Line]:
    """Return a line for all converged hosts on which the same was done."""
    same: dict[str, list[str]] = {}
    for name, plan in plans.items():
        if not plan.is_empty and name in outcome.results and _is_good(name, outcome):
            same.setdefault(_done(plan, outcome), []).append(name)
    return [
        line((f"{list_names(names)}  ", "title"), ("converged", "good"), f"  {done}", hang=4)
        for done, names in same.items()
    ]


def _failed_lines(name: str, plans: Mapping[str, HostPlan], outcome: ApplyOutcome) -> Iterator[Line]:
    """Yield what was done on a host that did not converge, why it did not, and every check that says so."""
    result = outcome.results[name]
    reached = result.reach is Reach.REACHED
    carried_out = _carried_out(plans[name], outcome) if name in plans else ""
    word = "failed" if reached else result.reach.value
    yield line((f"{name}  ", "title"), (word, "bad"), f"  {carried_out}", hang=4)
    if (why := outcome.why.get(name)) and why != result.detail:  # else it comes below
        yield line(("reason: ", "bad"), shortened(why), indent=2, hang=8)
    yield from list(host_lines(result))[1:]


def _released_lines(name: str, plans: Mapping[str, HostPlan]) -> Iterator[Line]:
    """Yield what left the policies and stays on a host, and why: no manifest lists it any more after this."""
    for change in plans[name].of(Action.RELEASE) if name in plans else ():
        yield line((f"{name}  ", "title"), f"left in place: {change.step.identity}: {change.why}", hang=4)


def _done(plan: HostPlan, outcome: ApplyOutcome) -> str:
    """Return what was done on a host that converged."""
    parts = [f"{len(found):,} {ACTION_STYLES[action].done}" for action in Action if (found := plan.of(action))]
    if not parts:
        return "manifest rewritten" if plan.manifest else "no changes"
    return ", ".join(parts) if outcome.started else f"Ansible was not started; {_planned(plan)}"


def _planned(plan: HostPlan) -> str:
    """Return what was to be done on a host."""
    parts = [f"{len(found):,} {ACTION_STYLES[action].planned}" for action in Action if (found := plan.of(action))]
    return f"planned: {', '.join(parts)}" if parts else ""


def _carried_out(plan: HostPlan, outcome: ApplyOutcome) -> str:
    """Return what was done of a host's plan as far as is known: by the last check, never by what was planned."""
    if plan.reach is not Reach.REACHED:
        return "not checked: the changes needed there are unknown"
    if not outcome.started:
        return "; ".join(filter(None, ("Ansible was not started", _planned(plan))))
    if outcome.results[plan.name].reach is not Reach.REACHED:
        planned = _planned(plan)
        return f"{planned}; what was done of it is unknown" if planned else ""
    done = outcome.done(plan)
    return ", ".join(
        f"{len(done[action]):,} of {len(found):,} {style.done}" if action in done else f"{len(found):,} {style.planned}"
        for action, style in ACTION_STYLES.items()
        if (found := plan.of(action))
    )


def _verdict(outcome: ApplyOutcome) -> Line:
    total = len(outcome.results)
    good = sum(_is_good(name, outcome) for name in outcome.results)
    hosts = format_count(total, "host")
    if outcome.signal:
        return line((f"stopped by signal {outcome.signal}", "bad"), f": {good:,} of {hosts} converged")
    if outcome.stopped:
        words = f"; {good:,} of {hosts} converged; `opspact apply --resume` continues"
        return line(("stopped", "doubt"), f": {outcome.stopped}{words}", hang=4)
    if outcome.is_converged:
        checks = sum(result.count(State.OK) for result in outcome.results.values())
        return line(("converged", "good"), f": {hosts}, {format_count(checks, 'check')} ok after apply")
    is_manual = any(plan.of(Action.MANUAL) for plan in outcome.plan.hosts)  # such a host is never converged
    then = "make the manual fixes, then run apply again" if is_manual else "run apply again to continue"
    if waiting := len(outcome.not_started):
        failed = total - good - waiting
        then = f"{waiting:,} not started; `opspact apply --resume` continues with the waves that are left"
        return line(("failed", "bad"), f" on {failed:,} of {hosts}, {then}", hang=4)
    return line(("failed", "bad"), f" on {total - good:,} of {hosts}; {then}")


def outcome_json(outcome: ApplyOutcome, head: Head, orphans: Iterable[OrphanHost] = ()) -> str:
    """Given what came of an apply, the ledger's head and hosts that left the inventory, return one JSON object."""
    plans = {host.name: host for host in outcome.plan.hosts}
    return document(
        "apply",
        {
            "converged": outcome.is_converged,
            "ansible_started": outcome.started,
            "signal": outcome.signal,
            "stopped": outcome.stopped,
            "plan": outcome.plan.digest,
            "ledger_head": str(head),
            "notes": list(outcome.notes),
            "hosts": [_host_data(name, outcome, plans.get(name)) for name in outcome.results],
            "left_the_inventory": orphan_data(orphans),
        },
    )


def _host_data(name: str, outcome: ApplyOutcome, plan: HostPlan | None) -> dict[str, object]:
    result = outcome.results[name]
    return {
        "name": name,
        "converged": _is_good(name, outcome),
        "reach": result.reach.value,
        "started": name not in outcome.not_started,
        "why": outcome.why.get(name, result.detail),
        "planned": to_data(planned(plan)) if plan else {},
        "done": {action.value: list(steps) for action, steps in outcome.done(plan).items() if steps} if plan else {},
        "ok": result.count(State.OK),
        "failed": result.count(State.FAILED),
        "unknown": result.count(State.UNKNOWN),
        "not_ok": [
            {"step": check.step.identity, "state": check.state.value, "detail": check.detail}
            for check in result.checks
            if check.state is not State.OK
        ],
    }
