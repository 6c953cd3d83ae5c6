"""The stage of an apply that converges hosts: what differs there is changed by Ansible, then verified and recorded.

In: sessions that have the hosts' locks, what was seen, the plan; the leases of the run. Out: what came of it.
"""

from collections.abc import Iterable, Mapping
from errno import EDQUOT, ENOSPC
from functools import partial

from opspact.compile.project import project
from opspact.compile.shape import Work
from opspact.fleet import fence, run_folder
from opspact.fleet.ansible import HostRun, HostState, RunOutcome, RunSettings, RunStatus, run_project
from opspact.fleet.ansible_events import RunEvent
from opspact.fleet.mitogen_cleanup import remove_empty_folders
from opspact.fleet.sessions import Sessions
from opspact.plan.change import Action
from opspact.plan.commit_order import AppliedCommit
from opspact.plan.dependencies import host_dependencies
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import dependencies, manifest_writer, planner, record
from opspact.rollout.change_guard import ChangeGuard
from opspact.rollout.drift_fix import ChosenSteps
from opspact.rollout.manifest_writer import ManifestUpdates, adopted, manifest_changes, write_manifests
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.rollout.progress_listener import ProgressListener
from opspact.rollout.removal import Removal, removals
from opspact.rollout.rerun_lost_hosts import run_all_hosts
from opspact.rollout.survey import Survey, Surveyor
from opspact.rollout.wait_until_ready import wait_until_ready
from opspact.run import host_lease
from opspact.run.host_lease import lost_to
from opspact.run.leases import Leases
from opspact.steps.base import Step
from opspact.steps.check import HostResult, Reach, State
from opspact.structs import Struct, field, replace
from opspact.values.duration import Duration
from opspact.workspace.project_folder import write
from opspact.workspace.workspace import Compiled


