"""Finding and ending processes for good: a run's own children, and whatever else carries the run's mark.

Comes in: a pid or a mark in the environment. Goes out: nothing left running. Linux only: it reads /proc. A process is
signalled through a pidfd, so a pid that is used again is never hit.
"""

import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from opspact.structs import Struct

MARK = "OPSPACT_RUN"
"""The environment variable that every process of a run carries; its value is the run's folder."""

_ROUNDS = 40
"""So often processes are looked for again: what ignores a signal and starts others for ever is not waited for."""
_QUIET_ROUNDS = 8  # with nobody new, until those that stay are left alone
_FORKING = 0.005  # seconds between rounds: who was signalled in the middle of fork(2) has its child after that

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def end_with_parent(number: signal.Signals) -> None:
    """Ask the kernel to send this process `number` when the thread that started it ends. Survives exec."""
    _prctl(_PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ended, so that none gets away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    """Call prctl(2). Raise OSError when the kernel refuses."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def descendants(pid: int) -> set[int]:
    """Given a process, return its living children, their children, and so on; zombies are not counted."""
    children: dict[int, list[int]] = {}
    dead = set()
    for child in _pids():
        state, parent = _state_and_parent(child)
        children.setdefault(parent, []).append(child)
        if state in "ZX":
            dead.add(child)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found - dead


def identity(pid: int) -> str:
    """Given a living process, return what distinguishes it from every other one, on this machine and on others."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()} {pid} {_start_of(pid)}"


def is_known_dead(of: str) -> bool:
    """Given a process's identity, return whether it has ended for certain: nothing is known of other machines'."""
    words = of.split()
    if len(words) != len(_IDENTITY) or words[:2] != identity(os.getpid()).split()[:2]:
        return False
    return not words[2].isdecimal() or _start_of(int(words[2])) != words[3]


_IDENTITY = ("boot", "namespace", "pid", "start")


def _start_of(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; empty when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def parent(pid: int) -> int:
    """Given a pid, return its parent's, or 0 when it is gone."""
    return _state_and_parent(pid)[1]


def is_descendant(pid: int, ancestor: int) -> bool:
    """Whether a process is a living descendant of another: its parents are asked, one after the other."""
    state, above = _state_and_parent(pid)
    while above > 1 and above != ancestor:
        above = parent(above)
    return above == ancestor and state not in "ZX"


def marked(folder: Path) -> set[int]:
    """Given a run's folder, return the living processes that carry its mark, this process excepted."""
    return {pid for pid in _pids() if is_marked(pid, folder)}


def is_marked(pid: int, folder: Path) -> bool:
    """Whether a living process carries the mark of a run's folder, and is not this very process."""
    return pid != os.getpid() and f"{MARK}={folder}".encode() in _environment(pid)


def in_session(session: int) -> set[int]:
    """Given a session's number, return its living processes, whatever process group they are in."""
    return {pid for pid in _pids() if is_in_session(pid, session)}


def is_in_session(pid: int, session: int) -> bool:
    """Whether a process lives and belongs to a session."""
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid) == session and _state_and_parent(pid)[0] not in "ZX"
    return False


class ProcessSelection(Struct):
    """Processes to be ended: how all of them are found, and whether one pid is (still) one of them."""

    find: Callable[[], set[int]]
    holds: Callable[[int], bool]

    @classmethod
    def below(cls, pid: int) -> "ProcessSelection":
        """Return the descendants of a process."""
        return cls(partial(descendants, pid), partial(is_descendant, ancestor=pid))

    @classmethod
    def of_run(cls, folder: Path) -> "ProcessSelection":
        """Return the processes that carry the mark of a run's folder."""
        return cls(partial(marked, folder), partial(is_marked, folder=folder))


def signal_session(session: int, number: signal.Signals) -> None:
    """Send a signal to every process of a session: a command under `timeout` is in a process group of its own."""
    signal_all(ProcessSelection(partial(in_session, session), partial(is_in_session, session=session)), number)


def signal_all(selection: ProcessSelection, number: signal.Signals) -> None:
    """Send a signal once to each of several processes, those included that start while the others are found.

    The kernel completes a fork whose process is signalled on the way, and the child knows nothing of the signal: so who
    is there is asked until nobody is, or nobody new for some rounds.
    """
    signalled: set[int] = set()
    quiet = 0
    for _ in range(_ROUNDS):
        living = selection.find()
        new = living - signalled
        for pid in new:
            send(pid, number, selection=selection)
        quiet = 0 if new else quiet + 1
        if not living or quiet == _QUIET_ROUNDS:
            return
        signalled |= new
        time.sleep(_FORKING)


def end(selection: ProcessSelection, *, grace: float) -> set[int]:
    """Given processes, end them all: TERM, `grace` seconds of patience, KILL. Return those that stayed.

    Those that stay belong to somebody else, or hang in the kernel.
    """
    deadline = time.monotonic() + grace
    signalled: set[int] = set()
    while (left := selection.find()) and time.monotonic() < deadline:
        for pid in left - signalled:
            send(pid, signal.SIGTERM, selection=selection)
        signalled |= left
        _reap()
        time.sleep(0.02)
    deadline = time.monotonic() + 5
    while (left := selection.find()) and time.monotonic() < deadline:
        for pid in left:
            send(pid, signal.SIGKILL, selection=selection)
        _reap()
        time.sleep(0.02)
    return left


def send(pid: int, number: signal.Signals, *, selection: ProcessSelection) -> None:
    """Given a process that is still selected, send it a signal; one that is not, or has ended, is left alone."""
    with suppress(ProcessLookupError, PermissionError):
        handle = os.pidfd_open(pid)
        try:
            if selection.holds(pid):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _reap() -> None:
    """Collect adopted children that have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - thousands, many times


def _state_and_parent(pid: int) -> tuple[str, int]:
    """Given a pid, return its state letter and its parent; `X` and 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    state, parent, *_ = text.rpartition(")")[2].split()
    return state, int(parent)


def _environment(pid: int) -> list[bytes]:
    """Given a pid, return its environment's entries; none when it is gone, a zombie, or somebody else's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []
