"""Apply: check first, act only where something differs, verify, and record it all.

In: a compiled contract, the hosts chosen, maybe an approved plan. Out: what was done, the state after it. Every host
stays locked from the first check to the last write of its manifest. What writes is a run (`apply_run`), with the lease
of every host on which it writes; where nothing is to be written, there is none.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial

from opspact.compile.shape import Work
from opspact.errors import LeaseLost
from opspact.fleet import run_folder
from opspact.fleet.ansible import RunSettings
from opspact.fleet.lock import holder
from opspact.fleet.sessions import Sessions
from opspact.ledger.store import Ledger
from opspact.model.policies.rollout import Rollout
from opspact.plan.commit_order import CommitHistory
from opspact.plan.plan import Plan
from opspact.rollout import change_guard, dependencies, manifest_writer, planner, record, windows
from opspact.rollout.apply_run import PROCEDURE, ApplyRun, described
from opspact.rollout.base import Base, base_at
from opspact.rollout.base_for_apply import base_for_apply
from opspact.rollout.convergence import Convergence
from opspact.rollout.drift_fix import ChosenSteps, only
from opspact.rollout.freeze import refuse_changes
from opspact.rollout.outcome import ApplyOutcome
from opspact.rollout.progress_listener import ProgressListener
from opspact.rollout.rollback import Rollback
from opspact.rollout.survey import Survey, Surveyor
from opspact.rollout.wait_for_locks import HostsBusy, refuse_busy
from opspact.rollout.wave_run import WaveRun
from opspact.rollout.waves import Wave, check_brake, rollouts_of, split, with_rest, without_rollback, writes
from opspact.run.execution import Execution
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.run.resume import PlannedStage
from opspact.run.stage import Run
from opspact.run.state import is_done
from opspact.steps.check import Reach, Results
from opspact.structs import Struct, field
from opspact.text.names import list_names
from opspact.workspace.commit_history import commit_history
from opspact.workspace.workspace import Compiled, Workspace, now, redactor

_SHOWN = 3  # hosts named of those with one reason


class Apply(Struct):
    """One apply: what is wanted, over which sessions, and who is notified.

    `run` says what was approved, and whether an unfinished run is resumed; `permit` is given the plan, and raises
    Refused where approvals are missing; `confirm` is given the plan and the stages before anything is changed, and
    raises Refused; `reach` gives sessions to hosts that were not chosen and on which the chosen depend: they are
    written to, so they are locked. `keeps_windows`: hosts are changed only when the windows of the base allow it, and
    while no freeze holds. `waits`: somebody waits for hosts that are busy, so that none is left to another apply.
    """

    workspace: Workspace
    head: Compiled
    ledger: Ledger
    run: ApplyRun
    listener: ProgressListener
    permit: Callable[[Plan, Base], None]
    confirm: Callable[[Plan, tuple[PlannedStage, ...]], None]
    reach: Callable[[Iterable[str]], AbstractContextManager[Sessions]]
    settings: RunSettings = field(default_factory=RunSettings)
    keeps_windows: bool = True
    waits: bool = False

    def carry_out(self, sessions: Sessions) -> ApplyOutcome:
        """Given sessions to the chosen hosts, converge them.

        Raise Stale when an approved plan is out of date, HostsBusy when other applies have locked hosts, LeaseLost when
        another run has taken every host.
        """
        leases = self.run.leases(self.ledger, self.head)
        try:
            return self._converge(sessions, leases)
        except LeaseLost as lost:
            if not self.waits or leases.is_started or not lost.hosts:
                raise
            # Another apply had the hosts between the first look at the ledger and their locks, and may be done already.
            by = {name: f"taken by run {run}" for name, run in lost.hosts.items()}
            raise HostsBusy(by, is_all=by.keys() >= set(sessions.names)) from lost

    def _converge(self, sessions: Sessions, leases: Leases) -> ApplyOutcome:
        chosen = sessions.names
        work = {name: self.head.work.get(name, Work()) for name in chosen}
        surveyor = self._surveyor(sessions, work)
        last = leases.observe(chosen)  # before the locks: from then on nobody takes a host unnoticed
        self.listener.stage("checking", len(chosen))
        self._settle(sessions, surveyor.holder)
        before = surveyor.survey(work, chosen, on_progress=self.listener.host)
        refuse_busy(before.results, waits=self.waits)
        found = only(planner.live(self.head, before), self.run.arguments.fixed)
        with self.reach(dependencies.beyond(found)) as others:
            leases.observe(others.names)
            beyond = dependencies.check_hosts(others, self.head, found, holder=surveyor.holder)
            refuse_busy(beyond, waits=self.waits, chosen=False)
            plan = dependencies.possible(found, before.results, beyond)
            self._check(plan, base := self._base(chosen))
            convergence = Convergence(
                head=self.head,
                listener=self.listener,
                settings=self.settings,
                sessions=sessions,
                others=others,
                surveyor=surveyor,
                before=before,
                plan=plan,
                work=work,
                inventory=self.head.inventory_files,
                confirm_within=base.contract.confirm_within,
                fixed=self.run.arguments.fixed,
            )
            hosts = tuple(dict.fromkeys((*convergence.to_write(), *self._left_behind(last, before))))
            if not hosts and not self.run.is_resumed:
                return convergence.observe(leases)
            waves = self._waves(plan, convergence.to_write() or hosts, base=base)
            run = self.run.run(waves, writes(waves, plan, hosts), base=base.commit)
            wave_run = WaveRun(
                convergence=convergence,
                waves=tuple(wave for wave in waves if not is_done(self.run.state.of(wave.name))),
                hosts=hosts,
                possible=partial(_possible, others=beyond, fixed=self.run.arguments.fixed),
                check_open=partial(self._check_open, base),
                roll_back=Rollback(self.workspace, self.ledger, convergence, run.id).carry_out,
            )
            return self._carry_out(wave_run, leases, run)

    def _check(self, plan: Plan, base: Base) -> None:
        """Raise Stale or Refused unless the plan may be carried out by what was approved, and by what the base asks.

        Windows come before approvals: nobody is to be recorded as passed over for a change that was not made.
        """
        self.run.check(plan)
        self._check_open(base, plan)
        self.permit(plan, base)
        for why, hosts in dependencies.reasons(plan).items():
            self.listener.message(f"deferred on {list_names(hosts, _SHOWN)}: {why}")
        if not self.run.is_resumed:
            check_brake(self._rollouts(base), plan, self.head.contract.inventory.hosts)

    def _settle(self, sessions: Sessions, holder: str) -> None:
        """Have hosts revert what an earlier run left unconfirmed there, and say so."""
        found = change_guard.settle(sessions, holder)
        for name, it in found.items():
            self.listener.message(f"{name}: {it.why}")
        if found:
            record.reverted(self.ledger, self.head, found.values())

    def _surveyor(self, sessions: Sessions, work: Mapping[str, Work]) -> Surveyor:
        contract = self.head.contract
        history = commit_history(self.workspace.folder, self.head.commit, self.workspace.now)
        return Surveyor(
            sessions,
            contract.name,
            self.workspace.secrets(work.values()),
            holder=holder(now(), self.run.id),
            recorded=partial(manifest_writer.recorded_manifests, self.ledger, contract.name),
            rebuilt=partial(manifest_writer.replaced_machines, self.ledger, contract.name),
            formerly=contract.formerly,
            redactor=redactor(contract),
            history=CommitHistory(history.head) if self.run.arguments.allow_older else history,
        )

    def _left_behind(self, last: Mapping[str, str], before: Survey) -> tuple[str, ...]:
        """Given the run that had each host last, report those that never finished; return their hosts that are locked.

        Such a run may have left a process at work there; taking the host ends it.
        """
        mine = {name: run for name, run in last.items() if before.results[name].reach is Reach.REACHED}
        left = []
        journal = Journal(self.ledger, self.head.contract.name)
        for started in journal.stopped_runs(PROCEDURE, set(mine.values())):
            hosts = [name for name, run in mine.items() if run == started.event.run]
            left += hosts
            if started.event.run != self.run.id:
                it = described(journal, started.event.run)
                self.listener.message(f"{it}, did not finish on {list_names(hosts, _SHOWN)}; this apply starts over")
        return tuple(left)

    def _base(self, chosen: Collection[str]) -> Base:
        """Return what decides over the change; for a run that is resumed, what did so when it began."""
        if commit := self.run.arguments.base:
            return base_at(self.workspace, self.head, commit)
        return base_for_apply(self.workspace, self.head, self.ledger, hosts=chosen)

    def _check_open(self, base: Base, plan: Plan) -> None:
        """Raise Refused where a freeze or the windows of the base do not allow now what the plan does."""
        if self.keeps_windows and (changed := windows.hosts_to_change(plan)):
            # A change may give the contract another name; under the same one, the ledger is read once.
            for contract in {it.name: it for it in (base.contract, self.head.contract)}.values():
                refuse_changes(self.ledger, contract, now())
            windows.refuse_closed(base.contract, changed, now())

    def _rollouts(self, base: Base) -> tuple[Rollout, ...]:
        return rollouts_of(base) if self.run.in_waves else ()

    def _waves(self, plan: Plan, hosts: tuple[str, ...], *, base: Base) -> tuple[Wave, ...]:
        """Return all waves of the run: those with which it began, where it did, or those that the rollouts ask for."""
        if recorded := self.run.arguments.waves:
            return with_rest(recorded, self.run.state, [it.name for it in plan.hosts if it.name in hosts])
        rollouts = self._rollouts(base)
        silent = {it.name for it in plan.hosts if it.reach is not Reach.REACHED} if rollouts else set()
        waves = split(rollouts, plan, [it.name for it in plan.hosts if it.name in silent or it.name in hosts])
        return tuple(map(without_rollback, waves)) if self.run.arguments.fixed else waves

    def _carry_out(self, wave_run: WaveRun, leases: Leases, run: Run) -> ApplyOutcome:
        """Carry out the run, whose stages converge hosts wave by wave, when that is confirmed."""
        plan = wave_run.convergence.plan
        execution = Execution(run, self.run.planned(run), leases)
        if self.run.is_resumed:
            stages = ", ".join(f"stage {it.stage.name}: {it.treatment.value}" for it in execution.planned)
            self.listener.message(f"resuming run {run.id}, attempt {leases.attempt}; {stages}")
        if not plan.is_empty:
            run_folder.check_capacity(self.settings.base)
            self.confirm(plan, execution.planned)
        execution.carry_out(wave_run.work(execution.planned))
        return wave_run.outcome()


def _possible(plan: Plan, seen: Results, *, others: Results, fixed: ChosenSteps) -> Plan:
    return dependencies.possible(only(plan, fixed), seen, others)
