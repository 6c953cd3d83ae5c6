"""How everything that a contract owes stands: every obligation judged by what the ledger holds, clause by clause.

Comes in: a contract, each host's work, a ledger or none, the time. Goes out: an assessment. No host is contacted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from opspact.compile.obligations import obligations
from opspact.compile.shape import Work
from opspact.evidence.ledger_evidence import LedgerEvidence
from opspact.evidence.open_finding import OpenFinding
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.result import Result
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import Obligation, State, worst
from opspact.structs import Struct


class Judged(Struct):
    """An obligation and how it stands."""

    obligation: Obligation
    judgement: Judgement

    @property
    def state(self) -> State:
        """How it stands."""
        return self.judgement.state


class Assessment(Struct):
    """Every obligation judged at `now` (UTC), the newest results of inspections, and every clause's state.

    `findings` are what those results did not find ok. A clause that no policy names is NOT_CARRIED_OUT.
    """

    now: datetime
    judged: tuple[Judged, ...]
    inspections: tuple[Result, ...]
    findings: tuple[OpenFinding, ...]
    clauses: Mapping[str, State]

    def count(self) -> Mapping[State, int]:
        """Return how many obligations are in each state, every state named, the worst first."""
        states = Counter(each.state for each in self.judged)
        return {state: states[state] for state in State}

    def of_policy(self, policy: str) -> tuple[Judged, ...]:
        """Given a policy (`kind/name`), return its obligations."""
        return tuple(each for each in self.judged if each.obligation.policy == policy)


def assess(contract: Contract, work: Mapping[str, Work], ledger: Ledger | None, *, now: datetime) -> Assessment:
    """Given a contract, each host's work, the ledger (None: nothing was ever recorded) and the time, judge it all."""
    evidence = LedgerEvidence(contract, work, ledger)
    judged = judge_all(obligations(contract, work), evidence, now=now)
    states: dict[str, list[State]] = defaultdict(list)
    for each in judged:
        for clause in each.obligation.clauses:
            states[clause].append(each.state)
    clauses = {name: worst(states[name]) for name in contract.clauses}
    return Assessment(now, judged, evidence.inspections(), evidence.open_findings(), clauses)


def backup_obligations_of(assessment: Assessment, contract: Contract, hosts: Iterable[str]) -> tuple[Judged, ...]:
    """Given an assessment, its contract and hosts, return the obligations of backups of these, or kept on these."""
    asked = set(hosts)
    concerned = {f"backup/{backup.name}" for backup in contract.backups if asked & {*backup.hosts, backup.server}}
    subjects = {f"host/{host}" for host in asked}
    return tuple(
        each
        for each in assessment.judged
        if each.obligation.policy in concerned
        and (each.obligation.subject in subjects or _is_kept_on(each.obligation.subject, asked))
    )


def _is_kept_on(subject: str, hosts: set[str]) -> bool:
    """Whether a subject (`repository/backup1/daily`) is a repository on one of the hosts."""
    kind, _, place = subject.partition("/")
    return kind == "repository" and place.partition("/")[0] in hosts


def judge_all(owed: Iterable[Obligation], evidence: LedgerEvidence, *, now: datetime) -> tuple[Judged, ...]:
    """Given obligations, the evidence in the ledger and the time, judge each."""
    return tuple(Judged(each, judge(each, evidence.of(each, now), now)) for each in owed)
