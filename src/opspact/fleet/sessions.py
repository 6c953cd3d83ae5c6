"""All sessions of a run: opened side by side, used side by side, closed whatever happens.

Comes in: hosts, and work to do on each. Goes out: for every named host its result, or why the host was lost.
"""

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, TypeVar

from opspact.errors import Refused
from opspact.fleet.connection import Settings, connections
from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.ssh_password import password_environment
from opspact.model.inventory.bastion import LOGINS_AT_ONCE, bastions
from opspact.model.inventory.host import Host
from opspact.model.time.host_clock import HostClock
from opspact.structs import Struct

Result = TypeVar("Result")
Progress = Callable[[int, int, str], None]
"""Called in the caller's thread when a host is through: how many are, of how many, and which one."""

_DESCRIPTORS_EACH = 3  # pipes of one session, our ends
_DESCRIPTORS_STARTING = 6  # the child's ends and Popen's own pipe while a session starts
_DESCRIPTORS_ELSEWHERE = 64  # beside what is open already: ledger, Ansible, files being read


class Sessions:
    """The sessions of a run, by host name. Made by `open_sessions`."""

    def __init__(self, sessions: Mapping[str, Session], settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._room = capacity_for(len(sessions), settings.parallel)

    @property
    def names(self) -> tuple[str, ...]:
        """The hosts' names, in the order in which they were given."""
        return tuple(self._sessions)

    @property
    def lost(self) -> Mapping[str, HostLost]:
        """The hosts given up so far, and why."""
        return {name: session.lost for name, session in self._sessions.items() if session.lost is not None}

    @property
    def clocks(self) -> Mapping[str, HostClock]:
        """The clocks of the hosts reached so far, as they were when each was reached last."""
        return {name: session.clock for name, session in self._sessions.items() if session.clock is not None}

    def each(
        self,
        work: Callable[[Session], Result],
        names: Iterable[str] | None = None,
        *,
        on_progress: Progress | None = None,
    ) -> dict[str, Result | HostLost]:
        """Given work on one session, do it on all named hosts (None: on all) side by side; return every one's result.

        A host that is lost, now or earlier, has its HostLost as result. Any other error of the work is raised when all
        hosts are through. An interrupt ends every session and passes on.
        """
        chosen = self.names if names is None else tuple(dict.fromkeys(names))
        if unknown := [name for name in chosen if name not in self._sessions]:
            raise KeyError(f"no session was made for {', '.join(unknown)}")
        if not chosen:
            return {}
        workers = min(self._room.at_once, len(chosen))
        with ThreadPoolExecutor(workers, thread_name_prefix="session") as pool, ExitStack() as unfinished:
            futures: dict[Future[Result | HostLost], str] = {}
            unfinished.callback(self._stop, futures)
            for name in chosen:
                futures[pool.submit(self._on_one, work, self._sessions[name])] = name
            self._report(futures, on_progress)
            unfinished.pop_all()  # all are through: nothing to stop
        results = {name: future.result() for future, name in futures.items()}
        return {name: results[name] for name in chosen}

    def fresh(self, names: Iterable[str]) -> "Sessions":
        """Given hosts, return sessions to them that log in by connections of their own. The caller closes them."""
        return Sessions({name: self._sessions[name].fresh() for name in names}, self._settings)

    def give_up(self, name: str, why: str) -> None:
        """Given a host, use its session no more, for a reason that is known."""
        self._sessions[name].give_up(why)

    def _report(self, futures: Mapping[Future[Any], str], on_progress: Progress | None) -> None:
        """Wait for all, and say each host that is through."""
        for count, future in enumerate(as_completed(futures), 1):
            if on_progress is not None:
                on_progress(count, len(futures), futures[future])

    def _on_one(self, work: Callable[[Session], Result], session: Session) -> Result | HostLost:
        """Do the work on one host; a lost host is a result."""
        try:
            session.open()
            return work(session)
        except HostLost as lost:
            return lost
        finally:
            self._settle(session)

    def _settle(self, session: Session) -> None:
        """Keep the session for the next work if there is room for it, else close it; one with a lock must stay."""
        if self._room.total >= len(self._sessions) or not session.is_open:
            return
        if sum(other.is_open for other in self._sessions.values()) <= self._room.total - self._room.at_once:
            return
        if session.locked:
            raise Refused(
                "more hosts are locked than this machine can keep connections to",
                hint="raise `ulimit -n`, or use smaller waves",
            )
        session.close()

    def _stop(self, futures: Iterable[Future[Any]]) -> None:
        """Begin no more work, and end every session from outside, at once."""
        for future in futures:
            future.cancel()
        for session in self._sessions.values():
            session.stop()

    def close(self) -> None:
        """Close all sessions, side by side; no process of theirs is left."""
        for session in self._sessions.values():
            session.close_input()
        patience = time.monotonic() + self._settings.closing_timeout
        for session in self._sessions.values():
            session.close(within=max(0.0, patience - time.monotonic()))


@contextmanager
def open_sessions(hosts: Iterable[Host], *, settings: Settings) -> Iterator[Sessions]:
    """Given hosts, yield their sessions; each connects at its first use. All are closed at the end, whatever happened.

    Raise Refused when the inventory's variables do not say how to reach a host.
    """
    hosts = tuple(hosts)
    reached = connections(hosts, settings)
    logins: dict[str, BoundedSemaphore] = {}
    for bastion in bastions(hosts):
        logins |= dict.fromkeys(bastion.hosts, BoundedSemaphore(LOGINS_AT_ONCE))
    with password_environment(settings.ssh_password) as environment:
        made = {
            name: Session(connection, settings, environment=environment, logins=logins.get(name))
            for name, connection in reached.items()
        }
        sessions = Sessions(made, settings)
        try:
            yield sessions
        finally:
            sessions.close()


class Capacity(Struct):
    """How many sessions this process has descriptors for: `at_once` in use, `in_all` open."""

    at_once: int
    total: int


def capacity_for(count: int, parallel: int) -> Capacity:
    """Given how many sessions are wanted, and how many should be in use at once, return how many can be.

    Raises this process's soft limit of open files as far as that needs and the hard limit allows.
    """
    parallel = min(parallel, count)
    taken = len(list(Path("/proc/self/fd").iterdir())) + _DESCRIPTORS_ELSEWHERE
    wanted = taken + count * _DESCRIPTORS_EACH + parallel * _DESCRIPTORS_STARTING
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return Capacity(parallel, count)
    soft = wanted if hard == resource.RLIM_INFINITY else max(soft, min(wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    spare = soft - taken
    at_once = max(1, min(parallel, spare // (_DESCRIPTORS_EACH + _DESCRIPTORS_STARTING) // 2))
    return Capacity(at_once, min(count, max(at_once, (spare - at_once * _DESCRIPTORS_STARTING) // _DESCRIPTORS_EACH)))
