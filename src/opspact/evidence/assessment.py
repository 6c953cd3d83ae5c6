"""How everything that a contract owes stands: every obligation judged by what the ledger holds, clause by clause.

Comes in: a contract, each host's work, a ledger or none, the time. Goes out: an assessment. No host is contacted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from opspact.compile.obligations import obligations
from opspact.compile.shape import Work
from opspact.evidence.gathered import Gathered
from opspact.evidence.open_finding import OpenFinding
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.obligations.judge import Judgement, judge
from opspact.obligations.obligation import Obligation, State, worst


@dataclass(frozen=True, slots=True)
class Judged:
    """An obligation and how it stands."""

    obligation: Obligation
    judgement: Judgement

    @property
    def state(self) -> State:
        """How it stands."""
        return self.judgement.state


@dataclass(frozen=True, slots=True)
class Assessment:
    """Every obligation judged at `now` (UTC), what inspections found, and every clause's state.

    A clause that no policy names is NOT_CARRIED_OUT.
    """

    now: datetime
    judged: tuple[Judged, ...]
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
    gathered = Gathered(contract, work, ledger)
    judged = judge_all(obligations(contract, work), gathered, now=now)
    states: dict[str, list[State]] = defaultdict(list)
    for each in judged:
        for clause in each.obligation.clauses:
            states[clause].append(each.state)
    clauses = {name: worst(states[name]) for name in contract.clauses}
    return Assessment(now, judged, gathered.open_findings(), clauses)


def judge_all(owed: Iterable[Obligation], gathered: Gathered, *, now: datetime) -> tuple[Judged, ...]:
    """Given obligations, what was gathered and the time, judge each."""
    return tuple(Judged(each, judge(each, gathered.evidence(each, now), now)) for each in owed)
