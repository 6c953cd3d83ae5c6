"""What came of an apply.

In: values from `rollout.apply`. Out: the same, for the ledger and for reports.
"""

from collections.abc import Mapping

from opspact.plan.change import Action
from opspact.plan.plan import HostPlan, Plan
from opspact.run.host_lease import lost_to
from opspact.steps.check import HostResult, Reach, Results, State
from opspact.structs import Struct, field, replace


class ApplyOutcome(Struct):
    """What came of an apply. `results` is the last check of every chosen host; `why` says per host what went wrong.

    `taken`: hosts on which the run found that another one has taken them, each with that run (empty: unknown).
    `removed`: identities of what left each host, as far as that was seen. `not_started`: hosts of waves that were not
    begun; `stopped`: why the rest waits, where nothing has failed. `left`: identities of what differed and
    was to be left so, by host: only some drift was to be fixed.
    """

    plan: Plan
    results: Results
    started: bool
    why: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    signal: int = 0
    taken: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_started: tuple[str, ...] = ()
    stopped: str = ""
    left: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_converged(self) -> bool:
        """Whether every chosen host was reached and is as the policies say."""
        return not (self.signal or self.stopped or self.failed)

    @property
    def failed(self) -> tuple[str, ...]:
        """The hosts that are not as the policies say; whether their wave was begun or not."""
        return tuple(name for name, it in self.results.items() if name in self.why or not is_converged(self._meant(it)))

    def _meant(self, result: HostResult) -> HostResult:
        """Given a host's last check, return what of it the apply was to converge."""
        left = self.left.get(result.name)
        if not left:
            return result
        return replace(result, checks=tuple(check for check in result.checks if check.step.identity not in left))

    def done(self, host: HostPlan) -> dict[Action, tuple[str, ...]]:
        """Given a host's plan, return the steps that the last check found added, changed and removed, by identity.

        Of a host that did not answer any more, nothing is known: none.
        """
        result = self.results[host.name]
        good = {check.step.identity for check in result.checks if check.state is State.OK}
        found = {Action.ADD: good, Action.CHANGE: good, Action.REMOVE: set(self.removed.get(host.name, ()))}
        planned = {action: [change.step.identity for change in host.of(action)] for action in found}
        return {action: tuple(it for it in planned[action] if it in seen) for action, seen in found.items()}

    def without(self, lost: Mapping[str, str]) -> "ApplyOutcome":
        """Given hosts that another run has taken, return what can be recorded: nothing is known about those."""
        kept = {name: result for name, result in self.results.items() if name not in lost}
        return replace(self, results=kept, why={name: text for name, text in self.why.items() if name not in lost})

    def with_lost(self, lost: Mapping[str, str]) -> "ApplyOutcome":
        """Given hosts that another run has taken, each with that run, return the outcome that says so."""
        taken = {name: lost_to(by) for name, by in lost.items() if name in self.results}
        results = {name: HostResult(name, Reach.BUSY, (), text) for name, text in taken.items()}
        return replace(self, results={**self.results, **results}, why={**self.why, **taken})

    def with_taken(self, taken: Mapping[str, str]) -> "ApplyOutcome":
        """Given hosts on which the run found another one's token, each with that run, return the outcome that says so.

        What was seen of them before is kept.
        """
        why = {name: lost_to(by) for name, by in taken.items() if name in self.results}
        return replace(self, why={**self.why, **why}, taken=taken)


def is_converged(result: HostResult) -> bool:
    """Return whether a host was reached and every check is ok."""
    return result.reach is Reach.REACHED and result.count(State.OK) == len(result.checks)
