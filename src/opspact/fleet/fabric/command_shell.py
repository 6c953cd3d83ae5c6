"""A session whose shell becomes one command: its input, output and end, for who reads and writes while it runs.

Comes in: a session of the fleet, a command. Goes out: a running command on its host, by the same way in as all
sessions: OpenSSH, the connection that is kept, become, the fence of the run.

The command runs in the login's own shell and surroundings, as sshd would start it; under `sudo`, in those of the other
user. A mark at the end of its error output brings its exit status: without it, the connection was lost, or the shell.
Every process of the command carries a word in its environment, by which it is found when it has to end.
"""

import os
import secrets
import select
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from opspact.fleet.channel import Channel, Ended, OutputLimitExceeded, TimeUp
from opspact.fleet.fabric.streams import EndMark
from opspact.fleet.failures import ConnectionState, HostLost, lost, lost_to_run, reach_of
from opspact.fleet.guard import FENCED, FENCED_BY
from opspact.fleet.login import Login
from opspact.fleet.session import Session
from opspact.fleet.shell_words import word
from opspact.steps.check import Reach
from opspact.structs import Struct

LATER = 0.2
"""Seconds that the host's own time limit comes after the one that was asked for."""
KILLED = 5
"""Seconds between asking a command to end and ending it."""
SILENCE = 2.0
"""Seconds without output after which a command has ended though a process that it left keeps its output open."""
_PATIENCE = 15.0  # seconds that the end of a command may take to get here
_ENDING = 20.0
_LOOK = 0.2
_LAST_WORDS = 4096
_MARK = "OPSPACT_COMMAND"


class CommandSettings(Struct):
    """How a command begins: variables besides those of its shell, a terminal's size, a time limit in seconds.

    `terminal`: columns and rows of a terminal for it; None: it has none. `in_sh`: whether it is for sh, and not for the
    shell of the login.
    """

    variables: Mapping[str, str]
    terminal: tuple[int, int] | None = None
    limit: float | None = None
    in_sh: bool = False


class CommandShell(Session):
    """A shell of the login's own user or, with become, of root or another `user`, which becomes one command."""

    user = ""

    def _login(self) -> Login:
        """The shell keeps what sshd and the login have set; LC_ALL=C is from the way to sudo."""
        setting = '[ "$LC_ALL" != C ] || unset LC_ALL\n' if self._connection.become else ""
        return Login(become=self._connection.become, settings=self._settings, user=self.user, setting=setting)

    @property
    def output_limit(self) -> int:
        """How many bytes of each stream may be kept."""
        return self._settings.output_limit

    def _not_begun(self, said: bytes, status: int | None) -> HostLost:
        """Return why a command did not begin: another run has the host, or the connection is lost."""
        if status == FENCED and said.startswith(FENCED_BY.encode()):
            return self._end(lost_to_run(self.name, said.removeprefix(FENCED_BY.encode())))
        return self._give_up(reach_of(said, ConnectionState.READY, status=status), said)

    def end_command(self, token: str) -> None:
        """Given the word that a command's processes carry, ask them to end, then end them, by another shell."""
        other = self.duplicate(CommandShell, become=self._connection.become)
        other.user, other.guard = self.user, None
        other._stop = threading.Event()  # noqa: SLF001 - who has stopped us wants the command to end
        with suppress(HostLost):
            try:
                other.run(f"{_sweep(token, 'TERM')}; sleep 1; {_sweep(token)}", timeout=_ENDING)
            finally:
                other.close()

    @property
    def is_stopped(self) -> bool:
        """Whether the operator has stopped this session, or the one that it was made from."""
        return self._stop.is_set()

    def start(self, command: str, settings: CommandSettings) -> "HostCommand":
        """Given a command, begin it, and return it. Raise HostLost when it could not begin."""
        token, begun = secrets.token_hex(16), secrets.token_hex(16)
        mark = EndMark(secrets.token_hex(16))
        script = _script(settings, begun=begun, mark=mark, check=self.guard.check if self.guard else "")
        line = _line(command, settings, script)
        marks = f"{_MARK}={token} {self.guard.mark if self.guard else ''}"
        self.open()
        channel = self._channel
        if channel is None:
            raise self._give_up(Reach.BROKEN, "stopped by the operator")
        first = begun.encode() + b"\n"

        def has_started() -> bool:
            return first in channel.said and first in channel.complained

        line = f"exec env {marks} {line}\n"
        deadline = time.monotonic() + self._settings.login_timeout
        try:
            channel.exchange(line.encode("utf-8", "surrogateescape"), lambda: has_started() or None, deadline=deadline)
        except Ended as ended:
            if not has_started():  # a short command may have ended by now
                raise self._not_begun(bytes(channel.complained), ended.status) from None
        except TimeUp:
            raise self._give_up(Reach.CUT_OFF, "the command did not begin in time") from None
        except OutputLimitExceeded:
            raise self._give_up(Reach.BROKEN, "output exceeds the limit") from None
        early = tuple(bytes(said).partition(first)[2] for said in (channel.said, channel.complained))
        return HostCommand(self, channel, CommandEnd(mark, token, settings.limit), early=early)


