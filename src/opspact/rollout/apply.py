"""Apply: check first, act only where something differs, verify, and record it all.

In: a compiled contract, the hosts chosen, maybe an approved plan. Out: what was done, the state after it. Every host
stays locked from the first check to the last write of its manifest.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial

from opspact.compile.project import project
from opspact.compile.shape import Work
from opspact.errors import Busy
from opspact.fleet import run_folder
from opspact.fleet.ansible import HostRun, HostState, RunOutcome, RunSettings, run_project
from opspact.fleet.failures import HostLost
from opspact.fleet.lock import holder
from opspact.fleet.mitogen_cleanup import remove_empty_folders
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import dependencies, manifest_writer, planner, record
from opspact.rollout.manifest_writer import ManifestUpdates, adopted, manifest_changes, write_manifests
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.rollout.progress_listener import ProgressListener
from opspact.rollout.rerun_lost_hosts import run_all_hosts
from opspact.rollout.survey import Survey, Surveyor
from opspact.rollout.wait_until_ready import wait_until_ready
from opspact.steps.base import Step
from opspact.steps.check import Reach
from opspact.steps.traits import remains
from opspact.structs import Struct, field
from opspact.text.names import list_names
from opspact.verify.backend import host_of
from opspact.workspace.project_folder import write
from opspact.workspace.workspace import Compiled, Workspace

_LEAVING = (Action.REMOVE, Action.RELEASE)
_SHOWN = 3  # hosts named of those with one reason


class Apply(Struct):
    """One apply: what is wanted, over which sessions, and who is notified.

    `approved` is the digest of a plan that must still fit; `confirm` is asked before anything is changed; `reach` gives
    sessions to hosts that were not chosen and on which the chosen depend: they are written to, so they are locked.
    """

    workspace: Workspace
    head: Compiled
    ledger: Ledger
    listener: ProgressListener
    confirm: Callable[[Plan], bool]
    reach: Callable[[Iterable[str]], AbstractContextManager[Sessions]]
    approved: str | None = None
    settings: RunSettings = field(default_factory=RunSettings)

    def carry_out(self, sessions: Sessions) -> ApplyOutcome:
        """Given sessions to the chosen hosts, converge them. Raise Stale when an approved plan is out of date."""
        chosen = sessions.names
        work = {name: self.head.work.get(name, Work()) for name in chosen}
        secrets = self.workspace.secrets(work.values())
        who = holder(self.workspace.now)
        name = self.head.contract.name
        surveyor = Surveyor(
            sessions,
            name,
            secrets,
            holder=who,
            recorded=partial(manifest_writer.recorded_manifests, self.ledger, name),
            formerly=self.head.contract.formerly,
        )
        self.listener.stage("checking", len(chosen))
        before = surveyor.survey(work, chosen, on_progress=self.listener.host)
        _refuse_when_all_are_busy(before)
        found = planner.live(self.head, before)
        with self.reach(dependencies.beyond(found)) as others:
            beyond = dependencies.check_hosts(others, self.head, found, holder=who)
            plan = dependencies.possible(found, before.results, beyond)
            if self.approved is not None:
                planner.check_fresh(self.approved, plan)
            for why, hosts in dependencies.reasons(plan).items():
                self.listener.message(f"deferred on {list_names(hosts, _SHOWN)}: {why}")
            if plan.is_empty or not self.confirm(plan):
                return self._nothing(sessions, plan, before)
            return self._act(_Act(sessions, surveyor, work, before, plan))

    def _nothing(self, sessions: Sessions, plan: Plan, before: Survey) -> ApplyOutcome:
        """Nothing differs, or the operator declined: record what is there already, start nothing."""
        unreached = {
            name: result.detail for name, result in before.results.items() if result.reach is not Reach.REACHED
        }
        updates = ManifestUpdates()
        if plan.is_empty:
            updates = self._write_manifests(sessions, before, dict.fromkeys(before.manifests, ()))
        notes, why = adopted(updates), {**unreached, **updates.why}
        outcome = ApplyOutcome(plan, before.results, started=False, why=why, notes=notes)
        record.finished(self.ledger, self.head, outcome, manifests=manifest_changes(updates), found=before.manifests)
        return outcome

    def _act(self, act: "_Act") -> ApplyOutcome:
        plans = planner.by_host(act.plan)
        to_do = [name for name, of_host in plans.items() if not of_host.is_empty]
        why = {name: of_host.detail for name, of_host in plans.items() if of_host.reach is not Reach.REACHED}
        updates = self._write_manifests(act.sessions, act.before, dict.fromkeys(act.before.manifests, ()))
        # Manifests first: the ledger never records more as created on a host than the manifest there lists.
        record.started(self.ledger, self.head, act.plan, manifests=manifest_changes(updates))
        why |= updates.why
        runs = [name for name in to_do if name not in why and _work_of(plans[name]) != Work()]
        act.sessions.each(remove_empty_folders, runs)
        of_run = {name: _work_of(plans[name]) for name in runs}
        run = run_all_hosts(partial(self._run, act), of_run) if runs else None
        why |= _reasons_of_ansible(run)
        why = {**dependencies.deferred(act.plan), **why}
        again = [name for name in to_do if name not in why or plans[name].reach is Reach.REACHED]
        self.listener.stage("verifying", len(again))
        survey = partial(act.surveyor.survey, act.work, on_progress=self.listener.host)
        after = wait_until_ready(survey, again)
        gone = self._gone(act, after)
        why |= {name: _still_present(it.stays) for name, it in gone.items() if it.stays and name not in why}
        updates_after = self._write_manifests(act.sessions, after, {name: it.identities for name, it in gone.items()})
        results = {**act.before.results, **after.results}
        why = {name: text for name, text in why.items() if not _is_well(plans[name], after, gone)}
        remaining = [f"{name}: left in place: {text}" for name, it in gone.items() for text in it.remaining]
        outcome = ApplyOutcome(
            act.plan,
            results,
            started=run is not None,
            why=why,
            notes=(*(run.notes if run else ()), *adopted(updates), *remaining),
            signal=run.signal if run else 0,
        )
        found = {**act.before.manifests, **after.manifests}
        record.finished(self.ledger, self.head, outcome, manifests=manifest_changes(updates_after), found=found)
        return outcome

    def _run(self, act: "_Act", work: Mapping[str, Work]) -> RunOutcome:
        self.listener.stage("applying changes to", len(work))
        made = project(work, self.head.inventory_files)
        with run_folder.fresh(self.settings.base) as place:  # a run's folder too: what a kill leaves is swept
            folder = place.path / "project"
            write(made, folder)
            return run_project(
                folder, list(work), secrets=act.surveyor.secrets, settings=self.settings, on_event=self.listener.event
            )

    def _gone(self, act: "_Act", after: Survey) -> dict[str, "_Gone"]:
        """Return, for each host with something to remove, what is gone, what is not, and what stays in its place."""
        plans = planner.by_host(act.plan)

        def removed_on(session: Session) -> _Gone:
            of_host, host = plans[session.name], host_of(session)
            wanted = {path for step in act.work[session.name].make for path in step.paths}
            removed = of_host.of(Action.REMOVE)
            stays = tuple(change.step for change in removed if not change.step.is_removed(host))
            remaining = [
                f"{change.step.identity}: {why}"
                for change in removed
                if change.step not in stays and wanted.isdisjoint(change.step.paths)
                for why in [remains(change.step, host)]
                if why
            ]
            kept = {step.identity for step in stays}
            leaving = (change.step.identity for change in of_host.of(*_LEAVING))
            identities = tuple(identity for identity in leaving if identity not in kept)
            return _Gone(identities, stays, tuple(remaining))

        reached = [name for name in after.manifests if plans[name].of(*_LEAVING)]
        found = act.sessions.each(removed_on, reached)
        return {name: result for name, result in found.items() if not isinstance(result, HostLost)}

    def _write_manifests(
        self, sessions: Sessions, survey: Survey, gone: Mapping[str, Iterable[str]]
    ) -> ManifestUpdates:
        return write_manifests(
            sessions, survey, self.head.contract.name, gone=gone, formerly=self.head.contract.formerly
        )


class _Gone(Struct):
    """What is gone from a host by identity, the steps that are not, and what stays in the place of those that are."""

    identities: tuple[str, ...]
    stays: tuple[Step, ...]
    remaining: tuple[str, ...]


class _Act(Struct):
    """What an apply works with once it was decided to act."""

    sessions: Sessions
    surveyor: Surveyor
    work: Mapping[str, Work]
    before: Survey
    plan: Plan


def _refuse_when_all_are_busy(survey: Survey) -> None:
    """Raise Busy, naming the holders, when another apply has every host: there is nothing to carry on with."""
    if any(result.reach is not Reach.BUSY for result in survey.results.values()):
        return
    holders: dict[str, list[str]] = {}
    for name, result in survey.results.items():
        holders.setdefault(result.detail, []).append(name)
    who = "; ".join(f"{list_names(hosts, _SHOWN)}: {by}" for by, hosts in holders.items())
    raise Busy(f"another apply has locked every chosen host: {who}", hint="try again when it is done")


def _work_of(plan: HostPlan) -> Work:
    make = sorted((change.step for change in plan.makes()), key=lambda step: step.order)
    return Work(tuple(make), tuple(change.step for change in plan.of(Action.REMOVE)))


def _reasons_of_ansible(outcome: RunOutcome | None) -> dict[str, str]:
    if outcome is None:
        return {}
    return {name: _words(run, outcome) for name, run in outcome.hosts.items() if run.state is not HostState.OK}


def _words(run: HostRun, outcome: RunOutcome) -> str:
    if run.task:
        return f"{run.task}: {run.message}"
    if run.state is HostState.MISSING and outcome.signal:
        return "started, and the run was stopped" if run.begun else "not started, the run was stopped before"
    return run.message or outcome.detail or f"Ansible ended with this host {run.state.value}"


def _still_present(steps: Iterable[Step]) -> str:
    return f"still present: {', '.join(step.identity for step in steps)}"


def _is_well(plan: HostPlan, after: Survey, gone: Mapping[str, _Gone]) -> bool:
    """Whether the last check shows the host converged, whatever was reported before: the check decides.

    It does not see what is still to be removed.
    """
    name = plan.name
    seen = name in after.manifests and not after.manifests[name].detail and is_converged(after.results[name])
    wanted = {check.step.identity for check in after.results[name].checks} if seen else set()
    deferred = plan.of(Action.DEFERRED)
    stays = (name in gone and gone[name].stays) or any(change.step.identity not in wanted for change in deferred)
    return seen and not stays
