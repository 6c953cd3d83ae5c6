"""From a clause to its evidence: what keeps it, what that asks of hosts, what was seen, when; and from a step back.

Comes in: values from `evidence.tracing` and `evidence.trace_query`. Goes out: values for `report.trace`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from opspact.model.policies.clause import Clause
from opspact.model.policy_index import Policy
from opspact.steps.base import Step
from opspact.steps.check import State


class Standing(StrEnum):
    """How a clause stands: what is proved of it now."""

    PROVED = "proved"  # evidence of every policy that gives any is there, young enough, and good
    FAILED = "failed"  # the newest evidence says that it is not kept
    STALE = "stale"  # the evidence is older than the clause allows
    UNPROVED = "unproved"  # nothing was recorded yet
    UNKEPT = "unkept"  # no policy keeps it


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing recorded: what it is (`verify`, `inspection`, `backup`), when (UTC), and whether it was good.

    `at` is that of the host that was heard of longest ago, `missing` counts those never heard of.
    """

    kind: str
    at: datetime
    is_good: bool
    words: str
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Checks:
    """How many steps of a policy were seen in which state, all hosts together; never seen counts as unknown."""

    ok: int = 0
    failed: int = 0
    unknown: int = 0

    @property
    def planned(self) -> int:
        """All of them."""
        return self.ok + self.failed + self.unknown


@dataclass(frozen=True, slots=True)
class PolicyTrace:
    """One policy: the hosts that it asks something of, its steps by kind, the checks, the evidence.

    `expects` names the kinds of evidence that it is to give: none when nothing of it is done by opspact.
    """

    policy: Policy
    hosts: tuple[str, ...]
    steps: Mapping[str, int]
    checks: Checks
    expects: tuple[str, ...]
    evidence: tuple[Evidence, ...]

    def asks_for(self, step: Step) -> bool:
        """Return whether this policy, maybe among others, wants a step."""
        return any(origin.policy == str(self.policy) for origin in step.origins)

    @property
    def lacks_evidence(self) -> bool:
        """Whether some kind of evidence that it is expected to give is not there, or not of every host."""
        there = {each.kind for each in self.evidence if not each.missing}
        return not there.issuperset(self.expects)


@dataclass(frozen=True, slots=True)
class ClauseTrace:
    """One clause and everything that keeps it."""

    clause: Clause
    policies: tuple[PolicyTrace, ...]

    def newest(self) -> Evidence | None:
        """Return the newest evidence of any of its policies."""
        return max((each for trace in self.policies for each in trace.evidence), key=lambda one: one.at, default=None)

    def standing(self, now: datetime) -> Standing:
        """Given the time (aware), return how the clause stands."""
        if not self.policies:
            return Standing.UNKEPT
        evidence = [each for trace in self.policies for each in trace.evidence]
        if any(not each.is_good for each in evidence):
            return Standing.FAILED
        if not evidence or any(trace.lacks_evidence for trace in self.policies):
            return Standing.UNPROVED
        oldest = min(each.at for each in evidence)
        allowed = self.clause.evidence_within.time
        return Standing.STALE if now - oldest > allowed else Standing.PROVED


@dataclass(frozen=True, slots=True)
class Trace:
    """All clauses of a contract, in the order of their names, and the policies that keep none."""

    clauses: tuple[ClauseTrace, ...]
    unclaimed: tuple[PolicyTrace, ...]

    def count(self, now: datetime) -> Mapping[Standing, int]:
        """Given the time, return how many clauses stand how."""
        standings = [each.standing(now) for each in self.clauses]
        return {standing: standings.count(standing) for standing in Standing}


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step on one host, which is one check too, and what the newest look at the host saw of it.

    `at` (UTC) is when that was; None: nobody looked since the policies are as they are, and `state` is unknown.
    """

    host: str
    step: Step
    state: State = State.UNKNOWN
    detail: str = ""
    at: datetime | None = None


class AskedAs(StrEnum):
    """What a name was taken for; in this order it is looked up."""

    CLAUSE = "clause"
    POLICY = "policy"
    HOST = "host"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a trace is asked for: one name and what it was taken for. Of a host or a step there are steps alone.

    `clauses` are those asked for, `policies` those to be told in full.
    """

    name: str
    taken_as: AskedAs
    clauses: tuple[ClauseTrace, ...] = ()
    policies: tuple[PolicyTrace, ...] = ()

    def concerns(self, step: Step) -> bool:
        """Given a step (of the host, where one is asked for), return whether it belongs to what is asked for."""
        match self.taken_as:
            case AskedAs.HOST:
                return True
            case AskedAs.STEP:
                return self.name in {step.subject, step.identity}
            case AskedAs.CLAUSE | AskedAs.POLICY:
                return any(each.asks_for(step) for each in self.policies)
