"""Rolling a wave back: what a run has changed on hosts becomes what was applied there before.

In: what the ledger records of the run and of earlier applies, the commits in git. Out: what came of it.

Nothing else is touched on these hosts, and what cannot be brought back is named.
"""

from collections.abc import Iterable, Mapping

from opspact.errors import LeaseLost, OpspactError
from opspact.ledger.apply_events import ApplyStarted
from opspact.ledger.store import Ledger
from opspact.plan.change import Action
from opspact.plan.commit_order import CommitHistory
from opspact.plan.plan import HostPlan, Plan
from opspact.rollout import history, planner
from opspact.rollout.convergence import Convergence
from opspact.rollout.outcome import ApplyOutcome, is_converged
from opspact.run.leases import Leases
from opspact.structs import Struct, replace
from opspact.text.names import list_names
from opspact.workspace.commit_history import commit_history
from opspact.workspace.workspace import Compiled, Workspace

_SHOWN = 3
_SHORT = 12  # characters of a commit's name
_DIRTY = "+"
"""Begins what stands behind a commit's name when the files were not those of the commit."""


class RollbackOutcome(Struct):
    """What came of a rollback: lines for people, the hosts on which it failed, the signal that ended it (0: none)."""

    notes: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    signal: int = 0


class Rollback(Struct):
    """How hosts are brought back: by the commit at which each converged before the run began."""

    workspace: Workspace
    ledger: Ledger
    convergence: Convergence
    run: str

    def carry_out(self, leases: Leases, hosts: Iterable[str]) -> RollbackOutcome:
        """Given the leases of hosts, bring back those that the run has changed."""
        contract = self.convergence.head.contract.name
        touched = _touched(self.ledger, contract, hosts, run=self.run)
        commits = history.converged_commits(self.ledger, contract, touched, without=self.run)
        notes, failed = [], []
        for commit in dict.fromkeys(commits.get(name, "") for name in touched):
            names = [name for name in touched if commits.get(name, "") == commit]
            where = list_names(names, _SHOWN)
            try:
                outcome = self._to_commit(leases, commit, {name: touched[name] for name in names})
            except LeaseLost:
                raise
            except OpspactError as error:
                failed += names
                stays = list_names(sorted(frozenset().union(*(touched[name] for name in names))), _SHOWN)
                notes.append(f"{where}: not rolled back: {error}; stays as this run left it: {stays}")
                continue
            bad = [name for name in names if not _is_back(outcome, name)]
            failed += bad
            good = [name for name in names if name not in bad]
            notes += [f"{list_names(good, _SHOWN)}: back at commit {commit[:_SHORT]}"] if good else []
            notes += [f"{name}: not rolled back to commit {commit[:_SHORT]}: {_why(outcome, name)}" for name in bad]
            notes += outcome.notes
            if outcome.signal:
                return RollbackOutcome(tuple(notes), tuple(failed), outcome.signal)
        return RollbackOutcome(tuple(notes), tuple(failed))

    def _to_commit(self, leases: Leases, commit: str, touched: Mapping[str, frozenset[str]]) -> ApplyOutcome:
        """Bring hosts back to a commit, as far as steps of these identities are concerned."""
        before = self._compiled(commit)
        if missing := [name for name in touched if name not in before.work]:
            raise _UnknownBeforeError(f"commit {commit[:_SHORT]} does not have {list_names(missing, _SHOWN)}")
        work = {name: before.work[name] for name in touched}
        of_commit = commit_history(self.workspace.folder, before.commit, self.workspace.now)
        surveyor = replace(
            self.convergence.surveyor,
            secrets=self.workspace.secrets(work.values()),
            history=CommitHistory(of_commit.head),  # the commit on the host is a later one, and that is meant
        )
        self.convergence.listener.stage("rolling back", len(work))
        seen = surveyor.survey(work, work, on_progress=self.convergence.listener.host)
        plan = _only(planner.live(before, seen), touched)
        there = replace(self.convergence, head=before, surveyor=surveyor, before=seen, plan=plan, work=work)
        return there.carry_out(leases, {})

    def _compiled(self, commit: str) -> Compiled:
        """Return what was applied before. Raise an error when that cannot be known."""
        if not commit:
            raise _UnknownBeforeError("nothing was applied there before")
        if _DIRTY in commit:
            raise _UnknownBeforeError(
                f"what was applied there before was not committed ({commit[:_SHORT]} with changes)"
            )
        return self.workspace.compiled_at(commit)


class _UnknownBeforeError(OpspactError):
    """What a host is to be brought back to is not known."""


def _touched(ledger: Ledger, contract: str, hosts: Iterable[str], *, run: str) -> dict[str, frozenset[str]]:
    """Return the identities of what a run was to change on each host, in all its attempts."""
    found: dict[str, frozenset[str]] = {}
    wanted = set(hosts)
    for each in ledger.read(ApplyStarted, contract=contract, subject=f"run/{run}"):
        for name in wanted & each.event.hosts.keys():
            steps = each.event.hosts[name]
            changed = (identity for action in _ACTS for identity in steps.get(action, ()))
            found[name] = found.get(name, frozenset()).union(changed)
    return {name: identities for name, identities in found.items() if identities}


_ACTS = tuple(action for action in Action if action.makes or action is Action.REMOVE)


def _only(plan: Plan, touched: Mapping[str, frozenset[str]]) -> Plan:
    """Return a plan without what the run has not changed."""

    def judged(host: HostPlan) -> HostPlan:
        # What is released leaves the manifest alone: the run has put it there, as that of its commit.
        kept = (it for it in host.changes if it.action is Action.RELEASE or it.step.identity in touched[host.name])
        return replace(host, changes=tuple(kept))

    return replace(plan, hosts=tuple(map(judged, plan.hosts)))


def _is_back(outcome: ApplyOutcome, name: str) -> bool:
    return name not in outcome.why and is_converged(outcome.results[name])


def _why(outcome: ApplyOutcome, name: str) -> str:
    result = outcome.results[name]
    wrong = [f"{it.step.identity}: {it.detail}" for it in result.checks if it.state.value != "ok"]
    return outcome.why.get(name) or result.detail or list_names(wrong, _SHOWN)
