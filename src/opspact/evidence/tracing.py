"""Following clauses to their policies, steps, checks and evidence, and back.

Comes in: a compiled contract, a ledger or none. Goes out: a trace.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from opspact.evidence.backups import newest_results
from opspact.evidence.trace import Asked, AskedAs, Checks, ClauseTrace, Evidence, PolicyTrace, StepTrace, Trace
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.contract_jobs import contract_jobs
from opspact.model.job import BACKUP, INSPECTION
from opspact.model.policy_index import KEEPS_NO_CLAUSE, Policy
from opspact.model.result import Result
from opspact.steps.base import Step
from opspact.steps.check import State
from opspact.workspace.workspace import Compiled

Look = Recorded[HostChecked]
"""What was seen of one host."""

_PROMISES = frozenset({"clause", "contract"})
"""Kinds that are no policies that keep something: a clause is what is kept."""


@dataclass(slots=True)
class _Seen:
    """What one policy asks and what was seen of it, gathered host by host."""

    hosts: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    looked: list[datetime] = field(default_factory=list)
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class _Job:
    """The hosts on which a policy is a scheduled job, and the newest result of each that was heard of."""

    hosts: tuple[str, ...]
    results: Mapping[str, Result]


def trace(head: Compiled, ledger: Ledger | None) -> Trace:
    """Given a compiled contract and the ledger (None: nothing was ever recorded), return everything traced."""
    contract = head.contract
    looks = _looks(ledger, contract) if ledger else {}
    seen = _seen(head, looks)
    results = _results(ledger, contract) if ledger else {}
    jobs = {job.key: job.hosts for job in contract_jobs(contract) if job.kind in {INSPECTION, BACKUP}}
    traces = {
        name: _policy(policy, seen.get(name, _Seen()), _Job(jobs.get(name, ()), results.get(name, {})))
        for name, policy in contract.written.policies.items()
        if policy.kind not in _PROMISES
    }
    keeping: dict[str, list[PolicyTrace]] = defaultdict(list)
    for traced in traces.values():
        for clause in traced.policy.origin.clauses:
            keeping[clause].append(traced)
    clauses = tuple(ClauseTrace(clause, tuple(keeping[name])) for name, clause in contract.clauses.items())
    unclaimed = tuple(
        traced
        for traced in traces.values()
        if not traced.policy.origin.clauses and traced.policy.kind not in KEEPS_NO_CLAUSE
    )
    return Trace(clauses, unclaimed)


def steps(head: Compiled, ledger: Ledger | None, asked: Asked) -> tuple[StepTrace, ...]:
    """Given a compiled contract, the ledger and what is asked for, return the steps concerned, host by host."""
    work = {asked.name: head.work[asked.name]} if asked.taken_as is AskedAs.HOST else head.work
    distinct = {id(of_host): of_host for of_host in work.values()}  # a large fleet shares its work
    concerned = {key: tuple(filter(asked.concerns, of_host.make)) for key, of_host in distinct.items()}
    chosen = {host: concerned[id(of_host)] for host, of_host in work.items() if concerned[id(of_host)]}
    looks = _looks(ledger, head.contract) if ledger else {}
    return tuple(
        traced
        for host, wanted in chosen.items()
        for traced in _steps_of(host, wanted, look=looks.get(host), digest=head.contract.digest)
    )


def _steps_of(host: str, wanted: Iterable[Step], *, look: Look | None, digest: str) -> Iterator[StepTrace]:
    wrong = _not_ok(look, digest)
    for step in wanted:
        if look is None or wrong is None:
            yield StepTrace(host, step)
        else:
            state, _, detail = wrong.get(step.identity, State.OK.value).partition(": ")
            yield StepTrace(host, step, State(state), detail, look.at)


def _not_ok(look: Look | None, digest: str) -> Mapping[str, str] | None:
    """Return what a look saw on a host that is not ok; None where it says nothing, being at other policies."""
    return look.event.not_ok if look is not None and look.event.contract_digest == digest else None


def _looks(ledger: Ledger, contract: Contract) -> Mapping[str, Look]:
    """Return the newest look at each host: of `verify`, or the last one of an apply."""
    newest = ledger.newest_by_subject(HostChecked, contract=contract.name, prefix="host/")
    return {look.event.host: look for look in newest.values()}


def _seen(head: Compiled, looks: Mapping[str, Look]) -> Mapping[str, _Seen]:
    """Return what each policy (`kind/name`) asks of hosts, and what the newest looks saw of that."""
    asked: dict[int, Mapping[str, list[str]]] = {}
    found: dict[str, _Seen] = defaultdict(_Seen)
    for host, work in head.work.items():
        if id(work) not in asked:
            by_policy: dict[str, list[str]] = defaultdict(list)
            for step in work.make:
                for policy in {origin.policy for origin in step.origins}:
                    by_policy[policy].append(step.identity)
            asked[id(work)] = by_policy
        for policy, identities in asked[id(work)].items():
            _add(found[policy], host, identities, look=looks.get(host), digest=head.contract.digest)
    return found


def _add(seen: _Seen, host: str, identities: list[str], *, look: Look | None, digest: str) -> None:
    """Add one host to what is known of a policy. A look at other policies than today's proves nothing of these."""
    seen.hosts.append(host)
    seen.steps.update(identity.partition(" ")[0] for identity in identities)
    wrong = _not_ok(look, digest)
    if look is None or wrong is None:
        seen.states["unknown"] += len(identities)
        seen.unseen += 1
        return
    seen.looked.append(look.at)
    for identity in identities:
        seen.states[wrong[identity].partition(":")[0] if identity in wrong else "ok"] += 1


def _results(ledger: Ledger, contract: Contract) -> Mapping[str, Mapping[str, Result]]:
    """Return the newest result of each inspection and backup (`kind/name`), by host."""
    found: dict[str, dict[str, Result]] = defaultdict(dict)
    for kind in (INSPECTION, BACKUP):
        for (policy, host), result in newest_results(ledger, contract.name, kind).items():
            found[f"{kind.name}/{policy}"][host] = result
    return found


def _policy(policy: Policy, seen: _Seen, job: _Job) -> PolicyTrace:
    states = seen.states
    checks = Checks(ok=states["ok"], failed=states["failed"], unknown=states["unknown"])
    evidence = (*_look_evidence(seen, checks), *_job_evidence(policy, job))
    return PolicyTrace(
        policy=policy,
        hosts=tuple(seen.hosts),
        steps=dict(sorted(seen.steps.items())),
        checks=checks,
        expects=(*(["verify"] if seen.steps else []), *([policy.kind] if job.hosts else [])),
        evidence=evidence,
    )


def _look_evidence(seen: _Seen, checks: Checks) -> Iterator[Evidence]:
    if seen.looked:
        good = not checks.failed and not (checks.unknown and not seen.unseen)
        words = f"{checks.ok} of {checks.planned} steps ok"
        yield Evidence("verify", min(seen.looked), good, words, seen.unseen)


def _job_evidence(policy: Policy, job: _Job) -> Iterator[Evidence]:
    """Yield what the hosts themselves reported of a policy that is a job."""
    told = {host: result for host, result in job.results.items() if host in job.hosts}
    times = [at for result in told.values() if (at := result.ended or result.started)]
    if not times:
        return
    good = sum(result.is_good for result in told.values())
    at = min(times)
    words = f"{good} of {len(told)} hosts good"
    yield Evidence(policy.kind, at, good == len(told), words, len(job.hosts) - len(told))
