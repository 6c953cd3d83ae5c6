"""uutils coreutils and sudo-rs in place of GNU's coreutils and sudo, as Ubuntu 26.04 has them.

In: a running host of a release on whose shelf both lie (`recipe.RELEASE_SHELF`). Out: a host on which every caller gets
them: shells, units and what sudo starts alike, whatever their PATH.
"""

from labkit.machine import Machine
from labkit.shell import LabError

INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 rust-coreutils sudo-rs"
SECONDS = 120.0

# Python, as it moves away the programs that a shell would move them with. The diversions are written by hand: a hundred
# calls of dpkg-divert take half a minute.
REPLACE = """
from pathlib import Path

theirs, diversions = Path("/usr/lib/cargo/bin"), Path("/var/lib/dpkg/diversions")
for package, aside, folder in (("coreutils", "gnu{}", theirs / "coreutils"), ("sudo", "{}.ws", theirs)):
    for line in Path("/var/lib/dpkg/info", package + ".list").read_text().splitlines():
        path = Path(line)
        new, old = folder / path.name, path.parent / aside.format(path.name)
        if path.parent.name in ("bin", "sbin") and new.exists() and not old.exists():
            path.rename(old)
            path.symlink_to(new)
            with diversions.open("a") as file:
                print(path, old, ":", sep="\\n", file=file)
"""


def replace_programs(machine: Machine) -> None:
    """Given a running host, have uutils and sudo-rs there under the names that GNU's and sudo's programs had.

    Those are beside them: `gnustat`, `sudo.ws`. Harmless when repeated. Raise `LabError` where that fails.
    """
    for command in (["sh", "-c", INSTALL], ["python3", "-c", REPLACE]):
        done = machine.inside(command, timeout=SECONDS)
        if done.rc != 0:
            raise LabError(f"{machine.host.name}: uutils and sudo-rs could not be installed: {done.err.strip()}")
