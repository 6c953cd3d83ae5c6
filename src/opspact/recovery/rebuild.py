"""A rebuild: from a bare host to a verified one with its data, stage by stage, by policies and copies.

Comes in: a plan, what reaches hosts, what applies the policies. Goes out: the work of each stage of its run.

Until the data are back, nothing on the host takes what is there for the data: backups and data care do not run while
`names.REBUILDING` is there. What is restored is restored by the host itself, so that a link that is cut, or an end of
this program, loses nothing: a later attempt finds what is done in the results.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TypeVar

from opspact.errors import LeaseLost, NothingFound, OperationFailed, Refused
from opspact.evidence.suspect_copies import server_jobs, suspect_copies
from opspact.fleet.failures import HostLost, ReadFailed, WriteFailed, quoted
from opspact.fleet.lock import holder
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.jobs.collection import Collector
from opspact.jobs.run import Answer, run_all
from opspact.ledger.job_events import JobResult
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract_jobs import backup_job, restore_job
from opspact.model.policies.backup import DatabaseEngine, database_label, engine_of
from opspact.model.result import Outcome, Result
from opspact.recovery import rebuild_run
from opspact.recovery.rebuild_plan import CopyUse, RebuildPlan, backup_batches
from opspact.recovery.restore import Folder, HostRestore, InPlace, OneDatabase, RestoreRequest, Target
from opspact.run import host_lease
from opspact.run.execution import StageResult, Work
from opspact.run.journal import Journal
from opspact.run.leases import Leases
from opspact.structs import Struct, field
from opspact.text.names import list_names
from opspact.workspace.workspace import Compiled, context, now

_SHOWN = 3  # hosts, paths or steps that a message names
_DATABASES = {
    DatabaseEngine.POSTGRESQL: (
        "cd / && runuser -u postgres -- psql -XAtqw -d postgres -c 'SELECT datname FROM pg_database'"
    ),
    DatabaseEngine.MARIADB: "mariadb --no-defaults --protocol=socket --batch --skip-column-names -e 'SHOW DATABASES'",
}
"""Asks which databases there are."""

Found = TypeVar("Found")


class Applied(Struct):
    """What an apply of the host came to, and why it did not converge.

    `not_ready`: steps of backups that are not as wanted, each with what is wrong; `signal` is what ended it (0: none).
    """

    is_converged: bool
    why: str = ""
    not_ready: Mapping[str, str] = field(default_factory=dict)
    signal: int = 0


class Rebuild(Struct, kw_only=True):
    """One rebuild. `reach` gives sessions to hosts, `apply` applies the policies to the host alone.

    `report` shows a person what is being done. `python` is the interpreter of hosts that name none.
    """

    plan: RebuildPlan
    run: str
    head: Compiled
    ledger: Ledger
    reach: Callable[[Iterable[str]], AbstractContextManager[Sessions]]
    apply: Callable[[], Applied]
    report: Callable[[str], None]
    python: str

    @property
    def host(self) -> str:
        """The host."""
        return self.plan.host

    def work(self) -> Mapping[str, Work]:
        """Return the work of each stage."""
        work: Mapping[str, Work] = {
            rebuild_run.CHECK: self._check,
            rebuild_run.HOLD: self._hold,
            rebuild_run.APPLY: self._apply,
            rebuild_run.FILES: self._files,
            rebuild_run.DATABASES: self._databases,
            rebuild_run.RELEASE: self._release,
            rebuild_run.VERIFY: self._verify,
            rebuild_run.BACKUP: self._backup,
        }
        return {stage: partial(_without_raising, carry_out) for stage, carry_out in work.items()}

    def _check(self, _leases: Leases) -> StageResult:
        servers = dict.fromkeys(use.backup.server for use in self.plan.uses)
        self.report(f"checking {self.host} and {list_names(list(servers), _SHOWN)}")
        with self.reach([self.host, *servers]) as sessions:
            jobs = [job for use in self.plan.uses for job in server_jobs(self.head.contract, use.backup)]
            unreached = self._collector(sessions).collect(jobs, servers).unreached
            if unreached:
                return _failed("; ".join(f"{name}: {lost.detail}" for name, lost in unreached.items()))
            refuse_live(sessions, self.plan, self.head.contract.name)
        return StageResult()

    def _hold(self, leases: Leases) -> StageResult:
        with self._held(leases) as sessions:
            _ask(sessions, self.host, partial(_hold, run=self.run))
        return StageResult()

    def _apply(self, _leases: Leases) -> StageResult:
        applied = self.apply()
        if applied.signal:
            return StageResult(RunOutcome.STOPPED, "stopped by a signal", applied.signal)
        steps = [f"{step}: {why}" for step, why in applied.not_ready.items()]
        return _failed(f"nothing can be restored yet: {list_names(steps, _SHOWN)}") if steps else StageResult()

    def _files(self, leases: Leases) -> StageResult:
        done = restored_paths(self._results())
        return self._restored(leases, [(use, target) for use in self.plan.uses for target in _file_targets(use, done)])

    def _databases(self, leases: Leases) -> StageResult:
        targets = [
            (use, OneDatabase(name, name, creates_roles=True)) for use in self.plan.uses for name in use.databases
        ]
        return self._restored(leases, targets)

    def _release(self, leases: Leases) -> StageResult:
        with self._held(leases) as sessions:
            _ask(sessions, self.host, _release)
        return StageResult()

    def _verify(self, _leases: Leases) -> StageResult:
        applied = self.apply()
        if applied.signal:
            return StageResult(RunOutcome.STOPPED, "stopped by a signal", applied.signal)
        return StageResult() if applied.is_converged else _failed(applied.why)

    def _backup(self, _leases: Leases) -> StageResult:
        failed = []
        with self.reach([self.host]) as sessions:
            collector = self._collector(sessions)
            for backups in backup_batches(self.head.contract, self.host):
                self.report(f"making copies by {list_names([backup.name for backup in backups], _SHOWN)}")
                answers = run_all(collector, [backup_job(backup) for backup in backups], [self.host])
                said = {key.partition("/")[2]: _problem(answer) for (key, _), answer in answers.items()}
                failed += [f"{name}: {words}" for name, words in said.items() if words]
        return _failed("; ".join(failed)) if failed else StageResult()

    def _restored(self, leases: Leases, targets: Iterable[tuple[CopyUse, Target]]) -> StageResult:
        """Restore one target after the other, except those that an earlier attempt has restored."""
        with self._held(leases) as sessions:
            collector = self._collector(sessions)
            for use, target in targets:
                self.report(f"restoring {target} from the copies of {use.backup.name}")
                if words := self._restore(collector, use, target):
                    return _failed(f"{target}: {words}")
        return StageResult()

    def _restore(self, collector: Collector, use: CopyUse, target: Target) -> str:
        """Restore a target, unless that is done; return why it was not, empty: it is."""
        restore = HostRestore(collector, restore_job(use.backup), self.host)
        restore.wait_for_result("")  # what an earlier attempt asked for may still be going on
        if self._is_restored(use, target):
            return ""
        suspects = suspect_copies(self.ledger, self.head.contract, use.backup, host=self.host)
        request = RestoreRequest(target=target, suspect=suspects.names)
        return _problem(restore.wait_for_result(restore.submit(request, restore.choose(request))))

    def missing_data(self) -> list[str]:
        """Return what the plan restores and no result of this run has: policies named it after that stage was done."""
        results = list(self._results())
        paths = [path for use in self.plan.uses for path in use.in_place if path not in restored_paths(results)]
        missing = (
            name for name in self.plan.databases if not any(is_of(it, OneDatabase(name, name)) for it in results)
        )
        return [*paths, *(f"database {name}" for name in missing)]

    def _results(self) -> Iterator[Result]:
        """Yield what was restored on the host since the run began, by any of its backups."""
        backups = [(it.name, self.host) for it in self.head.contract.backups if self.host in it.hosts]
        return restored(self.ledger, self.head.contract.name, self.run, of=backups)

    def _is_restored(self, use: CopyUse, target: Target) -> bool:
        """Whether a target was restored since the run began."""
        return _is_any_of(
            restored(self.ledger, self.head.contract.name, self.run, of=[(use.backup.name, self.host)]), target
        )

    def _collector(self, sessions: Sessions) -> Collector:
        return Collector(sessions, self.ledger, partial(context, self.head))

    @contextmanager
    def _held(self, leases: Leases) -> Iterator[Sessions]:
        """Yield a session to the host, which this run has taken meanwhile. Raise LeaseLost when it cannot have it."""
        with self.reach([self.host]) as sessions:
            _ask(sessions, self.host, lambda session: session.lock(holder(now())))
            why = host_lease.take(leases, [sessions], self.head.hosts([self.host]), python=self.python)
            if self.host in why:
                raise LeaseLost(f"{self.host}: {why[self.host]}", leases.lost)
            try:
                # Not locked for the hours of a restore: when this program is killed, its shell there may keep a lock.
                # Whoever takes the host meanwhile ends what this run does there, by the fence.
                _ask(sessions, self.host, Session.unlock)
                yield sessions
            finally:
                leases.release([self.host])


def _without_raising(carry_out: Work, leases: Leases) -> StageResult:
    """Carry a stage out; that its host is lost, or has no copy, is how it ends."""
    try:
        return carry_out(leases)
    except (HostLost, ReadFailed, WriteFailed, NothingFound) as error:
        return _failed(str(error))


def refuse_live(sessions: Sessions, plan: RebuildPlan, contract: str) -> None:
    """Given a session to a host, raise Refused when it is not bare: a rebuild would overwrite what is there."""
    reasons = _ask(sessions, plan.host, partial(_signs_of_life, plan=plan, contract=contract))
    if reasons:
        raise Refused(
            f"{plan.host} is not bare: {'; '.join(reasons)}",
            hint="--resume resumes an unfinished rebuild; `opspact backup restore` restores beside what is there",
        )


def _signs_of_life(session: Session, *, plan: RebuildPlan, contract: str) -> list[str]:
    found = []
    if session.read(names.manifest(contract)) is not None:
        found.append("policies of this contract were applied there")
    found += [f"{path} is not empty" for path in plan.data if session.names(path)]
    there = {label for engine in {engine_of(label) for label in plan.databases} for label in _there(session, engine)}
    found += [f"it has the database {label}" for label in plan.databases if label in there]
    return found


def _there(session: Session, engine: DatabaseEngine) -> list[str]:
    """Return the databases of a server: without one there are none, and the restore refuses those that it meets."""
    listed = session.run(_DATABASES[engine])
    there = listed.stdout.decode("utf-8", "replace").splitlines() if listed.rc == 0 else []
    return [database_label(engine, name) for name in there]


def restored(ledger: Ledger, contract: str, run: str, *, of: Iterable[tuple[str, str]]) -> Iterator[Result]:
    """Given a run that was started, and backups on hosts, yield what was restored there since, the newest first."""
    began = Journal(ledger, contract).first_start(run).at
    for backup, host in of:
        subject = names.job_subject(f"restore/{backup}", host)
        for each in ledger.read(JobResult, contract=contract, subject=subject, newest_first=True):
            if each.at < began:
                break
            if each.event.result.outcome is Outcome.DONE:
                yield each.event.result


def is_of(result: Result, target: Target) -> bool:
    """Given the result of a restore, return whether it is of that target."""
    match target:
        case InPlace(paths):
            asked = result.facts.get("paths")
            return isinstance(asked, list | tuple) and tuple(asked) == paths
        case Folder(path):
            return result.facts.get("folder") == path
        case OneDatabase():
            database = result.facts.get("database")
            return isinstance(database, Mapping) and database.get("name") == target.new_name


def _is_any_of(results: Iterable[Result], target: Target) -> bool:
    return any(is_of(result, target) for result in results)


def restored_paths(results: Iterable[Result]) -> set[str]:
    """Given results of restores, return the paths that were restored in place."""
    found = (result.facts.get("paths") for result in results)
    return {str(path) for paths in found if isinstance(paths, list | tuple) for path in paths}


def _file_targets(use: CopyUse, done: set[str]) -> Iterator[Target]:
    """Yield what is still to be restored of files: nothing is restored onto what an earlier attempt brought back."""
    if paths := tuple(path for path in use.in_place if path not in done):
        yield InPlace(paths)
    if use.beside:
        yield Folder(use.folder, use.beside)


def _hold(session: Session, *, run: str) -> None:
    made = session.run(f"mkdir -p -- {names.STATE_FOLDER}")
    if made.rc != 0:
        raise OperationFailed(f"{session.name}: {names.STATE_FOLDER} cannot be made: {quoted(made.stderr)}")
    session.write(names.REBUILDING, f"{run}\n".encode())


def _release(session: Session) -> None:
    done = session.run(f"rm -f -- {names.REBUILDING}")
    if done.rc != 0:
        raise OperationFailed(f"{session.name}: {names.REBUILDING} cannot be removed: {quoted(done.stderr)}")


def _ask(sessions: Sessions, host: str, work: Callable[[Session], Found]) -> Found:
    """Do the work over the session of one host. Raise HostLost."""
    found = sessions.each(work, [host])[host]
    if isinstance(found, HostLost):
        raise found
    return found


def _problem(answer: Answer) -> str:
    """Given what a job left, return why it has not done what was asked for; empty: it has."""
    if isinstance(answer, Result):
        return "" if answer.outcome is Outcome.DONE else answer.message
    return answer.detail if isinstance(answer, HostLost) else answer


def _failed(why: str) -> StageResult:
    return StageResult(RunOutcome.FAILED, why)
