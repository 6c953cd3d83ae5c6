"""One host's session: a shell kept open, commands fed to it, their results framed.

Comes in: a connection and commands. Goes out: exit status, standard output and standard error of each, as bytes; or
HostLost. A session is used by one thread at a time.

Framing: each command runs as `timeout … /bin/sh -c '…' </dev/null`, so syntax errors and `exit` hurt nothing; the shell
then prints a marker on both streams with its own `printf`: no temporary file, nothing that needs room on the disk. The
marker is random for every command, so no output can forge it. The time limit is kept on the host too: a command that
never comes back ends there by itself, though the connection, or this program, is long gone.
"""

import base64
import re
import secrets
import shlex
import signal
import threading
import time
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from opspact.fleet.channel import Channel, Ended, OutputLimitExceeded, TimeUp
from opspact.fleet.connection import Connection, Settings
from opspact.fleet.failures import (
    LOCKED_AS,
    MAYBE_SHUT_OUT,
    SHUT_OUT,
    ConnectionState,
    HostLost,
    ReadFailed,
    WriteFailed,
    idle_limit,
    jump_host_lost,
    login_refused,
    lost,
    lost_to_holder,
    lost_to_run,
    privilege_refused,
    quoted,
    reach_of,
)
from opspact.fleet.framing import Completed, Frame
from opspact.fleet.guard import FENCED, FENCED_BY, Guard
from opspact.fleet.kept_connections import close_after_use
from opspact.fleet.lock import BUSY, RELEASE_STALE_LOCK, UNLOCK, lock_command
from opspact.fleet.login import InvalidPassword, Login
from opspact.fleet.route import Route, is_blocked, route_of
from opspact.fleet.shell_words import stored_input, word
from opspact.fleet.ssh_messages import is_closed_before_login, needs_own_connection
from opspact.model import names
from opspact.model.time.host_clock import HostClock
from opspact.steps.check import Reach
from opspact.structs import replace
from opspact.values.secret import Secret

_TRIES = 4
_SHUT_OUT_PAUSE = 5.0  # seconds between tries at an sshd that shuts us out; the shortest time it does is 15
_LATER = 1.0  # seconds that the host's own time limit comes after ours: who waits hears it from us
_LAST_RESORT = 5  # seconds between asking a command on the host to end and ending it
Kind = TypeVar("Kind", bound="Session")
_MODE = re.compile(r"0?[0-7]{3,4}")
_NOTHING_THERE = re.compile(rb"[^\n]*: (?:No such file or directory|Not a directory)(?: \(os error \d+\))?\n")