def _line(command: str, settings: CommandSettings, script: str) -> str:
    """Return the shell that runs a script whose argument is the command."""
    if settings.terminal:
        columns, rows = settings.terminal
        # Of any shell; some builds of uutils have no stty, and say so on their output.
        command = f"/bin/sh -c 'stty rows {rows} cols {columns} >/dev/null 2>&1'\n{command}"
    return f"/bin/sh -c {word(script)} sh {word(command)}"


def _script(settings: CommandSettings, *, begun: str, mark: EndMark, check: str) -> str:
    """Return the script that checks whether it may write, says that it begins, runs the command, and says its end."""
    variables = {**settings.variables, **({"TERM": "vt100"} if settings.terminal else {})}
    exports = "".join(f"export {name}={word(value)}\n" for name, value in sorted(variables.items()))
    limit = before = sweep = ""
    if settings.limit is not None:
        limit = f"timeout -k {KILLED} {settings.limit + LATER:.3f} "
        before = "read -r _before _rest </proc/uptime\n"
        is_late = f"[ $((${{_after%.*}} - ${{_before%.*}})) -ge {int(settings.limit)} ]"
        sweep = f"read -r _after _rest </proc/uptime\nif {is_late}; then {_sweep(f'${_MARK}')}; fi\n"
    shell = "/bin/sh" if settings.in_sh else '"$SHELL"'
    run = 'script -q -e -c "$1" /dev/null' if settings.terminal else f'{shell} -c "$1"'
    # What sh itself would say of a command that a signal ends is no output of the command.
    return (
        f"{check}echo {begun}; echo {begun} >&2\n"
        'case $SHELL in "" | */nologin | */false) SHELL=/bin/sh; [ ! -x /bin/bash ] || SHELL=/bin/bash ;; esac\n'
        f"export SHELL\n{exports}exec 3>&2 2>/dev/null\n"
        f'{before}(exec {limit}{run} 2>&3 3>&-)\nstatus=$?\n{sweep}printf {word(mark.text)} "$status" >&3\n'
    )


def _sweep(token: str, number: str = "KILL") -> str:
    """Return the shell that ends what carries a token, itself excepted: what left its group under a time limit."""
    return (
        f'for file in $({_MARK}= grep -lzsx "{_MARK}={token}" /proc/[0-9]*/environ); do pid=${{file%/environ}}; '
        f'pid=${{pid#/proc/}}; [ "$pid" = $$ ] || kill -{number} "$pid" 2>/dev/null; done'
    )


class CommandEnd(Struct):
    """How a command's end is known: its mark, the word that its processes carry, its time limit in seconds."""

    mark: EndMark
    token: str
    limit: float | None


