"""This machine with uutils in place of GNU's coreutils, for one command and all that it starts.

In: the lab's image, on whose shelf uutils is. Out: a folder of programs that a command finds in /usr/bin, however it
calls them, and a record of what was called.
"""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from command_strings import Call, plain
from labkit import base, recipe

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_PACKAGED = "var/lib/dpkg/info/coreutils.list"
_INSTEAD = 'for file in "$0"/*; do mount --bind "$file" "/usr/bin/${file##*/}" || exit 99; done; exec "$@"'

# Each writes down itself and what started it. The loader is named, as this machine's own may be too old for them.
_PROGRAM = """\
#!/bin/sh
{{ printf '%s\\n' "{name} $*"; {run} cat "/proc/$PPID/cmdline"; }} >{record}/{name}.$$ 2>/dev/null
exec {run} {name} "$@"
"""


class OtherCoreutils:
    """The programs, in a folder of their own that every account can read."""

    def __init__(self, folder: Path) -> None:
        self._programs, self._libraries, self._record = (folder / part for part in ("bin", "lib", "record"))
        image = base.build("trixie")
        self._unpack(image, folder / "unpacked")
        self._record.mkdir(mode=0o777)
        self._record.chmod(0o1777)
        self._programs.mkdir()
        run = f"{self._libraries}/ld.so --library-path {self._libraries} {self._libraries}/coreutils"
        theirs = {Path(line).name for line in (image / _PACKAGED).read_text().splitlines() if "/bin/" in line}
        self.names = {name for name in theirs if Path("/usr/bin", name).exists()}
        for name in self.names:
            file = self._programs / name
            file.write_text(_PROGRAM.format(name=name, run=run, record=self._record))
            file.chmod(0o755)

    def _unpack(self, image: Path, folder: Path) -> None:
        (package,) = (image / recipe.SHELF_FOLDER.lstrip("/")).glob("rust-coreutils_*.deb")
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        self._libraries.mkdir()
        shutil.copy(folder / "usr/bin/coreutils", self._libraries)
        shutil.copy(image / "usr/lib64/ld-linux-x86-64.so.2", self._libraries / "ld.so")
        for name in ("libc.so.6", "libgcc_s.so.1", "libselinux.so.1", "libpcre2-8.so.0"):
            shutil.copy(image / _LIBRARIES / name, self._libraries)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        """Run a command that has them in place of this machine's, in a view of its own of the file system."""
        return subprocess.run(
            ["unshare", "--mount", "/bin/sh", "-c", _INSTEAD, str(self._programs), *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def calls(self) -> frozenset[Call]:
        """Return what was called."""
        found = set()
        for file in self._record.iterdir():
            line, _, shell = file.read_bytes().decode("utf-8", "replace").partition("\n")
            found.add(Call(file.name.rpartition(".")[0], plain(line), plain(shell.replace("\0", " "))))
        return frozenset(found)