class Convergence(Struct):
    """What an apply works with once it is known what differs.

    `others` are sessions to hosts that were not chosen and on which the chosen depend: steps act there too.
    `inventory`: the files by which Ansible reaches hosts. `confirm_within`: how long, by the base, hosts wait for the
    confirmation of a change that can cut connections. `fixed`: steps whose drift
    alone is fixed; empty: all is converged.
    """

    head: Compiled
    listener: ProgressListener
    settings: RunSettings
    sessions: Sessions
    others: Sessions
    surveyor: Surveyor
    before: Survey
    plan: Plan
    work: Mapping[str, Work]
    inventory: Mapping[str, bytes]
    confirm_within: Duration
    fixed: ChosenSteps = field(default_factory=dict)

    def within(self, hosts: Iterable[str]) -> "Convergence":
        """Given hosts, return what an apply of these alone works with."""
        names = set(hosts)
        results = {name: it for name, it in self.before.results.items() if name in names}
        manifests = {name: it for name, it in self.before.manifests.items() if name in names}
        plans = tuple(it for it in self.plan.hosts if it.name in names)
        return replace(self, before=Survey(results, manifests), plan=replace(self.plan, hosts=plans))

    def to_write(self) -> tuple[str, ...]:
        """Return the hosts on which something is to be written: own steps, a manifest, a part of others' steps."""
        plans = self.plan.hosts
        written = {it.name for it in plans if not it.is_empty and it.reach is Reach.REACHED}
        written |= set(manifest_writer.to_write(self.before))
        written |= {name for of_host in plans for name, _ in host_dependencies(of_host)}
        return tuple(name for name in (*self.sessions.names, *self.others.names) if name in written)

    @property
    def differences(self) -> Mapping[str, tuple[str, ...]]:
        """What differs and is left so, by host, where only some drift is fixed."""
        plans = planner.by_host(self.plan) if self.fixed else {}
        found = {name: _not_planned(self.before.results[name], of_host) for name, of_host in plans.items()}
        return {name: identities for name, identities in found.items() if identities}

    def observe(self, leases: Leases) -> ApplyOutcome:
        """Record what was seen; nothing is written on any host."""
        return self._unchanged(leases, self._write_manifests(self.before, ()), {})

    def take(self, leases: Leases, hosts: Iterable[str]) -> dict[str, str]:
        """Take hosts; return for each that could not be taken why. Raise LeaseLost when another run has taken all."""
        chosen = self.head.hosts(hosts)
        return host_lease.take(leases, (self.sessions, self.others), chosen, python=self.settings.python)

    def carry_out(self, leases: Leases, why: Mapping[str, str]) -> ApplyOutcome:
        """Converge the hosts, except those that are closed for a reason. Raise LeaseLost when all are lost."""
        updates = self._write_manifests(self.before, why)
        if self.plan.is_empty:
            return self._unchanged(leases, updates, why)
        # Manifests first: the ledger never records more as created on a host than the manifest there lists.
        record.started(leases, self.head, self.plan, manifests=manifest_changes(updates))
        taken = {name: lost_to(by) for name, by in leases.lost.items()}
        return self._act(leases, updates, {**why, **taken, **updates.why})

    def _unchanged(self, leases: Leases, updates: ManifestUpdates, why: Mapping[str, str]) -> ApplyOutcome:
        results = self.before.results
        unreached = {name: result.detail for name, result in results.items() if result.reach is not Reach.REACHED}
        why = {name: _of_host(name, it) for name, it in {**unreached, **why, **updates.why}.items() if name in results}
        outcome = ApplyOutcome(
            self.plan, results, started=False, why=why, notes=adopted(updates), left=self.differences
        )
        return self._recorded(leases, outcome, updates=updates, found=self.before.manifests)

    def _act(self, leases: Leases, updates: ManifestUpdates, closed: Mapping[str, str]) -> ApplyOutcome:
        """Change what differs, except on hosts that are closed for a reason; verify; record what came of it."""
        plans = planner.by_host(self.plan)
        to_do = [name for name, of_host in plans.items() if not of_host.is_empty]
        why = {name: of_host.detail for name, of_host in plans.items() if of_host.reach is not Reach.REACHED}
        why |= {name: text for name, text in closed.items() if name in plans}
        guard = self._guard(leases)
        why |= guard.arm({name: plans[name] for name in to_do if name not in why}, self.work)
        run = self._change(leases, [name for name in to_do if name not in why], guard)
        changes = guard.confirm()
        record.guarded(leases, self.head, self.plan, changes=changes.values())
        why = {**_left_to_people(self.before, plans), **dependencies.deferred(self.plan), **why}
        why |= _reasons_of_ansible(run)
        again = [name for name in to_do if name not in why or plans[name].reach is Reach.REACHED]
        self.listener.stage("verifying", len(again))
        survey = partial(self.surveyor.survey, self.work, on_progress=self.listener.host)
        # Whoever has stopped the run does not wait for what still starts: it is seen as it is.
        after = survey(again) if run and run.signal else wait_until_ready(survey, again)
        gone = removals(self.sessions, plans, work=self.work, after=after)
        why |= {name: _still_present(it.stays) for name, it in gone.items() if it.stays and name not in why}
        last = self._write_manifests(after, closed, {name: it.identities for name, it in gone.items()})
        why = {name: _of_host(name, it) for name, it in why.items() if not _is_well(plans[name], after, gone)}
        why |= {name: it.why for name, it in changes.items() if it.why}
        remaining = [f"{name}: left in place: {text}" for name, it in gone.items() for text in it.remaining]
        outcome = ApplyOutcome(
            self.plan,
            {**self.before.results, **after.results},
            started=run is not None,
            why=why,
            notes=(*(run.notes if run else ()), *adopted(updates), *remaining),
            signal=run.signal if run else 0,
            removed={name: it.identities for name, it in gone.items()},
            left=self.differences,
        )
        return self._recorded(leases, outcome, updates=last, found={**self.before.manifests, **after.manifests})

    def _recorded(
        self, leases: Leases, outcome: ApplyOutcome, *, updates: ManifestUpdates, found: record.HostManifests
    ) -> ApplyOutcome:
        """Record what came of it, hosts that another run has taken among it."""
        masked = self.surveyor.redactor.masked
        why = {name: masked(reason) for name, reason in outcome.why.items()}
        outcome = replace(outcome, why=why, notes=tuple(map(masked, outcome.notes)))
        said = outcome.with_taken(host_lease.taken(leases, (self.sessions, self.others)))
        return record.finished(leases, self.head, said, manifests=manifest_changes(updates), found=found)

    def _guard(self, leases: Leases) -> ChangeGuard:
        python = fence.run_interpreter(host_lease.attempt_of(leases))
        return ChangeGuard(self.sessions, leases, python=python, within=self.confirm_within.seconds)

    def _change(self, leases: Leases, hosts: Iterable[str], guard: ChangeGuard) -> RunOutcome | None:
        """Run Ansible for what it has to do on hosts; None: it has nothing to do."""
        plans = planner.by_host(self.plan)
        work = {name: of_host for name in hosts if (of_host := _work_of(plans[name])) != Work()}
        if not work:
            return None
        self.sessions.each(remove_empty_folders, work)
        interpreter = fence.run_interpreter(host_lease.attempt_of(leases))
        with guard.renewed():
            return run_all_hosts(partial(self._run, replace(self.settings, interpreter=interpreter)), work)

    def _run(self, settings: RunSettings, work: Mapping[str, Work]) -> RunOutcome:
        self.listener.stage("applying changes to", len(work))
        made = project(work, self.inventory)
        try:
            with run_folder.fresh(settings.base) as place:  # a run's folder too: what a kill leaves is swept
                folder = place.path / "project"
                write(made, folder)
                secrets = self.surveyor.secrets
                return run_project(folder, list(work), secrets=secrets, settings=settings, on_event=self._report)
        except OSError as error:
            if error.errno not in {ENOSPC, EDQUOT}:
                raise
            detail = f"cannot run Ansible: {error.strerror} on this machine ({error.filename or 'run folder'})"
            return RunOutcome(RunStatus.BROKEN, {it: HostRun(it, HostState.MISSING) for it in work}, detail)

    def _report(self, event: RunEvent) -> None:
        self.listener.event(replace(event, message=self.surveyor.redactor.masked(event.message)))

    def _write_manifests(
        self, survey: Survey, closed: Iterable[str], gone: Mapping[str, Iterable[str]] | None = None
    ) -> ManifestUpdates:
        """Write manifests on all hosts that were seen, or on those from which something is gone; not on closed ones."""
        of_hosts = dict.fromkeys(survey.manifests, ()) if gone is None else gone
        shut = frozenset(closed)
        open_ones = {name: identities for name, identities in of_hosts.items() if name not in shut}
        applied = self._applied() if gone is None else {}
        return write_manifests(self.sessions, survey, self.head.contract, gone=open_ones, applied=applied)

    def _applied(self) -> Mapping[str, AppliedCommit]:
        """Return the commit that is about to change hosts, for each that is changed."""
        changed = [it.name for it in self.plan.hosts if it.of(*_ACTS)]
        return dict.fromkeys((*changed, *manifest_writer.to_write(self.before)), self.surveyor.history.head)


