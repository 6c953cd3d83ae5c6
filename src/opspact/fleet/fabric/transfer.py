"""fabric's put and get over a command on the host: streamed, compared in size, whole or not at all.

Comes in: paths and file objects, as fabric's Transfer reads them. Goes out: files; OSError with what the host said.
What fabric asks of SFTP is answered here by the same names; SFTP itself is not used: a bastion may not pass it on.
"""

import errno
import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from fabric.transfer import Result, Transfer

from opspact.fleet.fabric.command_shell import CommandSettings, HostCommand
from opspact.fleet.failures import quoted
from opspact.fleet.shell_words import word
from opspact.model import names

_CHUNK = 1024 * 1024
_SYSTEM_ERRORS = {
    b"No such file or directory": errno.ENOENT,
    b"Permission denied": errno.EACCES,
    b"Is a directory": errno.EISDIR,
    b"Not a directory": errno.ENOTDIR,
    b"No space left on device": errno.ENOSPC,
    b"Read-only file system": errno.EROFS,
}
_HEAD = re.compile(rb"([0-9a-f]+) (\d+)\n")


class HostStat:
    """What is known of a file on the host, by the name that SFTP has for it."""

    def __init__(self, mode: int) -> None:
        self.st_mode = mode


class HostFiles:
    """What fabric's Transfer asks of SFTP, over commands of a connection."""

    def __init__(self, connection: Any) -> None:
        self.keeps_mode = True
        """Whether a file that is sent gets the mode of the one that it comes from."""
        self._connection = connection
        self._fetched: dict[str, int] = {}

    def _no_directory(self) -> None:
        """Return None: paths begin where the login does."""

    def _absolute(self, path: str) -> str:
        """Given `.`, return where the login begins."""
        output, _ = self._ask(f"cd {word(path)} && pwd", path)
        return output.decode("utf-8", "surrogateescape").removesuffix("\n")

    def stat(self, path: str) -> HostStat:
        """Given a path, return what it is. Raise OSError when it is nothing."""
        if path in self._fetched:
            return HostStat(self._fetched[path])
        output, _ = self._ask(f"stat -L -c %f -- {word(path)}", path)
        return HostStat(int(output, 16))

    def chmod(self, path: str, mode: int) -> None:
        """Do nothing: a file is sent with its mode."""

    def put(self, localpath: str, remotepath: str) -> None:
        """Given a file here, write it there."""
        with Path(localpath).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode) if self.keeps_mode else None
            self._send(file, remotepath, mode)

    def _put_object(self, fl: IO[Any], remotepath: str) -> None:
        """Given an object with a file's content, write it there."""
        self._send(fl, remotepath, None)

    def _send(self, file: IO[Any], path: str, mode: int | None) -> None:
        """Write beside the file, compare the size, then rename it over it; its mode stays where none is given."""
        size = sum(map(len, _parts(file)))
        file.seek(0)
        folder = posixpath.dirname(path) or "."
        set_mode = f"chmod {mode:o} --" if mode is not None else 'chmod "$mode" --'
        script = (
            f"path=$(readlink -f -- {word(path)}) || {{ ls -d -- {word(folder)}/ >/dev/null; exit 1; }}\n"
            'if [ -d "$path" ]; then echo "Is a directory" >&2; exit 1; fi\n'
            'if [ -e "$path" ]; then mode=$(stat -c %a -- "$path"); else mode="=rw"; fi || exit\n'
            f'new=$(mktemp -- "${{path%/*}}/{names.TEMPORARY}") || exit\n'
            "trap 'rm -f -- \"$new\"' EXIT\n"
            'cat >"$new" || exit\n'
            f'[ "$(wc -c <"$new")" -eq {size} ] || {{ echo "not all of it arrived" >&2; exit 1; }}\n'
            f'{set_mode} "$new" && sync -- "$new" && mv -fT -- "$new" "$path" && trap - EXIT'
        )
        running = self._start_script(script)
        try:
            for part in _parts(file):
                running.write(part)
            running.close_input()
            self._rest(running, path)
        finally:
            running.end()

    def get(self, remotepath: str, localpath: str) -> None:
        """Given a file there, write it here: beside the file, then renamed over it, with its mode."""
        target = Path(localpath).resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "write a slash behind a directory", localpath)
        with (
            ExitStack() as unfinished,
            NamedTemporaryFile(dir=target.parent, prefix=names.TEMPORARY.rstrip("X"), delete=False) as file,
        ):
            new = Path(file.name)
            unfinished.callback(new.unlink, missing_ok=True)
            self._get_object(remotepath, file.file)
            file.flush()
            new.chmod(self._mode_here(remotepath, target))
            new.replace(target)

    def _mode_here(self, path: str, target: Path) -> int:
        """Return the mode of a file that was fetched: that of the one on the host, or of the one that was here."""
        if self.keeps_mode:
            return stat.S_IMODE(self._fetched[path])
        return stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()

    def _get_object(self, remotepath: str, fl: IO[Any]) -> None:
        """Given a file there, write its content into an object."""
        path = word(remotepath)
        script = (
            f"said=$(stat -L -c '%f %s' -- {path}) && echo \"$said\" || exit\n"
            f'size=${{said#* }}; if [ "$size" = 0 ]; then exec cat -- {path}; else exec head -c "$size" -- {path}; fi'
        )
        running = self._start_script(script)
        try:
            running.close_input()
            self._receive(running, remotepath, fl)
        finally:
            running.end()

    getcwd, normalize, putfo, getfo = _no_directory, _absolute, _put_object, _get_object
    """Names of SFTP."""

    def _receive(self, running: HostCommand, path: str, file: IO[Any]) -> None:
        data = b""
        while b"\n" not in data and (more := running.read_output(_CHUNK)):
            data += more
        if not (head := _HEAD.match(data)):
            self._rest(running, path)
            raise OSError(errno.EIO, f"{self._connection.name}: its size is unknown", path)
        mode, size = int(head[1], 16), int(head[2])
        if not stat.S_ISREG(mode):
            raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL, "not a regular file", path)
        data, received = data[head.end() :], 0
        while data or (data := running.read_output(_CHUNK)):
            received += len(data)
            file.write(data)
            data = b""
        self._rest(running, path)
        if received != size:
            raise OSError(errno.EIO, f"{self._connection.name}: {received} bytes came, the file has {size}", path)
        self._fetched[path] = mode

    def _ask(self, command: str, path: str) -> tuple[bytes, bytes]:
        running = self._start_script(command)
        try:
            running.close_input()
            return self._rest(running, path)
        finally:
            running.end()

    def _start_script(self, script: str) -> HostCommand:
        """Begin a script of ours: in sh, whatever the login's shell is, which quotes in other ways."""
        start: Callable[[str, CommandSettings], HostCommand] = self._connection.start
        limit = self._connection.time_limit(None)
        return start(script, CommandSettings({"LC_ALL": "C.UTF-8"}, limit=limit, in_sh=True))

    def _rest(self, running: HostCommand, path: str) -> tuple[bytes, bytes]:
        """Wait for the end; return the output and the error output. Raise OSError when the command failed."""
        errors = _all(running.read_errors)
        output = _all(running.read_output)
        status = running.exit_status()
        if status is None:
            raise TimeoutError(errno.ETIMEDOUT, f"{self._connection.name}: the time limit is reached", path)
        if status != 0:
            found = next((number for words, number in _SYSTEM_ERRORS.items() if words in errors), errno.EIO)
            said = quoted(errors) or f"exit status {status}"
            raise OSError(found, f"{self._connection.name}: {said}", path)
        return output, errors


