"""Rollout's events: what was planned, done and seen, on which host, for which policy.

In: plans and results. Out: events, recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from opspact.compile.policy_steps import PolicySteps, steps_by_policy
from opspact.compile.shape import Work
from opspact.errors import AlreadyRecorded, LeaseLost
from opspact.fleet.connection import connection_details
from opspact.ledger.apply_events import (
    ApplyFinished,
    ApplyStarted,
    ChangeGuarded,
    CheckSource,
    HostAddress,
    HostChecked,
    HostOutcome,
    ManifestChanges,
    PlannedSteps,
    PolicyChecks,
    VerifyFinished,
)
from opspact.ledger.events import AnyEvent
from opspact.ledger.run_events import HostTaken
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.manifest_state import HostManifest
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.rollout.policy_record import applied_policies
from opspact.rollout.survey import Survey
from opspact.run.leases import Leases
from opspact.steps.check import HostResult, Reach, State
from opspact.structs import replace
from opspact.workspace.workspace import Compiled, context

HostManifests = Mapping[str, HostManifest]
"""The manifest of each host, as it was found."""


def started(leases: Leases, head: Compiled, plan: Plan, *, manifests: ManifestChanges) -> None:
    """Record that a plan is about to be carried out, what manifests say of it, and how each host is reached.

    A host that another run has taken is left out. Raise LeaseLost when nothing is left.
    """

    def events() -> Iterator[AnyEvent]:
        hosts = {it.name: planned(it) for it in plan.hosts if not it.is_empty and it.name not in leases.lost}
        yield ApplyStarted(
            hosts=hosts,
            reached_at={host.name: HostAddress(**connection_details(host)) for host in head.hosts(hosts)},
            manifests=_kept(manifests, leases.lost),
            contract_digest=head.contract.digest,
            run=leases.run,
        )

    _record(leases, events, plan, head=head)


def guarded(leases: Leases, head: Compiled, plan: Plan, *, changes: Iterable[ChangeGuarded]) -> None:
    """Record what became of guarded changes; a host that another run has taken is left out.

    Raise LeaseLost when nothing is left.
    """
    found = tuple(changes)
    _record(leases, lambda: [change for change in found if change.host not in leases.lost], plan, head=head)


def reverted(ledger: Ledger, head: Compiled, changes: Iterable[ChangeGuarded]) -> None:
    """Record what hosts have reverted since an earlier run, of which no process is left."""
    ledger.record_all(tuple(changes), context=context(head))


def finished(
    leases: Leases, head: Compiled, outcome: ApplyOutcome, *, manifests: ManifestChanges, found: HostManifests
) -> ApplyOutcome:
    """Record what was seen of each host after an apply, which policies came into effect, and what came of it all.

    `manifests`: what is new in them; `found`: how those on the hosts were found. Return the outcome; a host that
    another run has taken is left out of what is recorded, and has failed in what is returned. Raise LeaseLost when
    nothing is left.
    """

    def events() -> Iterator[AnyEvent]:
        lost = leases.lost
        return _finished(leases, head, outcome.without(lost), manifests=_kept(manifests, lost), found=found)

    _record(leases, events, outcome.plan, head=head)
    return outcome.with_lost(leases.lost)


def _record(leases: Leases, events: Callable[[], Iterable[AnyEvent]], plan: Plan, *, head: Compiled) -> None:
    """Record events; whenever it turns out that a host was lost, make them again without it.

    They are made again, too, when another apply has just recorded where a policy came into effect.
    """
    while True:
        try:
            return leases.record(events(), plan_digest=plan.digest, commit=head.commit)
        except AlreadyRecorded:
            continue
        except LeaseLost:
            if leases.is_lost:
                raise


def _kept(manifests: ManifestChanges, lost: Mapping[str, str]) -> ManifestChanges:
    return replace(manifests, hosts={name: it for name, it in manifests.hosts.items() if name not in lost})


def _finished(
    leases: Leases, head: Compiled, outcome: ApplyOutcome, *, manifests: ManifestChanges, found: HostManifests
) -> Iterator[AnyEvent]:
    event = ApplyFinished(
        hosts={name: _outcome(result, outcome.why.get(name, "")) for name, result in outcome.results.items()},
        is_converged=outcome.is_converged,
        ansible_started=outcome.started,
        signal=outcome.signal,
        carrying=tuple(name for name in outcome.results if name in head.work and head.work[name].make),
        notes=outcome.notes,
        manifests=manifests,
        contract_digest=head.contract.digest,
        run=leases.run if leases.is_started else "",
        left=outcome.left,
    )
    steps = _steps(head, outcome.results)
    checks = list(_checks(head, outcome.results, CheckSource.APPLY, found=found, steps=steps))
    yield from (replace(check, run=event.run) for check in checks)
    yield from applied_policies(leases.ledger, head, event, checks=checks)
    held = leases.tokens
    for name, by in outcome.taken.items():
        if name in held:
            yield HostTaken(name, held[name], leases.run, by)
    yield event


def verified(ledger: Ledger, head: Compiled, survey: Survey) -> None:
    """Record what verify saw of each host, and what that comes to."""
    ledger.record_all(_verified(head, survey), context=context(head))


def gate_verified(leases: Leases, head: Compiled, survey: Survey) -> None:
    """Record what was seen of a wave's hosts when they had settled, except of those that another run has taken."""

    def events() -> Iterable[AnyEvent]:
        results = {name: result for name, result in survey.results.items() if name not in leases.lost}
        return _verified(head, replace(survey, results=results), run=leases.run)

    while True:
        try:
            return leases.record(events())
        except LeaseLost:
            if leases.is_lost:
                raise


