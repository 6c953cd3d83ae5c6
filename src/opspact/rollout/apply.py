"""Apply: look first, act only where something differs, look again, and note it all.

Comes in: a compiled contract, the hosts chosen, maybe an approved plan. Goes out: what was done, what was seen after.
Every host stays locked from the first look to the last note.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from opspact.compile.project import project
from opspact.compile.shape import Work
from opspact.errors import Busy
from opspact.fleet import run_folder
from opspact.fleet.ansible import HostRun, HostState, RunOutcome, RunSettings, run_project
from opspact.fleet.failures import HostLost
from opspact.fleet.lock import holder
from opspact.fleet.mitogen_cleanup import tidy
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import dependencies, manifest_writer, planner, record
from opspact.rollout.manifest_writer import Noted, adopted, manifest_changes, write_notes
from opspact.rollout.outcome import Applied, is_in_order
from opspact.rollout.progress_listener import Watch
from opspact.rollout.rerun_lost_hosts import carried_out
from opspact.rollout.survey import Looking, Survey
from opspact.rollout.wait_until_ready import settled
from opspact.steps.base import Step
from opspact.steps.check import Reach
from opspact.steps.traits import remains
from opspact.verify.backend import host_of
from opspact.workspace.project_folder import write
from opspact.workspace.workspace import Compiled, Workspace

_LEAVING = (Action.REMOVE, Action.RELEASE)
_SHOWN = 3  # hosts named of those with one reason


@dataclass(frozen=True)
class Applying:
    """One apply: what is to be so, over which sessions, and who is told.

    `approved` is the digest of a plan that must still fit; `confirm` is asked before anything is changed; `reach` gives
    sessions to hosts that were not chosen and on which the chosen lean: they are written to, so they are locked.
    """

    workspace: Workspace
    head: Compiled
    ledger: Ledger
    watch: Watch
    confirm: Callable[[Plan], bool]
    reach: Callable[[Iterable[str]], AbstractContextManager[Sessions]]
    approved: str | None = None
    settings: RunSettings = field(default_factory=RunSettings)

    def carry_out(self, sessions: Sessions) -> Applied:
        """Given sessions to the chosen hosts, make them so. Raise Stale when an approved plan does not fit any more."""
        chosen = sessions.names
        work = {name: self.head.work.get(name, Work()) for name in chosen}
        secrets = self.workspace.secrets(work.values())
        who = holder(self.workspace.now)
        name = self.head.contract.name
        looking = Looking(
            sessions,
            name,
            secrets,
            holder=who,
            past=partial(manifest_writer.known_of, self.ledger, name),
            formerly=self.head.contract.formerly,
        )
        self.watch.stage("look", len(chosen))
        before = looking.survey(work, chosen, on_progress=self.watch.host)
        _refuse_when_all_are_busy(before)
        found = planner.live(self.head, before)
        with self.reach(dependencies.beyond(found)) as others:
            plan = dependencies.possible(found, before.results, dependencies.look(others, self.head, found, holder=who))
            if self.approved is not None:
                planner.check_fresh(self.approved, plan)
            for why, hosts in dependencies.reasons(plan).items():
                self.watch.note(f"left out for now on {_named(hosts)}: {why}")
            if plan.is_empty or not self.confirm(plan):
                return self._nothing(sessions, plan, before)
            return self._act(_Act(sessions, looking, work, before, plan))

    def _nothing(self, sessions: Sessions, plan: Plan, before: Survey) -> Applied:
        """Nothing differs, or the operator said no: note what is there already, start nothing."""
        unreached = {
            name: result.detail for name, result in before.results.items() if result.reach is not Reach.REACHED
        }
        noted = self._note(sessions, before, dict.fromkeys(before.notes, ())) if plan.is_empty else Noted()
        notes = adopted(noted)
        applied = Applied(plan, before.results, started=False, why={**unreached, **noted.why}, notes=notes)
        record.finished(self.ledger, self.head, applied, manifests=manifest_changes(noted), notes=before.notes)
        return applied

    def _act(self, act: "_Act") -> Applied:
        plans = planner.by_host(act.plan)
        to_do = [name for name, of_host in plans.items() if not of_host.is_empty]
        why = {name: of_host.detail for name, of_host in plans.items() if of_host.reach is not Reach.REACHED}
        noted = self._note(act.sessions, act.before, dict.fromkeys(act.before.notes, ()))
        # Noted first: what the ledger says was brought to a host is never more than what its note said.
        record.started(self.ledger, self.head, act.plan, manifests=manifest_changes(noted))
        why |= noted.why
        runs = [name for name in to_do if name not in why and _work_of(plans[name]) != Work()]
        act.sessions.each(tidy, runs)
        of_run = {name: _work_of(plans[name]) for name in runs}
        outcome = carried_out(partial(self._run, act), of_run) if runs else None
        why |= _what_ansible_says(outcome)
        why = {**dependencies.put_off(act.plan), **why}
        again = [name for name in to_do if name not in why or plans[name].reach is Reach.REACHED]
        self.watch.stage("look again", len(again))
        after = settled(lambda hosts: act.looking.survey(act.work, hosts, on_progress=self.watch.host), again)
        gone = self._gone(act, after)
        why |= {name: _still_there(went.left) for name, went in gone.items() if went.left and name not in why}
        noted_after = self._note(act.sessions, after, {name: went.identities for name, went in gone.items()})
        results = {**act.before.results, **after.results}
        why = {name: text for name, text in why.items() if not _all_is_well(plans[name], after, gone)}
        remaining = [f"{name}: left in place: {text}" for name, went in gone.items() for text in went.remaining]
        applied = Applied(
            act.plan,
            results,
            started=outcome is not None,
            why=why,
            notes=(*(outcome.notes if outcome else ()), *adopted(noted), *remaining),
            signal=outcome.signal if outcome else 0,
        )
        notes = {**act.before.notes, **after.notes}
        record.finished(self.ledger, self.head, applied, manifests=manifest_changes(noted_after), notes=notes)
        return applied

    def _run(self, act: "_Act", work: Mapping[str, Work]) -> RunOutcome:
        self.watch.stage("apply", len(work))
        made = project(work, self.head.inventory_files)
        with run_folder.fresh(self.settings.base) as place:  # a run's folder too: what a kill leaves is swept
            folder = place.path / "project"
            write(made, folder)
            return run_project(
                folder, list(work), secrets=act.looking.secrets, settings=self.settings, on_event=self.watch.event
            )

    def _gone(self, act: "_Act", after: Survey) -> dict[str, "_Gone"]:
        """Return, for each host with something to take away, what is gone, what is not, and what stays in its place."""
        plans = planner.by_host(act.plan)

        def look(session: Session) -> _Gone:
            of_host, host = plans[session.name], host_of(session)
            wanted = {path for step in act.work[session.name].make for path in step.paths}
            removed = of_host.of(Action.REMOVE)
            left = tuple(change.step for change in removed if not change.step.gone(host))
            remaining = [
                f"{change.step.identity}: {why}"
                for change in removed
                if change.step not in left and wanted.isdisjoint(change.step.paths)
                for why in [remains(change.step, host)]
                if why
            ]
            kept = {step.identity for step in left}
            leaving = (change.step.identity for change in of_host.of(*_LEAVING))
            identities = tuple(identity for identity in leaving if identity not in kept)
            return _Gone(identities, left, tuple(remaining))

        reached = [name for name in after.notes if plans[name].of(*_LEAVING)]
        found = act.sessions.each(look, reached)
        return {name: result for name, result in found.items() if not isinstance(result, HostLost)}

    def _note(self, sessions: Sessions, survey: Survey, gone: Mapping[str, Iterable[str]]) -> Noted:
        return write_notes(sessions, survey, self.head.contract.name, gone=gone, formerly=self.head.contract.formerly)


@dataclass(frozen=True, slots=True)
class _Gone:
    """What is gone from a host by identity, the steps that are not, and what stays in the place of those that are."""

    identities: tuple[str, ...]
    left: tuple[Step, ...]
    remaining: tuple[str, ...]


@dataclass(frozen=True)
class _Act:
    """What an apply has at hand once it was decided to act."""

    sessions: Sessions
    looking: Looking
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
    who = "; ".join(f"{_named(hosts)}: {by}" for by, hosts in holders.items())
    raise Busy(f"another apply is at work on every host chosen: {who}", hint="try again when it is done")


def _work_of(plan: HostPlan) -> Work:
    make = sorted((change.step for change in plan.makes()), key=lambda step: step.order)
    return Work(tuple(make), tuple(change.step for change in plan.of(Action.REMOVE)))


def _what_ansible_says(outcome: RunOutcome | None) -> dict[str, str]:
    if outcome is None:
        return {}
    return {name: _words(run, outcome) for name, run in outcome.hosts.items() if run.state is not HostState.OK}


def _words(run: HostRun, outcome: RunOutcome) -> str:
    if run.task:
        return f"{run.task}: {run.message}"
    if run.state is HostState.MISSING and outcome.signal:
        return "begun, and the run was ended on the way" if run.begun else "not begun, the run was ended before"
    return run.message or outcome.detail or f"Ansible left it {run.state.value}"


def _still_there(left: Iterable[Step]) -> str:
    return f"still there: {', '.join(step.identity for step in left)}"


def _all_is_well(plan: HostPlan, after: Survey, gone: Mapping[str, _Gone]) -> bool:
    """Whether the last look shows everything in order, whatever was said on the way: the look decides.

    It does not see what is still to be taken away.
    """
    name = plan.name
    seen = name in after.notes and not after.notes[name].detail and is_in_order(after.results[name])
    wanted = {check.step.identity for check in after.results[name].checks} if seen else set()
    deferred = plan.of(Action.DEFERRED)
    stays = (name in gone and gone[name].left) or any(change.step.identity not in wanted for change in deferred)
    return seen and not stays


def _named(hosts: Sequence[str]) -> str:
    return f"{', '.join(hosts[:_SHOWN])}{' …' * (len(hosts) > _SHOWN)}"
