"""An apply as a run: what it was started with, and what of an unfinished one is left to do.

In: a ledger, a compiled contract. Out: runs; or why none can be resumed.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from secrets import token_hex

from opspact.errors import Busy, NothingFound, Stale
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, PlannedSteps
from opspact.ledger.codec import from_data, to_data
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunStarted
from opspact.ledger.store import Ledger
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import planner
from opspact.rollout.drift_fix import ChosenSteps
from opspact.rollout.waves import Wave
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage, resume
from opspact.run.stage import Run, new_id
from opspact.run.state import RunState
from opspact.structs import Struct, field, replace
from opspact.text.instants import format_instant_in_utc
from opspact.workspace.workspace import Compiled, context

PROCEDURE = "apply"


class ApplyArguments(Struct):
    """What an apply was started with: the contract's digest, a limit, or a plan file's digest, who made it, its hosts.

    `allow_older`: a host that has a later commit is changed too. `waves`: as they were when the run began, if a rollout
    divides it. `base`: the commit that decided that. `fixed`: steps whose drift alone is fixed, by host; empty: all is
    applied.
    """

    contract: str
    limit: str = ""
    plan: str = ""
    requester: str = ""
    hosts: tuple[str, ...] = ()
    allow_older: bool = False
    waves: tuple[Wave, ...] = ()
    base: str = ""
    fixed: ChosenSteps = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        """Return the arguments as JSON values; those that were not given are left out."""
        given = {
            "contract": self.contract,
            "limit": self.limit,
            "plan": self.plan,
            "requester": self.requester,
            "hosts": list(self.hosts),
            "allow_older": self.allow_older,
            "waves": to_data(self.waves),
            "base": self.base,
            "fixed": to_data(self.fixed),
        }
        return {name: value for name, value in given.items() if value}


class ApplyRun(Struct):
    """One apply as a run: its name, its arguments, how far it has come in earlier attempts.

    `approved`: what was to be done on each host when an earlier attempt began to act; None: none has. `in_waves`: as
    the rollouts say.
    """

    id: str
    arguments: ApplyArguments
    state: RunState = RunState()
    approved: Mapping[str, PlannedSteps] | None = None
    in_waves: bool = True

    @property
    def is_resumed(self) -> bool:
        """Whether there was an attempt before."""
        return self.state.attempt > 0

    def check(self, plan: Plan) -> None:
        """Given the plan as it is now, raise Stale unless it is the approved one, or what is left of it."""
        if not self.arguments.plan:
            return
        if self.approved is None:
            planner.check_fresh(self.arguments.plan, plan)
        elif more := [host.name for host in plan.hosts if not is_part(host, self.approved.get(host.name, {}))]:
            raise Stale(
                f"plan {self.arguments.plan[:12]} does not cover all changes now needed on {', '.join(more)}",
                hint="create the plan again with `opspact plan --live --out FILE`, and have it approved",
            )

    def leases(self, ledger: Ledger, head: Compiled) -> Leases:
        """Return the leases of the next attempt: none yet."""
        return Leases(ledger, lambda: context(head), run=self.id, attempt=self.state.attempt + 1)

    def run(self, waves: tuple[Wave, ...], writes: Mapping[str, Iterable[str]], *, base: str) -> Run:
        """Given the waves, the hosts on which each may write, and the commit that decided that, return the run."""
        stages = tuple(stage for wave in waves for stage in wave.stages(writes.get(wave.name, ())))
        divided = any(wave.gate.rollout for wave in waves)
        arguments = replace(self.arguments, waves=waves, base=base) if divided else self.arguments
        return Run(self.id, PROCEDURE, stages, arguments.as_data())

    def planned(self, run: Run) -> tuple[PlannedStage, ...]:
        """Given the run, return what becomes of its stages."""
        return resume(run, self.state)


def is_part(host: HostPlan, approved: PlannedSteps) -> bool:
    """Given a host's plan and what was to be done there before, return whether that covers it.

    What is half done is changed, no more added.
    """
    return all(change.step.identity in _identities(approved, makes=change.action.makes) for change in host.changes)


def _identities(steps: PlannedSteps, *, makes: bool) -> set[str]:
    return {identity for action, identities in steps.items() if action.makes is makes for identity in identities}


def new_run(arguments: ApplyArguments, now: datetime) -> ApplyRun:
    """Given what an apply is started with, and the time, return a new run."""
    return ApplyRun(new_id(PROCEDURE, now, token_hex(3)), arguments)


def unfinished_run(ledger: Ledger, head: Compiled, now: datetime) -> ApplyRun:
    """Given a ledger and the contract, return the newest apply that is not done, to be resumed.

    Raise NothingFound when all are done, Busy when a process may carry it out still, Stale when the policies have
    changed since.
    """
    journal = Journal(ledger, head.contract.name)
    last = journal.last_runs(head.contract.inventory.hosts)
    waiting = (each for each in journal.unfinished(PROCEDURE, set(last.values())) if not _is_made_up_for(journal, each))
    started = next(waiting, None)
    if started is None:
        raise NothingFound("no apply of this contract is unfinished", hint="`opspact apply` starts a new one")
    run = started.event
    if journal.is_at_work(run.run, now):
        raise Busy(
            f"{described(journal, started.event.run)}, may still be running",
            hint="wait until it has finished, or stop its process",
        )
    arguments = _arguments(run.arguments)
    if arguments.contract != head.contract.digest:
        raise Stale(
            f"{described(journal, started.event.run)}, was for an earlier version of the policies",
            hint="`opspact apply` starts a new one",
        )
    return ApplyRun(run.run, arguments, journal.state(run.run), _approved(ledger, head, run))


def _is_made_up_for(journal: Journal, started: Recorded[RunStarted]) -> bool:
    """Whether each host of a run converged in later applies, maybe with nothing left to be written there."""
    left = set(started.event.hosts)
    for each in journal.ledger.read(ApplyFinished, contract=journal.contract, after=started.sequence):
        if each.event.run != started.event.run:
            left -= {name for name, outcome in each.event.hosts.items() if outcome.is_converged}
    return not left


def described(journal: Journal, run: str) -> str:
    """Given a run that was started, return which one it is, for people: who began it, and when."""
    first = journal.first_start(run)
    return f"run {run}, started by {first.actor} at {format_instant_in_utc(first.at)[:19]}Z"


def _arguments(given: Mapping[str, object]) -> ApplyArguments:
    hosts = given.get("hosts", ())
    return ApplyArguments(
        contract=str(given.get("contract", "")),
        limit=str(given.get("limit", "")),
        plan=str(given.get("plan", "")),
        requester=str(given.get("requester", "")),
        hosts=tuple(map(str, hosts)) if isinstance(hosts, list | tuple) else (),
        allow_older=given.get("allow_older") is True,
        waves=from_data(tuple[Wave, ...], given.get("waves", [])),
        base=str(given.get("base", "")),
        fixed=from_data(ChosenSteps, given.get("fixed", {})),  # type: ignore[type-abstract]  # it reads any mapping
    )


def base_commit(run: RunStarted) -> str:
    """Given an apply that was begun, return the commit that decided on its waves (empty: it had none)."""
    return _arguments(run.arguments).base


def _approved(ledger: Ledger, head: Compiled, run: RunStarted) -> Mapping[str, PlannedSteps] | None:
    first = ledger.read(ApplyStarted, contract=head.contract.name, subject=run.subject, limit=1)
    return next((each.event.hosts for each in first), None)