def _verified(head: Compiled, survey: Survey, run: str = "") -> list[AnyEvent]:
    results = survey.results
    checks = _checks(head, results, CheckSource.VERIFY, found=survey.manifests, steps=_steps(head, results))
    by_state: dict[State, list[str]] = {state: [] for state in State}
    for name, result in results.items():
        by_state[_state(result)].append(name)
    event = VerifyFinished(
        ok=tuple(by_state[State.OK]),
        failed=tuple(by_state[State.FAILED]),
        unknown=tuple(by_state[State.UNKNOWN]),
        contract_digest=head.contract.digest,
        run=run,
    )
    return [*(replace(check, run=run) for check in checks), event]


def _state(result: HostResult) -> State:
    if is_converged(result):
        return State.OK
    return State.FAILED if result.reach is Reach.REACHED and result.count(State.FAILED) else State.UNKNOWN


def planned(host: HostPlan) -> PlannedSteps:
    """Given a host's plan, return what of it is recorded: identities, by what is to happen."""
    return {
        action: tuple(change.step.identity for change in changes) for action in Action if (changes := host.of(action))
    }


def _outcome(result: HostResult, why: str) -> HostOutcome:
    return HostOutcome(len(result.checks), result.count(State.OK), result.reach, why)


_Steps = Mapping[str, Mapping[str, PolicySteps]]
"""Hosts, and the steps that each policy asks of them."""


def _steps(head: Compiled, hosts: Iterable[str]) -> _Steps:
    work = {name: head.work.get(name, _NO_WORK) for name in hosts}
    by_work = steps_by_policy(work.values())
    return {name: by_work[id(of_host)] for name, of_host in work.items()}


_NO_WORK = Work()


def _checks(
    head: Compiled, results: Mapping[str, HostResult], source: CheckSource, *, found: HostManifests, steps: _Steps
) -> Iterator[HostChecked]:
    for name, result in results.items():
        not_ok = {check.step.identity: check for check in result.checks if check.state is not State.OK}
        states = {identity: check.state for identity, check in not_ok.items()}
        manifest = found.get(name)
        yield HostChecked(
            host=name,
            source=source,
            contract_digest=head.contract.digest,
            reach=result.reach,
            detail=result.detail,
            planned=len(result.checks),
            ok=result.count(State.OK),
            not_ok={identity: f"{check.state.value}: {check.detail}" for identity, check in not_ok.items()},
            policies={policy: _counts(asked, states) for policy, asked in steps[name].items()},
            manifest=f"{manifest.state.value}: {manifest.detail}" if manifest and manifest.detail else "",
        )


def _counts(asked: PolicySteps, not_ok: Mapping[str, State]) -> PolicyChecks:
    """Return how many of a policy's steps are in which state; one of which nothing is said is ok."""
    found = [not_ok[identity] for identity in asked.identities if identity in not_ok]
    return PolicyChecks(
        ok=len(asked.identities) - len(found),
        failed=found.count(State.FAILED),
        unknown=found.count(State.UNKNOWN),
        digest=asked.digest,
    )
