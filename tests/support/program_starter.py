"""Starts programs of Python, each in a process of its own, from one that has loaded what they import.

Comes in, a line of JSON on a connection: the file, its arguments, environment and folder; with it three descriptors for
its input, output and errors. Goes out: its exit status. It forks because Python and its libraries take longer to start
than what is tested takes to run.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

LOADED = "calendar contextlib errno fcntl http.client json pathlib re secrets socket subprocess typing urllib.request"


@cache
def _starter() -> Path:
    """Start the process that forks; it ends with this one. Return the folder of its socket."""
    folder = tempfile.TemporaryDirectory(prefix="ops-", dir="/tmp")
    command = [sys.executable, "-I", __file__, f"{folder.name}/socket"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    return Path(folder.name, "socket")


def run(
    command: Sequence[str], *, given: bytes = b"", environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[bytes]":
    """Run `FILE ARGUMENT...` as `python -I` would, to its end."""
    asked = {"command": list(command), "environment": dict(environment), "folder": str(Path.cwd())}
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        stdin.write(given)
        stdin.seek(0)
        connection.settimeout(60)
        connection.connect(str(_starter()))
        socket.send_fds(connection, [b"!"], [stdin.fileno(), stdout.fileno(), stderr.fileno()])
        connection.sendall(json.dumps(asked).encode() + b"\n")
        status = int(connection.makefile().read())
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(command, status, stdout.read(), stderr.read())


@cache
def _compiled(name: str, source: bytes) -> CodeType:
    return compile(source, name, "exec")


def _wait_for_child(connection: socket.socket, descriptors: Sequence[int]) -> None:
    """Fork once more; return in the child alone, and tell whoever asked how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}".encode())
        os._exit(0)
    connection.close()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _serve(path: str) -> tuple[dict[str, Any], CodeType] | None:
    """Fork for each connection until standard input ends; return in a fork what it is to run."""
    for name in LOADED.split():
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:
            connection = server.accept()[0]
            _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
            with connection.makefile() as lines:
                asked = json.loads(lines.readline())
            program = Path(asked["command"][0])
            code = _compiled(program.name, program.read_bytes())
            if os.fork() == 0:
                server.close()
                _wait_for_child(connection, descriptors)
                return asked, code
            connection.close()
            for descriptor in descriptors:
                os.close(descriptor)
    return None


def main() -> None:
    """Serve; in a fork, be the program that was asked for."""
    given = _serve(sys.argv[1])
    if given:
        asked, code = given
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = asked["command"]
        sys.modules["__main__"] = module = ModuleType("__main__")
        module.__file__ = sys.argv[0]
        exec(code, vars(module))


if __name__ == "__main__":
    main()
