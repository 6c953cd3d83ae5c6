"""One child process and its three pipes: bytes go in, bytes come out, until something is found or time is up.

Comes in: a command line. Goes out: what its standard output and standard error said, kept apart.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from opspact.fleet import processes

Found = TypeVar("Found")
_CHUNK = 65536
_LAST_OUTPUT = 0.3  # seconds that a dying process's standard error is still listened to
_TERMINATED = 1.0  # seconds between asking a process to end and ending it


class Ended(Exception):  # noqa: N818 - named after what happened
    """The process closed its output; `status` is its exit status, None when it lives on."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class TimeUp(Exception):  # noqa: N818 - named after what happened
    """What was waited for did not come in time."""


class OutputLimitExceeded(Exception):  # noqa: N818 - named after what happened
    """The process said more than may be taken in."""


class Channel:
    """A running child, in a process group of its own so that a keyboard's Ctrl-C does not reach it before us."""

    def __init__(self, arguments: Sequence[str], *, limit: int, environment: Mapping[str, str] | None = None) -> None:
        """Start a process; `environment` is added to ours. `limit` is how many bytes each pipe may say."""
        self.said = bytearray()
        self.complained = bytearray()
        self.shares = False
        """Whether what the process has started serves others too, and outlives it: the way to a jump host."""
        self._limit = limit
        self._waiting = memoryview(b"")
        pipe = subprocess.PIPE
        given = {**os.environ, **(environment or {})}
        self._process = subprocess.Popen(
            arguments, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, start_new_session=True, env=given
        )
        if self._process.stdin is None or self._process.stdout is None or self._process.stderr is None:
            raise AssertionError  # all three are asked for above
        self._stdin = self._process.stdin
        self._ears = {self._process.stdout.fileno(): self.said, self._process.stderr.fileno(): self.complained}
        self._streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        for stream in self._streams:
            os.set_blocking(stream.fileno(), False)
        self._poll = select.poll()
        for descriptor in self._ears:
            self._poll.register(descriptor, select.POLLIN)

    def exchange(self, data: bytes, found: Callable[[], Found | None], *, deadline: float) -> Found:
        """Send data, and listen until `found()` returns something; return that.

        `deadline` is on the monotonic clock (seconds). Raise Ended, TimeUp or OutputLimitExceeded.
        """
        self._waiting = memoryview(data)
        self._send()
        while (result := found()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeUp
            self._once(left)
        return result

    def _once(self, seconds: float) -> None:
        """Wait once for something to read or for room to write, and do it."""
        for descriptor, event in self._poll.poll(seconds * 1000):
            if descriptor not in self._ears:
                self._send()
            elif event & (select.POLLIN | select.POLLHUP | select.POLLERR) and not self._listen(descriptor):
                self._last_words(descriptor)
                raise Ended(self.status())

    def _send(self) -> None:
        """Write what fits; ask to be woken for the rest."""
        try:
            while self._waiting:
                self._waiting = self._waiting[os.write(self._stdin.fileno(), self._waiting[:_CHUNK]) :]
        except BlockingIOError:
            self._poll.register(self._stdin.fileno(), select.POLLOUT)
            return
        except BrokenPipeError:
            pass  # its end shows on the other pipes, with its last words
        self._waiting = memoryview(b"")  # even an empty rest would keep all that was sent
        try:
            self._poll.unregister(self._stdin.fileno())
        except KeyError:
            return

    def _listen(self, descriptor: int) -> bool:
        """Read once; return whether the pipe is still open."""
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return True
        self._ears[descriptor] += data
        if len(self._ears[descriptor]) > self._limit:
            raise OutputLimitExceeded
        return bool(data)

    def _last_words(self, closed: int) -> None:
        """Take in what is still on its way after one pipe has ended.

        A time limit, because a ControlPersist master of the user's may keep the other pipe open for long.
        """
        until = time.monotonic() + _LAST_OUTPUT
        self._poll.unregister(closed)
        (other,) = self._ears.keys() - {closed}
        while (left := until - time.monotonic()) > 0:
            if any(fd == other and not self._listen(fd) for fd, _ in self._poll.poll(left * 1000)):
                return

    def release(self) -> tuple[int, int, int]:
        """Return the numbers of the process's input, output and error output, which wait from now on.

        For who reads and writes them by threads of its own, once nothing is exchanged any more.
        """
        input_, output, error = (stream.fileno() for stream in self._streams)
        for number in (input_, output, error):
            os.set_blocking(number, True)
        return input_, output, error

    def status(self) -> int | None:
        """Return the exit status of a process that has closed its output; None when it does not end."""
        try:
            return self._process.wait(_LAST_OUTPUT)
        except subprocess.TimeoutExpired:
            return None

    def close_input(self) -> None:
        """Close the process's input, which ends a shell after the command it is at; returns at once."""
        self._stdin.close()

    def end(self, *, within: float) -> None:
        """Close the input, wait that many seconds, then terminate, then kill; the process is gone afterwards."""
        self.close_input()
        for patience, number in ((within, signal.SIGTERM), (_TERMINATED, signal.SIGKILL)):
            try:
                self._process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                self.signal(number)
        self._process.wait()
        for stream in self._streams:
            stream.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, and where it shares none of them, its helpers and commands that outlived it."""
        if self.shares:
            self._process.send_signal(number)
        else:
            processes.signal_session(self._process.pid, number)