class HostCommand:
    """One command while it runs. Its output and its error output are each read by one thread."""

    def __init__(self, shell: CommandShell, channel: Channel, ending: CommandEnd, *, early: tuple[bytes, ...]) -> None:
        self.timed_out = False
        """Whether it took longer than its time limit."""
        self._shell = shell
        self._channel = channel
        self._ending = ending
        self._early = dict(enumerate(early))
        self._input, *self._outputs = channel.release()
        os.set_blocking(self._input, False)
        self._room = select.poll()
        self._room.register(self._input, select.POLLOUT)
        self._writing = threading.Lock()
        self._reading = (threading.Lock(), threading.Lock())
        self._open = {0, 1}
        self._begun = self._heard = time.monotonic()
        self._marked_at: float | None = None
        self._given_up = ""
        self._is_reachable = True
        self._is_abandoned = False  # whether a stream was open when it was read last
        self._last_words = b""
        self._closed = False

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to read."""
        return not self._open

    @property
    def output_limit(self) -> int:
        """How many bytes of each stream may be kept."""
        return self._shell.output_limit

    def read_output(self, size: int) -> bytes:
        """Return the next bytes of the output, none at its end."""
        return self._read(0, size)

    def read_errors(self, size: int) -> bytes:
        """Return the next bytes of the error output, none at its end."""
        mark = self._ending.mark
        while data := self._read(1, size):
            self._last_words = (self._last_words + data)[-_LAST_WORDS:]
            shown = mark.accept(data)
            if mark.status is not None and self._marked_at is None:
                self._marked_at = time.monotonic()
            if shown:
                return shown
        return mark.rest()

    def _read(self, stream: int, size: int) -> bytes:
        """Wait for bytes of a stream, and return them; none: it has ended, or is waited for no longer."""
        if early := self._early.pop(stream, b""):
            return early
        if stream not in self._open:
            return b""
        waiting = select.poll()
        waiting.register(self._outputs[stream], select.POLLIN)
        while not self._is_over():
            with self._reading[stream]:
                if stream not in self._open:
                    return b""
                if waiting.poll(_LOOK * 1000):
                    if data := os.read(self._outputs[stream], size):
                        self._heard = time.monotonic()
                        return data
                    break
        else:
            self._is_abandoned = True
        self._open.discard(stream)
        return b""

    def _is_over(self) -> bool:
        """Return whether to read no longer, though the streams are open."""
        now, limit = time.monotonic(), self._ending.limit
        if self._marked_at is not None:
            return now - max(self._heard, self._marked_at) > SILENCE
        if self._shell.is_stopped:
            self._given_up = "stopped by the operator"
        elif limit is not None and now - self._begun > limit + LATER + KILLED + _PATIENCE:
            self._given_up, self._is_reachable = f"no answer within {limit:g} s", False
        return bool(self._given_up)

    def write(self, data: bytes) -> None:
        """Write to the command's input as it is read; one that has closed it, or has ended, takes nothing."""
        with self._writing:
            rest = memoryview(data)
            with suppress(BrokenPipeError):
                while rest and not self._takes_nothing:
                    if self._room.poll(_LOOK * 1000):
                        with suppress(BlockingIOError):
                            rest = rest[os.write(self._input, rest) :]

    @property
    def _takes_nothing(self) -> bool:
        return self._closed or bool(self._given_up) or self._marked_at is not None or not self._open

    def give_up(self) -> None:
        """Read and write no more: nobody needs the output any longer."""
        self._given_up = self._given_up or "ended"

    def close_input(self) -> None:
        """End the command's input."""
        with self._writing:
            if not self._closed:
                self._closed = True
                self._channel.close_input()

    def exit_status(self) -> int | None:
        """Return the command's exit status once both streams have ended; None: its time limit ended it.

        Raise HostLost when the connection, or the host's shell, was lost before: how the command ended is unknown.
        """
        while self.read_errors(_LAST_WORDS):  # with a terminal, nobody else reads them
            pass
        status, limit = self._ending.mark.status, self._ending.limit
        ended = self._marked_at or time.monotonic()
        self.timed_out = limit is not None and ended - self._begun >= limit
        if status is not None:
            return None if self.timed_out else status
        if self._given_up:
            raise lost(self._shell.name, Reach.CUT_OFF, self._given_up)
        client = self._channel.status()
        raise lost(self._shell.name, reach_of(b"", ConnectionState.READY, status=client), self._last_words)

    def end(self) -> None:
        """End the command on its host if it has not ended, and close the connection; nothing of it is left."""
        is_running = self._open or self._is_abandoned
        if is_running and self._marked_at is None and self._is_reachable:
            self._shell.end_command(self._ending.token)
        self._is_reachable = False  # nothing is left to end
        self.give_up()
        with self._writing, self._reading[0], self._reading[1]:  # nobody reads from a number that is another's
            within = 0 if self._open or self._is_abandoned else None
            self._closed = True
            self._open.clear()
            self._shell.close(within=within)
