"""From a clause to its evidence: what keeps it, what that asks of hosts, how it stands; and from a step back.

Comes in: an assessment, a contract, what was checked. Goes out: frozen values for reports.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from opspact.evidence.assessment import Judged
from opspact.model.policies.clause import Clause
from opspact.model.policy_index import Policy
from opspact.obligations.obligation import State
from opspact.steps.base import Step
from opspact.steps.check import State as CheckState
from opspact.structs import Struct


class PolicyTrace(Struct):
    """One policy: the hosts that it asks something of, its steps there by kind, and its obligations."""

    policy: Policy
    hosts: tuple[str, ...]
    steps: Mapping[str, int]
    obligations: tuple[Judged, ...]

    def asks_for(self, step: Step) -> bool:
        """Return whether this policy, maybe among others, wants a step."""
        return any(origin.policy == str(self.policy) for origin in step.origins)


class ClauseTrace(Struct):
    """One clause, the policies that name it, and its state: that of the worst of their obligations."""

    clause: Clause
    policies: tuple[PolicyTrace, ...]
    state: State

    @property
    def newest_evidence(self) -> datetime | None:
        """When the newest evidence of any of its obligations was made (UTC)."""
        times = [judged.judgement.at for trace in self.policies for judged in trace.obligations]
        return max((at for at in times if at), default=None)


class Trace(Struct):
    """All clauses of a contract, in the order of their names, and the policies that keep none."""

    clauses: tuple[ClauseTrace, ...]
    unclaimed: tuple[PolicyTrace, ...]

    def count(self) -> Mapping[State, int]:
        """Return how many clauses are in each state, every state named, the worst first."""
        states = [each.state for each in self.clauses]
        return {state: states.count(state) for state in State}

    def policies(self) -> dict[str, PolicyTrace]:
        """Return every policy that is traced, by `kind/name`, in the order of these."""
        found = {str(each.policy): each for clause in self.clauses for each in clause.policies}
        found |= {str(each.policy): each for each in self.unclaimed}
        return dict(sorted(found.items()))


class StepTrace(Struct):
    """One step on one host, which is one check too, and what the newest check of the host says of it.

    `at` (UTC) is when that was; None: nobody has checked it as the policies are now, and `state` is unknown.
    """

    host: str
    step: Step
    state: CheckState = CheckState.UNKNOWN
    detail: str = ""
    at: datetime | None = None


class TargetType(StrEnum):
    """What a name was taken for; in this order it is looked up."""

    CLAUSE = "clause"
    POLICY = "policy"
    HOST = "host"
    STEP = "step"


class TraceTarget(Struct):
    """What a trace is asked for: one name and what it was taken for. Of a host or a step there are steps alone.

    `clauses` are those asked for, `policies` those to be shown in full.
    """

    name: str
    type: TargetType
    clauses: tuple[ClauseTrace, ...] = ()
    policies: tuple[PolicyTrace, ...] = ()

    def includes(self, step: Step) -> bool:
        """Given a step (of the host, where one is asked for), return whether it belongs to what is asked for."""
        match self.type:
            case TargetType.HOST:
                return True
            case TargetType.STEP:
                return self.name in {step.subject, step.identity}
            case TargetType.CLAUSE | TargetType.POLICY:
                return any(each.asks_for(step) for each in self.policies)