_ACTS = tuple(action for action in Action if action.makes or action is Action.REMOVE)


def _not_planned(result: HostResult, plan: HostPlan) -> tuple[str, ...]:
    planned = {change.step.identity for change in plan.changes}
    differing = (check.step.identity for check in result.checks if check.state is not State.OK)
    return tuple(it for it in differing if it not in planned) if result.reach is Reach.REACHED else ()


def _work_of(plan: HostPlan) -> Work:
    make = sorted((change.step for change in plan.makes()), key=lambda step: step.order)
    return Work(tuple(make), tuple(change.step for change in plan.of(Action.REMOVE)))


def _left_to_people(before: Survey, plans: Mapping[str, HostPlan]) -> dict[str, str]:
    """Return for each host what apply leaves to people, where the check itself does not say why."""
    found: dict[str, list[str]] = {}
    for name, of_host in plans.items():
        details = {check.step.identity: check.detail for check in before.results[name].checks}
        for change in of_host.of(Action.MANUAL):
            if change.why != details.get(change.step.identity):
                found.setdefault(name, []).append(f"{change.step.identity}: {change.why}")
    return {name: f"fix manually: {'; '.join(lines)}" for name, lines in found.items()}


def _reasons_of_ansible(outcome: RunOutcome | None) -> dict[str, str]:
    if outcome is None:
        return {}
    return {name: _words(run, outcome) for name, run in outcome.hosts.items() if run.state is not HostState.OK}


def _words(run: HostRun, outcome: RunOutcome) -> str:
    if run.task:
        return f"{run.task}: {run.message}"
    if run.state is HostState.MISSING and outcome.signal:
        return "started, then the run was stopped" if run.begun else "not started: the run was stopped first"
    return run.message or outcome.detail or f"Ansible reported this host as {run.state.value}"


def _still_present(steps: Iterable[Step]) -> str:
    return f"still present: {', '.join(step.identity for step in steps)}"


def _is_well(plan: HostPlan, after: Survey, gone: Mapping[str, Removal]) -> bool:
    """Whether the last check shows the host converged, whatever was reported before: the check decides.

    It does not see what is still to be removed.
    """
    name = plan.name
    seen = name in after.manifests and not after.manifests[name].detail and is_converged(after.results[name])
    wanted = {check.step.identity for check in after.results[name].checks} if seen else set()
    deferred = plan.of(Action.DEFERRED)
    stays = (name in gone and gone[name].stays) or any(change.step.identity not in wanted for change in deferred)
    return seen and not stays


def _of_host(name: str, reason: str) -> str:
    """Return a reason as it reads beside the host's name: errors of sessions begin with it."""
    return reason.removeprefix(f"{name}: ")
