"""A dead man's switch on hosts: they revert a change of what carries connections, unless it is confirmed in time.

In: sessions that have their hosts' locks, plans, the run. Out: for each host that is guarded, what came of it. Only a
connection that is made after the change confirms it. Why: docs/decisions/0053-dead-mans-switch.md.
"""

import json
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from shlex import quote

from opspact.compile.jobs import program_text
from opspact.compile.shape import Work
from opspact.fleet import fence
from opspact.fleet.failures import HostLost, WriteFailed, quoted
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.fleet.shell_words import stored_input
from opspact.ledger.apply_events import ChangeGuarded, GuardState
from opspact.model import names
from opspact.plan.change import Action
from opspact.plan.connection_changes import ConnectionChanges, connection_changes
from opspact.plan.plan import HostPlan
from opspact.run import host_lease
from opspact.run.leases import Leases
from opspact.steps.base import Step
from opspact.structs import replace

PROGRAM = "change_guard"
_TRIES = 3  # fresh connections before the host is asked over the old one to revert at once
_PAUSE = 2.0
_REVERTING = 90.0  # seconds that a host may take to revert, and to let us in again
_TIMEOUT = 180.0
_STATE = f"{names.CHANGE_GUARD}/state.json"
_WHO = "printf '%s\\n' \"${SUDO_USER:-$(id -un)}\""


class ChangeGuard:
    """Guards the changes of one run, to be used by one thread."""

    def __init__(self, sessions: Sessions, leases: Leases, *, python: str, within: float) -> None:
        """Given sessions to hosts that the run has taken, prepare; `within` is how many seconds a host waits.

        `python` is what the run calls as Python on every host that it holds.
        """
        self.armed: tuple[str, ...] = ()
        """The hosts that revert their change unless it is confirmed."""
        self._sessions = sessions
        self._run = host_lease.attempt_of(leases)
        self._tokens = leases.tokens
        self._python = python
        self._within = within

    def arm(self, plans: Mapping[str, HostPlan], work: Mapping[str, Work]) -> dict[str, str]:
        """Given what is about to be changed, arm hosts where that can cut connections.

        Return why hosts could not be armed: they must not be changed.
        """
        doubtful = {name: plan for name, plan in plans.items() if _changes(plan, work[name], "") is not None}

        def armed(session: Session) -> str | None:
            try:
                return self._arm(session, doubtful[session.name], work[session.name])
            except (WriteFailed, ValueError) as error:
                return str(error)

        found = self._sessions.each(armed, doubtful)
        said = {name: it.detail if isinstance(it, HostLost) else it for name, it in found.items()}
        self.armed = tuple(name for name, why in said.items() if why is None)
        return {name: why for name, why in said.items() if why is not None and why != _UNGUARDED}

    def _arm(self, session: Session, plan: HostPlan, work: Work) -> str | None:
        user = session.run(_WHO).stdout.decode("utf-8", "replace").strip()
        changes = _changes(plan, work, user)
        if changes is None or not session.client:
            return _UNGUARDED
        program = program_text(PROGRAM).encode()
        path = f"{names.CHANGE_GUARD}/{PROGRAM}.py"
        placed = session.run(
            f"mkdir -p -m 0755 {names.STATE_FOLDER} && mkdir -p -m 0700 {names.CHANGE_GUARD} && umask 077 && "
            f"{stored_input(f'{path}.new', program)} && mv -f {path}.new {path}",
            input=program,
        )
        if placed.rc != 0:
            raise WriteFailed(f"the switch that reverts changes cannot be placed: {quoted(placed.stderr)}")
        request = json.dumps(self._request(session.name, changes)).encode()
        done = session.run(
            f"exec {quote(self._python)} -I -B {path} {names.CHANGE_GUARD} arm", input=request, timeout=_TIMEOUT
        )
        if done.rc != 0:
            raise WriteFailed(f"the switch that reverts changes cannot be armed: {quoted(done.stderr)}")
        return None

    def _request(self, host: str, changes: ConnectionChanges) -> dict[str, object]:
        """Return what a host's guard is asked to save, and when to revert it."""
        token = self._tokens[host]
        return {
            "run": self._run,
            "token": token,
            "fence": names.FENCE,
            "mark": fence.mark(token),
            "within": self._within,
            "paths": list(changes.paths),
            "units": list(changes.units),
            "network": changes.network,
            "units_folder": names.UNIT_FOLDER.rstrip("/"),
        }

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Have the time of armed hosts begin again and again while the block is at work there.

        Nobody else may use the sessions meanwhile. A host that does not answer reverts the change when its time is
        over, and lets nothing of this run go on there.
        """
        hosts, ended = self.armed, threading.Event()

        def renew() -> None:
            while not ended.wait(self._within / 3):
                self._sessions.each(partial(_ask, verb="renew", run=self._run), hosts)

        thread = threading.Thread(target=renew, name="change-guard", daemon=True)
        if hosts:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            if hosts:
                thread.join()

    def confirm(self) -> dict[str, ChangeGuarded]:
        """Confirm the changes of armed hosts over fresh connections; return what became of each.

        A host that lets nobody in is waited for until it has reverted the change, within limits.
        """
        hosts = self.armed
        found: dict[str, ChangeGuarded] = {}
        why: dict[str, str] = {}
        begun = time.monotonic()
        for tries in count(1):
            self._confirm_once(found, why, _left(hosts, found))
            if tries == _TRIES:
                self._revert(found, why, _left(hosts, found))
            if not _left(hosts, found) or time.monotonic() - begun > self._within + _REVERTING:
                break
            time.sleep(_PAUSE)
        for name in _left(hosts, found):
            text = f"no fresh connection was possible ({why[name]}); the host reverts the change by itself"
            found[name] = ChangeGuarded(name, self._run, GuardState.UNKNOWN, why=text)
        self._give_up({name: it.why for name, it in found.items() if it.state is not GuardState.CONFIRMED})
        return found

    def _give_up(self, hosts: Mapping[str, str]) -> None:
        """Given hosts with reasons, use the sessions no more that are lost, or that the host has shut out."""
        answers = self._sessions.each(lambda session: session.run(":"), hosts)
        for name in hosts:
            if isinstance(answers[name], HostLost):
                self._sessions.give_up(name, hosts[name])

    def _confirm_once(self, found: dict[str, ChangeGuarded], why: dict[str, str], hosts: Collection[str]) -> None:
        if not hosts:
            return
        with closing(self._sessions.fresh(hosts)) as fresh:
            answers = fresh.each(partial(_ask, verb="confirm", run=self._run))
        for name, answer in answers.items():
            if isinstance(answer, HostLost):
                why[name] = answer.detail
            elif answer is None:
                text = "the switch that reverts the change is not there any more"
                found[name] = ChangeGuarded(name, self._run, GuardState.UNKNOWN, why=text)
            else:
                found[name] = _with_reason(answer, why.get(name, ""))

    def _revert(self, found: dict[str, ChangeGuarded], why: Mapping[str, str], hosts: Collection[str]) -> None:
        """Have hosts revert at once where the old connection still works."""
        answers = self._sessions.each(partial(_ask, verb="revert", run=self._run), hosts)
        for name, answer in answers.items():
            if isinstance(answer, ChangeGuarded):
                found[name] = _with_reason(answer, why.get(name, ""))


_UNGUARDED = "nothing to guard"


def _changes(plan: HostPlan, work: Work, user: str) -> ConnectionChanges | None:
    made: list[Step] = [change.step for change in plan.makes()]
    removed = [change.step for change in plan.of(Action.REMOVE)]
    return connection_changes(made, removed, wanted=work.make, user=user)


def _ask(session: Session, *, verb: str, run: str = "") -> ChangeGuarded | None:
    """Have a host's guard do something; return what became of the change, None: it is armed, or nothing is."""
    program = f"{names.CHANGE_GUARD}/{PROGRAM}.py"
    done = session.run(
        f"[ -e {_STATE} ] || exit 0; "
        f'exec "$(cat {names.CHANGE_GUARD}/python)" -I -B {program} {names.CHANGE_GUARD} {verb} {quote(run)}',
        timeout=_TIMEOUT,
    )
    if not done.stdout.strip():
        failed = ChangeGuarded(
            session.name, run, GuardState.FAILED, why=_words("failed", problems=(quoted(done.stderr),))
        )
        return failed if done.rc else None
    return _answer(session.name, done.stdout)


