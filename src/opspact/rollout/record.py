"""Rollout's events in the ledger: what was applied and seen, when, by whom, from which commit, with which plan.

Comes in: plans and results. Goes out: events.
"""

from collections.abc import Mapping

from opspact.fleet.connection import way_to
from opspact.ledger.event import NewEvent
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.orphan import OrphanHost
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout.outcome import Applied
from opspact.rollout.survey import Survey
from opspact.steps.check import HostResult, Reach, State
from opspact.workspace.workspace import Compiled, actor, now

STARTED, FINISHED, VERIFIED = "apply.started", "apply.finished", "verify.finished"
RETIRED = "host.retired"


def started(ledger: Ledger, head: Compiled, plan: Plan, *, noted: Mapping[str, object]) -> None:
    """Record that a plan is about to be carried out, what hosts' notes say of it, and how each host is reached.

    The way to a host is kept because it may leave the inventory one day.
    """
    hosts = {host.name: planned(host) for host in plan.hosts if not host.is_empty}
    ways = {host.name: way_to(host) for host in head.hosts(hosts)}
    _append(ledger, head, kind=STARTED, body={"hosts": hosts, "reached_at": ways, **noted}, plan_digest=plan.digest)


def finished(ledger: Ledger, head: Compiled, applied: Applied, *, noted: Mapping[str, object]) -> None:
    """Record what came of it and what hosts' notes say of that.

    `carrying` are the hosts on which opspact now keeps something.
    """
    body = {
        "ansible_started": applied.started,
        "canceled_by_signal": applied.signal,
        "carrying": [name for name in applied.results if name in head.work and head.work[name].make],
        "hosts": {name: seen(result, applied.why.get(name, "")) for name, result in applied.results.items()},
        "kept": applied.is_kept,
        "notes": list(applied.notes),
        **noted,
    }
    _append(ledger, head, kind=FINISHED, body=body, plan_digest=applied.plan.digest)


def verified(ledger: Ledger, head: Compiled, survey: Survey) -> None:
    """Record what verify saw."""
    hosts = {name: seen(result, "") for name, result in survey.results.items()}
    for name, note in survey.notes.items():
        if note.detail:
            hosts[name]["note"] = f"{note.state.value}: {note.detail}"
    _append(ledger, head, kind=VERIFIED, body={"hosts": hosts})


def retired(ledger: Ledger, head: Compiled, left: OrphanHost, *, reason: str) -> None:
    """Record that a host which left the inventory is gone for good, with what was on it."""
    _append(ledger, head, kind=RETIRED, body={"host": left.name, "reason": reason, "stayed": list(left.stays)})


def result(ledger: Ledger, head: Compiled, *, kind: str, body: Mapping[str, object]) -> None:
    """Record one result collected from a host, such as an inspection's."""
    _append(ledger, head, kind=kind, body=body)


def _append(ledger: Ledger, head: Compiled, *, kind: str, body: Mapping[str, object], plan_digest: str = "") -> None:
    ledger.append(
        NewEvent(
            at=now(),
            actor=actor(),
            kind=kind,
            contract=head.contract.name,
            commit=head.commit,
            plan_digest=plan_digest,
            body={"contract_digest": head.contract.digest, **body},
        )
    )


def planned(host: HostPlan) -> dict[str, object]:
    """Given a host's plan, return what of it is recorded: identities, by what is to happen."""
    return {
        action.value: [change.step.identity for change in changes] for action in Action if (changes := host.of(action))
    }


def seen(result: HostResult, why: str) -> dict[str, object]:
    """Given what was seen of a host, return what of it is recorded: counts, and every check that is not ok."""
    wrong = {
        check.step.identity: f"{check.state.value}: {check.detail}"
        for check in result.checks
        if check.state is not State.OK
    }
    body: dict[str, object] = {"ok": result.count(State.OK), "planned": len(result.checks)}
    if result.reach is not Reach.REACHED:
        body["reach"] = result.reach.value
    return body | ({"not_ok": wrong} if wrong else {}) | ({"why": why} if why else {})
