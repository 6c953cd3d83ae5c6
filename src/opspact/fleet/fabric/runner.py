"""invoke's runners for us: on a host over its session, and on this machine. Output is decoded and kept in linear time.

Comes in: commands with the options of `run`. Goes out: fabric's results and errors; HostLost when the connection is
lost, since how the command ended is unknown then.
"""

import codecs
import time
from collections.abc import Callable
from io import StringIO
from signal import SIGKILL
from subprocess import PIPE, Popen
from typing import IO, Any, cast

import fabric.runners
from invoke.exceptions import ThreadException
from invoke.runners import Local, Result, Runner
from invoke.terminals import character_buffered, pty_size
from invoke.util import has_fileno, isatty

from opspact.errors import OperationFailed, OpspactError
from opspact.fleet.connection import Settings
from opspact.fleet.fabric.command_shell import CommandSettings, HostCommand
from opspact.fleet.fabric.streams import ListenerGroup, OutputStorage
from opspact.fleet.fabric.transcript import Transcript
from opspact.fleet.failures import HostLost
from opspact.fleet.processes import signal_session
from opspact.text.sizes import format_bytes

_CHUNK = 65536
_LOOK = 0.2
_LAST = 8 * 1024 * 1024
"""Bytes that are kept of an output that goes to a stream of the caller's."""


class OutputLimitExceeded(OperationFailed):
    """A command said more than a result may hold."""

    def __init__(self, command: str, limit: int) -> None:
        super().__init__(
            f"output of {command!r} exceeds {format_bytes(limit)}",
            hint="give an out_stream, or write to a file on the host and fetch it with get()",
        )


class OutputRunner(Runner):
    """What both runners do with output, input and the transcript."""

    read_chunk_size = _CHUNK
    closes_input = False
    """Whether the command's input is empty from the start."""

    @property
    def transcript(self) -> Transcript | None:
        """Where commands and their output are recorded; None: nowhere, they are shown."""
        return cast("Transcript | None", getattr(self.context, "transcript", None))

    @property
    def output_limit(self) -> int:
        """How many bytes of each stream a result may hold."""
        return Settings().output_limit

    def default_encoding(self) -> str:
        """Return UTF-8, whatever the locale of this process."""
        return "utf-8"

    def _unify_kwargs_with_config(self, kwargs: Any) -> None:
        """As invoke does it; under a transcript, nothing is shown and nobody sits at the keyboard."""
        super()._unify_kwargs_with_config(kwargs)
        if self.transcript is None:
            return
        for name in ("out", "err"):
            if self.opts[f"{name}_stream"] is None:
                self.streams[name] = _Nowhere()
        if self.opts["in_stream"] is None:
            self.streams["in"] = cast("Any", False)
            self.closes_input = not self.watchers

    def echo(self, command: str) -> None:
        """Show the command before it runs; a transcript has it anyway."""
        if self.transcript is None:
            super().echo(command)

    def _setup(self, command: str, kwargs: Any) -> None:
        super()._setup(command, kwargs)
        if self.transcript is not None:
            self.transcript.add_command(command)

    def _finish(self) -> Result:
        """As invoke does it; an error of ours comes as itself."""
        try:
            return super()._finish()
        except ThreadException as error:
            for wrapped in error.exceptions:
                if isinstance(wrapped.value, OpspactError):
                    raise wrapped.value from None
            raise
        except HostLost as lost:
            self._record_loss(lost)
            raise

    def _record_loss(self, lost: HostLost) -> None:
        if self.transcript is not None:
            self.transcript.add_loss(lost)

    def generate_result(self, **kwargs: Any) -> Result:
        """Return the result, and record how the command ended."""
        result = super().generate_result(**kwargs)
        if self.transcript is not None:
            self.transcript.add_end("no exit status" if result.exited is None else f"exit status {result.exited}")
        return result

    def _handle_output(self, buffer_: list[str], hide: bool, output: IO[str], reader: Callable[[int], Any]) -> None:  # noqa: PLR0917 - as in invoke
        """Read a stream to its end: decode it as one text, show it, keep it, and let watchers answer."""
        of_errors = reader == self.read_proc_stderr
        own = self.opts["err_stream" if of_errors else "out_stream"] is not None
        kept = OutputStorage(buffer_, limit=min(_LAST, self.output_limit) if own else self.output_limit, last=own)
        audience = ListenerGroup(self.watchers)
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        data = b" "
        while data:
            data = reader(self.read_chunk_size) or b""
            text = decoder.decode(data, final=not data)
            if not text:
                continue
            if not hide:
                self.write_our_output(output, text)
            if self.transcript is not None:
                self.transcript.add(text)
            if not kept.add(text, len(data)):
                raise OutputLimitExceeded(self.result_kwargs["command"], self.output_limit)
            for answer in audience.answers(text):
                self.write_proc_stdin(answer)

    def handle_stdin(self, input_: IO[Any], output: IO[str], echo: bool | None = False) -> None:
        """Copy our input to the command's: what is no terminal as it comes, bytes as they are."""
        with character_buffered(input_):
            while True:
                data = self._next_input(input_)
                if data:
                    self._write_proc_stdin(data.encode(self.encoding) if isinstance(data, str) else data)
                    if echo or (echo is None and self.should_echo_stdin(input_, output)):
                        self.write_our_output(output, data if isinstance(data, str) else self.decode(data))
                elif data is not None and not self.using_pty:
                    self.close_proc_stdin()
                    return
                if self.program_finished.is_set():
                    return
                if not data:
                    time.sleep(self.input_sleep)

    def _next_input(self, input_: IO[Any]) -> "str | bytes | None":
        """Return what can be read now; empty: the end; None: nothing yet. An object without a file has it all."""
        if has_fileno(input_) or isatty(input_):
            return self.read_our_stdin(input_)
        return cast("str | bytes", input_.read(_CHUNK))