def _answer(host: str, said: bytes) -> ChangeGuarded | None:
    """Given what a host's guard has answered, return what became of the change; None: it is armed, or nothing is."""
    try:
        found = json.loads(said)
        status, run = str(found["status"]), str(found.get("run", ""))
        paths = tuple(map(str, found.get("reverted", ())))
        why = _words(status, reason=str(found.get("reason", "")), paths=paths, problems=found.get("problems", ()))
        return None if status in {"armed", "none"} else ChangeGuarded(host, run, GuardState(status), paths, why)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ChangeGuarded(host, "", GuardState.FAILED, why=f"the answer of the host is not valid: {quoted(said)}")


def _words(status: str, *, reason: str = "", paths: Collection[str] = (), problems: Collection[str] = ()) -> str:
    """Return what became of a change, for people."""
    if status == "reverted":
        return f"the host has reverted {', '.join(paths) or 'the change'}: {reason}"
    return f"the host could not revert the change: {'; '.join(map(str, problems))}" if status == "failed" else ""


def _with_reason(answer: ChangeGuarded, why: str) -> ChangeGuarded:
    """Return the answer with why no fresh connection was possible before, where the change was not confirmed."""
    if answer.state is GuardState.CONFIRMED or not why:
        return answer
    return replace(answer, why=f"{answer.why} ({why})")


def _left(hosts: Collection[str], found: Collection[str]) -> list[str]:
    return [name for name in hosts if name not in found]


def settle(sessions: Sessions, holder: str) -> dict[str, ChangeGuarded]:
    """Given sessions, and the line that takes the hosts' locks, have hosts revert what an earlier run left unconfirmed.

    Return what was reverted, then or before. A host that could not revert it whole is given up.
    """

    def settle_host(session: Session) -> ChangeGuarded | None:
        session.lock(holder)
        return _ask(session, verb="settle")

    answers = sessions.each(settle_host)
    found = {name: it for name, it in answers.items() if isinstance(it, ChangeGuarded)}
    for name, it in found.items():
        if it.state is not GuardState.REVERTED:
            sessions.give_up(name, it.why)
    return found


def problem(session: Session) -> str:
    """Given a session, return what its host could not revert; empty: nothing."""
    found = _ask(session, verb="show")
    return found.why if found is not None and found.state is GuardState.FAILED else ""
