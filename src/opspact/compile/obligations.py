"""Contract → obligations: what every policy owes in time, and what verify checks of its steps.

Comes in: a contract and each host's work. Goes out: obligations, in the order of their policies.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import chain

from opspact.compile.approval import approval_obligations
from opspact.compile.backup import backup_obligations
from opspact.compile.channels import channels_obligations
from opspact.compile.data_care import data_care_obligations
from opspact.compile.device import device_obligations
from opspact.compile.emergency import emergency_obligations
from opspact.compile.emergency_access import emergency_access_obligations
from opspact.compile.escrow import escrow_obligations
from opspact.compile.flow import flow_obligations
from opspact.compile.inspection import inspection_obligations
from opspact.compile.ladder import ladder_obligations
from opspact.compile.library import library_obligations
from opspact.compile.log_review import log_review_obligations
from opspact.compile.person import person_obligations
from opspact.compile.quality import quality_obligations
from opspact.compile.redaction import redaction_obligations
from opspact.compile.review import review_obligations
from opspact.compile.rollout import rollout_obligations
from opspact.compile.roster import roster_obligations
from opspact.compile.runbook import runbook_obligations
from opspact.compile.shape import Work
from opspact.compile.sla import sla_obligations
from opspact.compile.spare import spare_obligations
from opspact.compile.staffing import staffing_obligations
from opspact.compile.team import team_obligations
from opspact.compile.training import training_obligations
from opspact.compile.visit import visit_obligations
from opspact.compile.window import window_obligations
from opspact.model.contract import Contract
from opspact.obligations.obligation import CheckSource, Obligation, Proof, State, Within
from opspact.structs import replace

_OF_KINDS: tuple[Callable[[Contract], Iterator[Obligation]], ...] = (
    approval_obligations,
    backup_obligations,
    channels_obligations,
    data_care_obligations,
    device_obligations,
    emergency_obligations,
    emergency_access_obligations,
    escrow_obligations,
    flow_obligations,
    inspection_obligations,
    ladder_obligations,
    library_obligations,
    log_review_obligations,
    person_obligations,
    quality_obligations,
    redaction_obligations,
    review_obligations,
    rollout_obligations,
    roster_obligations,
    runbook_obligations,
    sla_obligations,
    spare_obligations,
    staffing_obligations,
    team_obligations,
    training_obligations,
    visit_obligations,
    window_obligations,
)
"""What the policies of each kind owe."""
_CHECKED_WITHIN = timedelta(days=31)
"""How old the checks of a policy may be that keeps no clause."""


def obligations(contract: Contract, work: Mapping[str, Work]) -> tuple[Obligation, ...]:
    """Given a contract and each host's work, return what is owed, each with the shortest limit of its clauses."""
    limits = evidence_limits(contract)
    owed = chain(policy_obligations(contract), _checks(contract, work, limits))
    found = [replace(each, evidence_within=evidence_limit(each.clauses, limits)) for each in owed]
    return tuple(sorted(found, key=lambda each: each.policy))


def policy_obligations(contract: Contract) -> Iterator[Obligation]:
    """Given a contract, yield what its policies owe, without the checks of their steps and without any limit."""
    return chain.from_iterable(of_kind(contract) for of_kind in _OF_KINDS)


def evidence_limits(contract: Contract) -> Mapping[str, timedelta]:
    """Given a contract, return by clause how old its evidence may be."""
    return {name: clause.evidence_within.time for name, clause in contract.clauses.items()}


def evidence_limit(clauses: tuple[str, ...], limits: Mapping[str, timedelta]) -> timedelta | None:
    """Given the clauses of an obligation and the limits of all, return the shortest of them; None: there is none."""
    return min((limits[name] for name in clauses if name in limits), default=None)


def checked_hosts(work: Mapping[str, Work]) -> Mapping[str, list[str]]:
    """Given each host's work, return by policy the hosts on which it has steps, which verify checks."""
    named: dict[int, frozenset[str]] = {}
    found: dict[str, list[str]] = {}
    for host, of_host in work.items():
        if id(of_host) not in named:  # a large fleet shares its work
            named[id(of_host)] = frozenset(origin.policy for step in of_host.make for origin in step.origins)
        for policy in named[id(of_host)]:
            found.setdefault(policy, []).append(host)
    return found


def check_obligation(contract: Contract, policy: str, host: str, *, limits: Mapping[str, timedelta]) -> Obligation:
    """Given a policy with steps on a host, and the limits of clauses, return what is owed: that they are checked."""
    origin = contract.policy_index.policies[policy].origin
    within = evidence_limit(origin.clauses, limits) or _CHECKED_WITHIN
    due = Within(within, State.LATE)
    return Obligation(origin, f"host/{host}", "check", Proof.CHECK, due=due, source=CheckSource(policy, host))


def _checks(contract: Contract, work: Mapping[str, Work], limits: Mapping[str, timedelta]) -> Iterator[Obligation]:
    """Yield the check of each policy that has steps on a host, by host."""
    for policy, hosts in checked_hosts(work).items():
        for host in hosts:
            yield check_obligation(contract, policy, host, limits=limits)
