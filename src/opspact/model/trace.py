"""From a clause to its evidence: what keeps it, what that asks of hosts, what was seen, when.

Comes in: values from `rollout.tracing`. Goes out: values for `report.trace`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from opspact.model.contract import Clause
from opspact.model.written import Policy


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
        allowed = timedelta(seconds=self.clause.evidence_within)
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