class _Nowhere(StringIO):
    """A stream that forgets what is written."""

    def write(self, text: str, /) -> int:
        return len(text)


class SessionRunner(OutputRunner, fabric.runners.Remote):  # type: ignore[misc]  # fabric has no types
    """Runs a command on the host of a connection."""

    def __init__(self, context: Any, *, inline_env: bool | None = None) -> None:
        super().__init__(context)
        self.inline_env = inline_env
        self.user: str | None = None
        """As whom it runs; None: as who has logged in."""
        self.password: str | None = None
        """What the fabfile says is the password for becoming that user."""
        self._running: HostCommand | None = None

    @property
    def host_command(self) -> HostCommand:
        """The command, which has begun."""
        if self._running is None:
            raise AssertionError  # `start` comes first
        return self._running

    def start(self, command: str, shell: str, env: dict[str, Any], timeout: float | None = None) -> None:  # noqa: ARG002, PLR0917 - as in invoke
        """Begin the command. Raise HostLost when the host cannot be reached."""
        terminal = pty_size() if self.using_pty else None
        variables = {name: str(value) for name, value in env.items()}
        self.opts["timeout"] = self.context.time_limit(self.opts["timeout"])
        settings = CommandSettings(variables, terminal=terminal, limit=self.opts["timeout"])
        try:
            self._running = self.context.start(command, settings, user=self.user, password=self.password)
        except HostLost as lost:
            self._record_loss(lost)
            raise
        if self.closes_input:
            self.host_command.close_input()

    def start_timer(self, timeout: float) -> None:
        """Do nothing: the host ends the command in time, and who reads its output waits no longer than that."""

    @property
    def output_limit(self) -> int:
        """How many bytes of each stream a result may hold."""
        return self.host_command.output_limit

    @property
    def timed_out(self) -> bool:
        """Whether the command's time limit has ended it."""
        return self.host_command.timed_out

    @property
    def process_is_finished(self) -> bool:
        """Whether nothing more will come."""
        return self.host_command.has_ended

    def wait(self) -> None:
        """Wait until both streams have ended, or a thread has failed."""
        readers = [self.threads[each] for each in (self.handle_stdout, self.handle_stderr) if each in self.threads]
        while any(reader.is_alive() for reader in readers) and not self.has_dead_threads:
            for reader in readers:
                reader.join(_LOOK)
        if self.has_dead_threads:
            self.host_command.give_up()

    def read_proc_stdout(self, num_bytes: int) -> bytes:
        """Return the next bytes of the output."""
        return self.host_command.read_output(num_bytes)

    def read_proc_stderr(self, num_bytes: int) -> bytes:
        """Return the next bytes of the error output."""
        return self.host_command.read_errors(num_bytes)

    def _write_proc_stdin(self, data: bytes) -> None:
        self.host_command.write(data)

    def close_proc_stdin(self) -> None:
        """End the command's input."""
        self.host_command.close_input()

    def send_interrupt(self, interrupt: KeyboardInterrupt) -> None:
        """Pass Ctrl-C on: to the terminal of the command, or end the command where it has none."""
        if self.using_pty:
            self.host_command.write(b"\x03")
            return
        self.host_command.end()
        raise interrupt

    def returncode(self) -> int | None:
        """Return the exit status; None: its time limit ended it. Raise HostLost when nobody knows."""
        return self.host_command.exit_status()

    def stop(self) -> None:
        """End the command if it has not ended; nothing of it is left here."""
        if self._running is not None:
            self._running.end()

    def kill(self) -> None:
        """End the command on its host."""
        self.stop()


class LocalRunner(OutputRunner, Local):
    """Runs a command on this machine, as invoke does; one of a task is ended with all that it has started."""

    _is_late = False

    def start(self, command: str, shell: str, env: dict[str, Any]) -> None:
        """Start the command."""
        if self.transcript is None or self.using_pty:
            super().start(command, shell, env)
            return
        self.opts["timeout"] = self.context.time_limit(self.opts["timeout"])
        self.process = Popen(
            [shell, "-c", command], env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        if self.closes_input:
            self.close_proc_stdin()

    @property
    def timed_out(self) -> bool:
        """Whether the command's time limit has ended it, or is about to."""
        return self._is_late or super().timed_out

    def kill(self) -> None:
        """End the command."""
        self._is_late = True
        if self.transcript is None or self.using_pty:
            super().kill()
        else:
            signal_session(self.process.pid, SIGKILL)

    def stop(self) -> None:
        """Close what invoke leaves open: the pipes of a command that has ended."""
        super().stop()
        process = getattr(self, "process", None)
        if process is not None and process.poll() is not None:
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
