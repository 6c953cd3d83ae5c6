"""The real doors: hosts over sessions of the fleet, Ansible, fabric, the hosts' own jobs, the operator's terminal.

Comes in: what is to be done, with all values in it. Goes out: what that gave.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from opspact.errors import OpspactError
from opspact.fleet import signals
from opspact.fleet.failures import HostLost
from opspact.fleet.lock import holder
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.jobs.collection import Collector
from opspact.jobs.run import Answer as JobAnswer
from opspact.jobs.run import run_now
from opspact.ledger.runbook_events import StepOutcome
from opspact.ledger.store import Ledger
from opspact.model.contract_jobs import backup_job
from opspact.model.result import Outcome, Result
from opspact.model.runbook_actions import RestoreAction, RunbookCheck
from opspact.run import host_lease
from opspact.run.leases import Leases
from opspact.runbook.copies import copy_verdicts
from opspact.runbook.doors import Answer, FabricCall, HostCommand, Prompt, Reply, Tasks, Verdict
from opspact.runbook.host_checks import check_on_host
from opspact.runbook.host_command import GRACE, answer_of, shell_command
from opspact.runbook.tasks import TaskWorker
from opspact.structs import Struct
from opspact.text.durations import format_hours
from opspact.values.secret import Secret
from opspact.workspace.workspace import Compiled, context, now

Found = TypeVar("Found")
Reach = Callable[[Iterable[str]], AbstractContextManager[Sessions]]


class RunWork(Struct):
    """What doors work with. `reach` gives sessions to hosts; `python` is the interpreter of hosts that name none."""

    head: Compiled
    ledger: Ledger
    reach: Reach
    python: str


class HostDoors:
    """The doors of one attempt of a run: a context manager, which closes every session that it opened.

    `others` carry out what lies beside hosts.
    """

    def __init__(self, work: "RunWork", leases: Leases, tasks: TaskWorker, *, others: "OtherDoors") -> None:
        self._head, self._ledger, self._reach, self._python = work.head, work.ledger, work.reach, work.python
        self._leases, self._tasks, self._others = leases, tasks, others
        self._stack = ExitStack()
        self._sessions: dict[str, Sessions] = {}
        self._taken: dict[str, Sessions] = {}
        """The hosts that are taken, each with the sessions in which its commands are fenced."""
        self._former: dict[str, list[int]] = {}
        """The tokens of each host so far: what steps of this attempt have left running is not ended by the next."""

    def __enter__(self) -> Self:
        """Return the doors."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give hosts back, and close every session."""
        with suppress(OpspactError):  # the ledger is away, or the run was taken over: the leases end with the run
            self.release()
        self._stack.close()

    def now(self) -> datetime:
        """Return this instant (UTC)."""
        return now()

    def wait(self, seconds: float) -> None:
        """Wait; a signal ends it at once."""
        with signals.raise_on_signal():
            time.sleep(seconds)

    def take(self, hosts: Sequence[str]) -> Mapping[str, str]:
        """Take hosts: their lock for as long as it takes to fence them, and their lease, which is kept."""
        new = [host for host in hosts if self._taken.get(host) is not self._of(host)]
        found = self._each(new, _lock)
        why = {host: each.detail for host, each in found.items() if isinstance(each, HostLost)}
        ready = [host for host in new if host not in why]
        if ready:
            sessions = list({id(self._of(host)): self._of(host) for host in ready}.values())
            why |= host_lease.take(
                self._leases, sessions, self._head.hosts(ready), python=self._python, former=self._former
            )
        tokens = self._leases.tokens
        for host in ready:
            if host in tokens:
                self._former.setdefault(host, []).append(tokens[host])
        taken = [host for host in ready if host not in why]
        # The lock is not kept: when this program is killed, its shell there would keep it. Whoever takes the host
        # meanwhile ends what this run does there, by the fence.
        self._each(taken, Session.unlock)
        self._taken |= {host: self._of(host) for host in taken}
        return why

    def release(self) -> None:
        """Give the leases of all hosts back."""
        self._leases.release(self._taken)
        self._taken.clear()

    def commands(self, wanted: Mapping[str, HostCommand], *, timeout: float) -> Mapping[str, Answer]:
        """Run a command on each host."""
        return self._answers(wanted, lambda session: _run(session, wanted[session.name], timeout))

    def tasks(
        self, hosts: Sequence[str], tasks: Tasks, *, values: Mapping[str, str | Secret], timeout: float
    ) -> Mapping[str, Answer]:
        """Run tasks of Ansible on hosts."""
        attempt = host_lease.attempt_of(self._leases)
        return self._tasks.run(hosts, tasks, values=values, timeout=timeout, attempt=attempt)

    def fabric(self, wanted: Mapping[str, FabricCall], *, timeout: float) -> Mapping[str, Answer]:
        """Call a task of the fabfile for each host."""
        return self._answers(wanted, lambda session: self._others.call(session, wanted[session.name], timeout))

    def check(self, wanted: Mapping[str, Sequence[RunbookCheck]]) -> Mapping[str, tuple[Verdict, ...]]:
        """Make checks on each host; a lost host's are unknown."""
        found = self._each(list(wanted), lambda session: check_on_host(session, wanted[session.name]))
        return {
            host: tuple(Verdict(StepOutcome.UNKNOWN, f"{host}: {each.detail}") for _ in wanted[host])
            if isinstance(each, HostLost)
            else each
            for host, each in found.items()
        }

    def backup(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Answer]:
        """Run a backup now on hosts."""
        policy = next(each for each in self._head.contract.backups if each.name == backup)
        with self._reach(hosts) as sessions:
            answers = run_now(self._collector(sessions), backup_job(policy), hosts)
        return {host: _of_job(answer) for host, answer in answers.items()}

    def restore(self, wanted: Mapping[str, RestoreAction], *, run: str, step: str) -> Mapping[str, Answer]:
        """Restore data on each host."""
        answers: dict[str, Answer] = {}
        for host, action in wanted.items():
            with self._reach([host]) as sessions:
                answers[host] = self._others.restore(
                    self._collector(sessions), action, host=host, request=f"{run}.{step}"
                )
        return answers

    def copies(self, backup: str, hosts: Sequence[str]) -> Mapping[str, Verdict]:
        """Say for each host whether its newest copy is fresh and verified."""
        policy = next(each for each in self._head.contract.backups if each.name == backup)
        with self._reach(dict.fromkeys([*hosts, policy.server])) as sessions:
            return copy_verdicts(self._collector(sessions), self._head, policy, hosts=hosts)

    def approvals(self, run: str, step: str, approval: str) -> Verdict:
        """Say whether all approvals of a step are there."""
        return self._others.approvals(run, step, approval)

    def ask(self, prompt: Prompt) -> Reply | None:
        """Ask the operator; a signal ends the question at once."""
        with signals.raise_on_signal():
            return self._others.ask(prompt)

    def _collector(self, sessions: Sessions) -> Collector:
        return Collector(sessions, self._ledger, partial(context, self._head))

    def _answers(self, hosts: Iterable[str], work: Callable[[Session], Answer]) -> dict[str, Answer]:
        found = self._each(list(hosts), work)
        return {
            host: Answer(outcome=StepOutcome.UNKNOWN, detail=each.detail) if isinstance(each, HostLost) else each
            for host, each in found.items()
        }

    def _each(self, hosts: Sequence[str], work: Callable[[Session], Found]) -> dict[str, Found | HostLost]:
        """Do work on hosts side by side; return what it gave, or why the host was lost."""
        for host in hosts:
            self._of(host)
        together: dict[int, list[str]] = {}
        for host in hosts:
            together.setdefault(id(self._sessions[host]), []).append(host)
        found: dict[str, Found | HostLost] = {}
        for names in together.values():
            found |= self._sessions[names[0]].each(work, names)
        return {host: found[host] for host in hosts}

    def _of(self, host: str) -> Sessions:
        """Return the sessions with a host's: a new one when the host has none, or was lost."""
        held = self._sessions.get(host)
        if held is None or host in held.lost:
            held = self._stack.enter_context(self._reach([host]))
            self._sessions[host] = held
        return held


class OtherDoors(Struct):
    """What lies beside hosts: tasks of the fabfile, restoring, approvals, the operator."""

    call: Callable[[Session, FabricCall, float], Answer]
    restore: Callable[..., Answer]
    approvals: Callable[[str, str, str], Verdict]
    ask: Callable[[Prompt], Reply | None]


def _lock(session: Session) -> None:
    session.lock(holder(now()))


def _run(session: Session, command: HostCommand, timeout: float) -> Answer:
    line, given = shell_command(command, timeout)
    begun = time.monotonic()
    done = session.run(line, input=given, timeout=timeout + GRACE)
    seconds = time.monotonic() - begun
    return answer_of(done, seconds=seconds, timeout=timeout, limit=format_hours(timeout))


def _of_job(answer: JobAnswer) -> Answer:
    if isinstance(answer, Result):
        outcome = StepOutcome.DONE if answer.outcome is Outcome.DONE else StepOutcome.FAILED
        detail = "" if outcome is StepOutcome.DONE else answer.message
        return Answer(outcome=outcome, output=f"{answer.message}\n", changed=True, detail=detail)
    detail = answer.detail if isinstance(answer, HostLost) else answer
    return Answer(outcome=StepOutcome.UNKNOWN, detail=detail)