class Session:
    """A shell on one host, root's where the host's variables say `become`. Opened at its first use."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        logins: AbstractContextManager[object] | None = None,
    ) -> None:
        """Given a connection, prepare its session. `logins` is entered for as long as a login takes; None: at once."""
        self.name = connection.host
        self.lost: HostLost | None = None
        """Why the host is given up; None while it is not."""
        self.locked = False
        """Whether this session holds the host's lock."""
        self.clock: HostClock | None = None
        """The host's clock when it was reached last; None: it was not, or does not say."""
        self.guard: Guard | None = None
        """What every command is guarded by; None while the host is not taken."""
        self.environment = environment
        """What the client finds in its environment besides ours."""
        self._connection = connection
        self._settings = settings
        self._channel: Channel | None = None
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._logins = logins or nullcontext()
        self._last_used = 0.0
        self._overheard = secrets.token_hex(16)
        self._may_keep = connection.kept is not None  # until a connection that was kept has not answered

    @property
    def client(self) -> tuple[str, ...]:
        """The arguments of the client up to the remote command; empty: a shell on this machine."""
        return self._connection.client

    @property
    def is_open(self) -> bool:
        """Whether a process runs for this session."""
        return self._channel is not None

    def open(self) -> None:
        """Reach the host and get the shell, unless that is done already. Raise HostLost when it fails."""
        if self.lost is not None:
            raise self.lost
        if self._channel is None:
            with self._logins:
                self._log_in()

    def _log_in(self) -> None:
        begun, attempt = time.monotonic(), 0
        while self._channel is None:
            shut_out = attempt > 0 and self._is_blocked(attempt, waited=time.monotonic() - begun)
            # A jump host's sshd drops connections when many come at once (MaxStartups); spread the next try out.
            spread = zlib.crc32(self.name.encode()) / 2**32
            pause = _SHUT_OUT_PAUSE if shut_out else 2 ** (attempt - 2) + spread
            if attempt and self._stop.wait(pause):
                break
            attempt += 0 if shut_out else 1
            self._try_to_open(last=attempt == _TRIES)

    def _is_blocked(self, attempt: int, *, waited: float) -> bool:
        """Return whether to wait until sshd lets our address in again.

        Behind a jump host nobody can be asked: the first tries tell that from too many connections at once.
        """
        if self._route.proxy:
            return attempt == _TRIES - 1 and waited < self._settings.shut_out_patience / 2
        return waited < self._settings.shut_out_patience and is_blocked(self._route)

    @cached_property
    def _route(self) -> Route:
        return route_of(self._connection.client)

    def _try_to_open(self, *, last: bool) -> None:
        """Start the client and see the shell through; leave the session closed when another try is worth it."""
        login = self._login()
        kept = self._connection.kept
        uses_kept = kept is not None and kept.is_open and self._may_keep
        channel = self._start(login.script)
        try:
            login.follow(channel, first_word=self._settings.kept_timeout if uses_kept else None)
            self.clock, self._last_used, channel.shares = login.clock, time.monotonic(), self._may_keep
        except (Ended, TimeUp) as failed:
            is_early = login.state is ConnectionState.CONNECTING and not self._stop.is_set()
            may_be_outdated = uses_kept and not self._stop.is_set()
            said = login.last_words(channel, failed.status) if isinstance(failed, Ended) else b""
            may_be_hindered = is_early and self._may_keep and isinstance(failed, Ended) and needs_own_connection(said)
            if may_be_outdated or may_be_hindered:  # restarted, cut off, other groups; or ssh hides why
                self.close(within=0)
                self.close_kept()
                self._try_to_open(last=last)
                return
            if is_early and not last and is_closed_before_login(said.decode("utf-8", "replace")):
                self.close()
                return
            if isinstance(failed, Ended):
                raise self._end(self._not_reached(said, login.state, failed.status)) from None
            raise self._give_up(*self._no_shell(login, channel)) from None
        except OutputLimitExceeded:
            raise self._give_up(Reach.BROKEN, "output exceeds the limit") from None
        except InvalidPassword:
            raise self._give_up(Reach.NO_PRIVILEGE, "sudo rejected the password") from None
        if login.refusal:
            raise self._give_up(Reach.UNKNOWN_SYSTEM, login.refusal)

    def _login(self) -> Login:
        return Login(become=self._connection.become, settings=self._settings)

    def _no_shell(self, login: Login, channel: Channel) -> tuple[Reach, str]:
        """Return what it means that no shell came in time, and what was said instead."""
        waited = f"no shell within {self._settings.login_timeout:g} s"
        if login.state is ConnectionState.CONNECTING and (shown := quoted(bytes(channel.said))):
            return Reach.BROKEN, f'{waited}; the server does not run commands, it shows "{shown}"'
        return Reach.CUT_OFF, f"{waited}; {quoted(bytes(channel.complained))}".rstrip("; ")

    def _not_reached(self, said: bytes, state: ConnectionState, status: int | None) -> HostLost:
        """Return why no shell was reached, with the way out where there is one."""
        reach = reach_of(said, state, status=status)
        if reach is Reach.NO_PRIVILEGE:
            given = self._settings.become_password is not None
            return lost(self.name, reach, privilege_refused(said, password_given=given))
        given = self._settings.ssh_password is not None
        if reach is Reach.ACCESS_DENIED:
            return lost(self.name, reach, login_refused(said, password_given=given))
        if reach is Reach.NO_JUMP_HOST:
            return jump_host_lost(self.name, self._route, said, password_given=given)
        if reach is Reach.UNKNOWN_HOST_KEY:
            return lost(self.name, reach, self._route.host_key_commands())
        return lost(self.name, reach, self._turned_away(said))

    def _turned_away(self, said: bytes) -> bytes | str:
        """Return what ssh said, with the reason why sshd lets nobody in where that is known."""
        turned_away = is_closed_before_login(said.decode("utf-8", "replace"))
        if turned_away and self._route.proxy:
            return f"{quoted(said)} ({MAYBE_SHUT_OUT})"
        return SHUT_OUT if turned_away and is_blocked(self._route) else said

    def _start(self, script: str) -> Channel:
        """Start the client process; raise HostLost when this machine cannot."""
        client = self._connection.kept_client() if self._may_keep else self._connection.client
        arguments = [*client, f"exec /bin/sh -c {shlex.quote(script)}"] if client else ["/bin/sh", "-c", script]
        with self._starting:
            if self._stop.is_set():
                raise self._give_up(Reach.BROKEN, "stopped by the operator")
            try:
                self._channel = Channel(arguments, limit=self._settings.output_limit, environment=self.environment)
            except OSError as error:
                raise self._give_up(Reach.BROKEN, f"cannot start {arguments[0]}: {error.strerror}") from None
            return self._channel

    def run(
        self,
        command: str,
        *,
        input: bytes | None = None,  # noqa: A002 - as in subprocess.run
        timeout: float = 60.0,
        keeps_lock: bool = False,
    ) -> Completed:
        """Given a command for /bin/sh, run it on the host and return what it gave back, whatever its exit status.

        `input` is its standard input (none: empty). `timeout` is in seconds. `keeps_lock`: the host's lock is held till
        it ends, though the session may be over before. Raise HostLost when the host cannot be asked or does not answer
        in time: the session is over then; whether the command did its work is unknown, and it ends on the host within
        seconds. Raise it too when another run has taken the host: nothing was done then.
        """
        mark, check = (f"{self.guard.mark} ", self.guard.check) if self.guard else ("", "")
        inner = f"{mark}timeout -k {_LAST_RESORT} {timeout + _LATER:.3f} /bin/sh -c {word(check + command)}"
        if not keeps_lock:
            inner += " 9>&-"
        if input is None:
            done = self._feed(f"{inner} </dev/null", timeout)
        else:  # text inside the command: bytes after it would be taken for commands if it ended before it read them
            # uutils complains of a command that leaves its input unread; who needs all of it counts the bytes.
            data = base64.b64encode(input).decode()
            done = self._feed(f"printf %s {data} | base64 -d 2>/dev/null | {inner}", timeout)
        if self.guard and done.rc == FENCED and done.stderr.startswith(FENCED_BY.encode()):
            raise self._end(lost_to_run(self.name, done.stderr.removeprefix(FENCED_BY.encode())))
        return done

    def _feed(self, line: str, timeout: float) -> Completed:
        """Feed one line to the shell, and return what came before its marker."""
        self.open()
        if self._channel is None:
            raise self._give_up(Reach.BROKEN, "stopped by the operator")
        marker = secrets.token_hex(16)
        framed = f"{line}\nset -- $?; printf '%s %s\\n' {marker} \"$1\"; printf '%s\\n' {marker} >&2; set --\n"
        frame = Frame(self._channel, marker.encode(), noise=self._overheard.encode())
        begun = time.monotonic()
        try:
            return self._channel.exchange(
                framed.encode("utf-8", "surrogateescape"), frame.completed, deadline=begun + timeout
            )
        except Ended as ended:
            said = bytes(self._channel.complained)
            reach = reach_of(said, ConnectionState.READY, status=ended.status)
            is_idle = begun - self._last_used >= self._settings.idle_notice
            raise self._give_up(reach, said + idle_limit(begun - self._last_used) if is_idle else said) from None
        except TimeUp:
            raise self._give_up(Reach.CUT_OFF, f"no answer within {timeout:g} s") from None
        except OutputLimitExceeded:
            megabytes = self._settings.output_limit // 1024**2
            raise self._give_up(Reach.BROKEN, f"output of a command exceeds {megabytes} MiB") from None
        finally:
            self._last_used = time.monotonic()

    def write(self, path: str, data: bytes, mode: str = "0644", *, timeout: float = 60.0) -> None:
        """Given an absolute path, write the file whole or not at all: beside it, synced to disk, then renamed over it.

        Raise WriteFailed with what the host said (no space left, no such folder), ValueError for a mode that is none.
        """
        if not _MODE.fullmatch(mode):
            raise ValueError(f"not a file mode: {mode!r}")
        folder, new = path.rpartition("/")[0] or "/", '"$new"'
        script = (
            f"new=$(mktemp -- {word(f'{folder}/{names.TEMPORARY}')}) || exit\n"
            "trap 'rm -f -- \"$new\"' EXIT\n"
            f"{stored_input(new, data)} && chmod {mode} -- {new} && sync -- {new} && "
            f'mv -fT -- "$new" {word(path)} && sync -- {word(folder)} && trap - EXIT'
        )
        done = self.run(script, input=data, timeout=timeout)
        if done.rc != 0:
            said = quoted(done.stderr) or f"exit status {done.rc}"
            raise WriteFailed(f"{self.name}: {path} was not written: {said}", hint="the existing file is unchanged")

    def read(self, path: str, *, timeout: float = 60.0) -> bytes | None:
        """Given an absolute path, return the file's bytes, or None when there is none. Raise ReadFailed otherwise."""
        return self._ask("cat", path, timeout)

    def names(self, folder: str, *, timeout: float = 60.0) -> tuple[str, ...]:
        """Given an absolute path, return the folder's names, none without a folder. Raise ReadFailed otherwise."""
        listed = self._ask("ls -1", folder, timeout) or b""
        return tuple(listed.decode("utf-8", "surrogateescape").splitlines())

    def _ask(self, program: str, path: str, timeout: float) -> bytes | None:
        """Return what a program says of a path, None when it says that nothing is there. Raise ReadFailed otherwise."""
        done = self.run(f"exec {program} -- {word(path)}", timeout=timeout)
        if done.rc == 0:
            return done.stdout
        if _NOTHING_THERE.fullmatch(done.stderr):
            return None
        said = quoted(done.stderr) or f"exit status {done.rc}"
        raise ReadFailed(f"{self.name}: {path} cannot be read: {said}")

    def lock(self, holder: str) -> None:
        """Take the host's lock for as long as this session lives; `holder` is the line that others will be shown.

        Raise HostLost with Reach.BUSY, naming the holder, when another session has it; this session stays usable then.
        """
        if self.locked:
            return
        if (taken := self._take(holder)).rc == BUSY:
            other = self.run(RELEASE_STALE_LOCK)
            if other.rc == BUSY or (taken := self._take(holder)).rc == BUSY:
                raise lost_to_holder(self.name, holder, quoted(other.stdout))
        if taken.rc != 0:
            raise lost(self.name, Reach.BROKEN, f"cannot take the lock: {quoted(taken.stderr)}")
        self.locked = True

    def _take(self, holder: str) -> Completed:
        """Try once to take the lock; a holder's line is one line."""
        line = " ".join(f"{holder}{LOCKED_AS}{self.name}".split())
        return self._feed(lock_command(word(line), self._overheard), 60.0)

    def unlock(self) -> None:
        """Give the lock back, if this session has it."""
        if self.guard is not None:
            self.close_kept()  # what other commands have opened meanwhile may be older than what was changed
        if self.locked:
            self._feed(UNLOCK, 60.0)
            self.locked = False

    def close_kept(self) -> None:
        """Keep the connection no longer than its sessions: what changes on the host holds for later logins alone."""
        self._may_keep = False
        if self._connection.kept is not None and self._connection.kept.is_open:
            close_after_use(self._connection.kept_client())

    def fresh(self) -> "Session":
        """Return another session of the same host, which logs in by a connection of its own at its first use."""
        own = self._connection.fresh()
        return Session(own, self._settings, environment=self.environment, logins=self._logins)

    def duplicate(self, kind: type[Kind], *, become: bool, password: Secret | None = None) -> Kind:
        """Given a kind of sessions, return one to the same host by the same way in, with the same guard.

        `become`: whether to become root there, with that password in place of the setting's if there is one.
        """
        settings = replace(self._settings, become_password=password) if password else self._settings
        connection = replace(self._connection, become=become)
        made = kind(connection, settings, environment=self.environment, logins=self._logins)
        made.guard, made._stop = self.guard, self._stop  # noqa: SLF001 - what stops one stops the other
        return made

    def give_up(self, why: str) -> None:
        """Give the host up for a reason that is known."""
        self._give_up(Reach.CUT_OFF, why)

    def stop(self) -> None:
        """End the session from another thread, at once; the thread that waits for it sees HostLost."""
        with self._starting:
            self._stop.set()
            if self._channel is not None:
                self._channel.signal(signal.SIGTERM)

    def close_input(self) -> None:
        """Begin to close: the shell sees the end of its input. `close` waits for it."""
        if self._channel is not None:
            self._channel.close_input()

    def close(self, *, within: float | None = None) -> None:
        """Close; no process is left. The next use opens the session again, unless the host is lost.

        `within` is how long the shell may take to end by itself (seconds; none: the setting).
        """
        if self._channel is not None:
            self._channel.end(within=self._settings.closing_timeout if within is None else within)
            self._channel = None
        self.locked = False

    def _give_up(self, reach: Reach, said: bytes | str) -> HostLost:
        """End the session for good, and return the error to raise."""
        return self._end(lost(self.name, reach, said))

    def _end(self, error: HostLost) -> HostLost:
        self.lost = error
        if self._channel is not None:
            self._channel.signal(signal.SIGTERM)
        self.close()
        return error