def _parts(file: IO[Any]) -> Iterator[bytes]:
    """Yield the content of an object from where it is; text as UTF-8."""
    while part := file.read(_CHUNK):
        yield part.encode() if isinstance(part, str) else part


def _all(read: Callable[[int], bytes]) -> bytes:
    return b"".join(iter(lambda: read(_CHUNK), b""))


def _umask() -> int:
    """Return the mask of this process; asking the kernel by `umask` would set it for a moment."""
    return int(Path("/proc/self/status").read_text(encoding="ascii").partition("\nUmask:")[2].split()[0], 8)


class HostTransfer(Transfer):  # type: ignore[misc]  # fabric has no types
    """fabric's Transfer, which decides on names, over our files."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._files = HostFiles(connection)

    @property
    def sftp(self) -> HostFiles:
        """What is asked for files."""
        return self._files

    def put(self, local: Any, remote: str | None = None, preserve_mode: bool = True) -> Result:
        """Send a file; its mode is set before it is there."""
        self._files.keeps_mode = preserve_mode
        return super().put(local, remote, preserve_mode)

    def get(self, remote: str, local: Any = None, preserve_mode: bool = True) -> Result:
        """Fetch a file; its mode is set before it is here."""
        self._files.keeps_mode = preserve_mode
        return super().get(remote, local, preserve_mode)
