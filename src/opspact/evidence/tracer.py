"""Clauses followed to their policies, steps and obligations, and steps followed back.

Comes in: a contract, each host's work, an assessment, a ledger or none. Goes out: a trace.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from opspact.compile.shape import Work
from opspact.evidence.assessment import Assessment, Judged
from opspact.evidence.trace import ClauseTrace, PolicyTrace, StepTrace, TargetType, Trace, TraceTarget
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.policy_index import KEEPS_NO_CLAUSE
from opspact.steps.base import Step
from opspact.steps.check import State

_PROMISES = frozenset({"clause", "contract"})
"""Kinds that are no policies that keep something: a clause is what is kept."""


def trace(contract: Contract, work: Mapping[str, Work], assessment: Assessment) -> Trace:
    """Given a contract, each host's work and how its obligations stand, return everything traced."""
    owed: dict[str, list[Judged]] = defaultdict(list)
    for judged in assessment.judged:
        owed[judged.obligation.policy].append(judged)
    hosts, steps = _asked_of_hosts(work)
    traces = {
        name: PolicyTrace(policy, tuple(hosts[name]), dict(sorted(steps[name].items())), tuple(owed[name]))
        for name, policy in contract.policy_index.policies.items()
        if policy.kind not in _PROMISES
    }
    keeping: dict[str, list[PolicyTrace]] = defaultdict(list)
    for traced in traces.values():
        for clause in traced.policy.origin.clauses:
            keeping[clause].append(traced)
    clauses = tuple(
        ClauseTrace(clause, tuple(keeping[name]), assessment.clauses[name]) for name, clause in contract.clauses.items()
    )
    unclaimed = tuple(
        traced
        for traced in traces.values()
        if not traced.policy.origin.clauses and traced.policy.kind not in KEEPS_NO_CLAUSE
    )
    return Trace(clauses, unclaimed)


def _asked_of_hosts(work: Mapping[str, Work]) -> tuple[Mapping[str, list[str]], Mapping[str, Counter[str]]]:
    """Return, for each policy (`kind/name`), the hosts that it has steps on, and how many steps of each kind."""
    target: dict[int, Mapping[str, Counter[str]]] = {}
    hosts: dict[str, list[str]] = defaultdict(list)
    steps: dict[str, Counter[str]] = defaultdict(Counter)
    for host, of_host in work.items():
        if id(of_host) not in target:  # a large fleet shares its work
            target[id(of_host)] = _kinds_by_policy(of_host.make)
        for policy, kinds in target[id(of_host)].items():
            hosts[policy].append(host)
            steps[policy].update(kinds)
    return hosts, steps


def _kinds_by_policy(steps: Iterable[Step]) -> Mapping[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for step in steps:
        for policy in {origin.policy for origin in step.origins}:
            found[policy][step.kind] += 1
    return found


def trace_steps(
    contract: Contract, work: Mapping[str, Work], ledger: Ledger | None, *, target: TraceTarget
) -> tuple[StepTrace, ...]:
    """Given a contract, each host's work, the ledger and what is asked for, return the steps concerned, by host."""
    chosen = {target.name: work[target.name]} if target.type is TargetType.HOST else work
    distinct = {id(of_host): of_host for of_host in chosen.values()}  # a large fleet shares its work
    included = {key: tuple(filter(target.includes, of_host.make)) for key, of_host in distinct.items()}
    checked = ledger.newest_by_subject(HostChecked, contract=contract.name, prefix="host/") if ledger else {}
    return tuple(
        traced
        for host, of_host in chosen.items()
        for traced in _steps_of(
            host, included[id(of_host)], checked=checked.get(f"host/{host}"), digest=contract.digest
        )
    )


def _steps_of(
    host: str, wanted: Iterable[Step], *, checked: Recorded[HostChecked] | None, digest: str
) -> Iterator[StepTrace]:
    """Yield the steps with what the newest check says; one that was made at other policies says nothing of these."""
    for step in wanted:
        if checked is None or checked.event.contract_digest != digest:
            yield StepTrace(host, step)
        else:
            state, _, detail = checked.event.not_ok.get(step.identity, State.OK.value).partition(": ")
            yield StepTrace(host, step, State(state), detail, checked.at)
