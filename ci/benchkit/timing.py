"""Programs run and measured: wall time, processor time, largest memory, and how busy the machine was.

In: a command. Out: a Run.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class BenchError(Exception):
    """A measurement cannot be made, or did not do what it was to do; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: seconds by the clock, seconds of processor, KiB of its largest process, load before it."""

    seconds: float
    processor: float = 0.0
    memory: int = 0
    load: float = 0.0
    output: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A command with its folder, the variables that it sees beside the usual ones, and its time limit in seconds."""

    arguments: Sequence[str]
    folder: Path
    variables: Mapping[str, str]
    timeout: float = 1200.0
    accept: tuple[int, ...] = (0,)

    def run(self) -> Run:
        """Run it to its end. Raise BenchError with its last words when it fails or takes too long."""
        load = os.getloadavg()[0]
        with tempfile.TemporaryFile() as said:
            start = time.perf_counter()
            process = subprocess.Popen(
                list(self.arguments),
                cwd=self.folder,
                env={**_surroundings(), **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            late = threading.Timer(self.timeout, _kill, args=(process.pid,))
            late.start()
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:
                _kill(process.pid)
                raise
            finally:
                late.cancel()
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            output = said.read().decode(errors="replace")
        if process.returncode not in self.accept:
            words = "\n".join(output.strip().splitlines()[-25:])
            raise BenchError(f"exit code {process.returncode} after {seconds:.0f} s: {self.arguments[0]}\n{words}")
        return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss, load, output)


def _surroundings() -> dict[str, str]:
    """Return the part of our own environment that programs get: nothing in it changes how a peer behaves."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "USER", "LOGNAME", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
