"""Faults made for real inside a host: a file system that is full.

In: a machine and a path on it. Out: a small file system over that path, really filled.
"""

from labkit.machine import Machine
from labkit.shell import LabError

FILLER = ".filled-by-the-lab"
BELOW = "/run/lab-below"

# The folder's own contents stay readable and writable in place; only growth is refused, as on a full disk.
FILL = f"""
set -eu
path="$1"
mkdir -p "$path"
size=$(( $(du -s --apparent-size -B1 "$path" | cut -f1) + $(find "$path" | wc -l) * 4096 + 65536 ))
staging=$(mktemp -d /run/lab-fill-XXXXXX)
mount -t tmpfs -o "size=$size,$(stat -c 'mode=%a,uid=%u,gid=%g' "$path")" tmpfs "$staging"
cp -a "$path/." "$staging/"
mount --bind "$staging" "$path"
umount "$staging"
rmdir "$staging"
cat /dev/zero >"$path/{FILLER}" 2>/dev/null || true
"""

UNFILL = f"""
set -eu
path="$1"
rm -f "$path/{FILLER}"
mkdir -p {BELOW}
mount --bind / {BELOW}
find "{BELOW}$path" -mindepth 1 -delete
cp -a "$path/." "{BELOW}$path/"
umount {BELOW}
rmdir {BELOW}
umount --lazy "$path"
"""


def fill(machine: Machine, path: str) -> None:
    """Given a folder on a running host, have a full file system there with the same contents.

    Raise `LabError` for a path that is not absolute, is filled already, or when the host refuses.
    """
    if not path.startswith("/") or path == "/":
        raise LabError(f"{path!r}: expected the absolute path of a directory other than /")
    if path in machine.host.filled:
        raise LabError(f"{machine.host.name}: {path} is already full")
    _inside(machine, FILL, path)
    machine.host.filled.append(path)


def unfill(machine: Machine) -> None:
    """Given a running host, take its full file systems away, the last first; what changed on them meanwhile stays."""
    while machine.host.filled:
        _inside(machine, UNFILL, machine.host.filled[-1])
        machine.host.filled.pop()


def _inside(machine: Machine, script: str, path: str) -> None:
    done = machine.inside(["sh", "-c", script, "sh", path])
    if done.rc != 0:
        raise LabError(f"{machine.host.name}: {path}: {done.err.strip()}")
