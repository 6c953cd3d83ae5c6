"""Checks of the system itself: disks, memory, swap, load, processes.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from opspact.onhost.check import PATIENCE, CannotCheck, Item, Result, judge, result_of
from opspact.onhost.history import History

COMM = 15  # characters of a process's name that the kernel keeps


def disk(item: Item, _: History) -> Iterator[Result]:
    """Yield how full a mounted file system is, in bytes and in inodes, and whether it can be written to.

    One whose server is gone, as of NFS, may never answer, and must not hold up the other items.
    """
    found: list[list[Result] | Exception] = []

    def ask() -> None:
        try:
            found.append(list(mount_results(item)))
        except (CannotCheck, OSError, ValueError, LookupError, TypeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not found:
        words = f"{item['mount']} did not answer within {PATIENCE:g} s, as when the server of a network mount is gone"
        raise CannotCheck(words)
    if isinstance(found[0], Exception):
        raise found[0]
    yield from found[0]


def mount_results(item: Item) -> Iterator[Result]:
    """Yield what `disk` is asked for."""
    mount = item["mount"]
    if not os.path.ismount(mount):
        raise CannotCheck(f"nothing is mounted on {mount}")
    system = os.statvfs(mount)
    used, free = (system.f_blocks - system.f_bfree) * system.f_frsize, system.f_bavail * system.f_frsize
    percent = round(100 * used / max(used + free, 1), 1)
    result = judge("disk", f"{mount} is {percent:g} % full.", value=percent, unit="%", limits=item)
    yield {**result, "used_bytes": used, "free_bytes": free}
    if system.f_files:
        used, free = system.f_files - system.f_ffree, system.f_favail
        percent = round(100 * used / system.f_files, 1)
        text = f"{mount} has used {percent:g} % of its inodes."
        result = judge("inodes", text, value=percent, unit="%", limits=item)
        yield {**result, "used_inodes": used, "free_inodes": free}
    if item.get("writable"):
        is_writable = "ro" not in mount_options(mount, Path("/proc/1/mountinfo").read_text(encoding="utf-8"))
        text = f"{mount} is mounted {'read-write' if is_writable else 'read-only'}."
        yield result_of("mount", "ok" if is_writable else "critical", text, value=is_writable, writable=True)


def mount_options(mount: str, mounts: str) -> set[str]:
    """Given a mount point and the mountinfo of the first process, return its options and its file system's.

    In the sandbox of this program every mount is read-only: its own mountinfo and statvfs say nothing of the host.
    """
    found = None
    for line in mounts.splitlines():
        words, _, system = line.partition(" - ")
        _, _, _, _, place, options, *_ = words.split(" ")
        if place.encode().decode("unicode_escape").encode("latin-1").decode() == mount:
            found = {*options.split(","), *system.rsplit(" ", 1)[-1].split(",")}
    if found is None:
        raise CannotCheck(f"the first process sees nothing mounted on {mount}")
    return found


def memory_sizes() -> dict[str, int]:
    """Return the kernel's figures of the memory, in KiB."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def memory(item: Item, _: History) -> Iterator[Result]:
    """Yield how much memory is not available, in percent of all."""
    sizes = memory_sizes()
    percent = round(100 * (1 - sizes["MemAvailable"] / sizes["MemTotal"]), 1)
    text = f"{percent:g} % of the memory is in use; {sizes['MemAvailable'] // 1024} MiB are available."
    yield judge("memory", text, value=percent, unit="%", limits=item)


def swap(item: Item, _: History) -> Iterator[Result]:
    """Yield how much of the swap space is in use, in percent of all; a host without any uses none."""
    sizes = memory_sizes()
    total, free = sizes["SwapTotal"], sizes["SwapFree"]
    percent = round(100 * (1 - free / total), 1) if total else 0.0
    text = f"{percent:g} % of the swap space is in use." if total else "This host has no swap space."
    yield judge("swap", text, value=percent, unit="%", limits=item)


def load(item: Item, _: History) -> Iterator[Result]:
    """Yield the five-minute load for each processor core."""
    cores = os.cpu_count() or 1
    value = round(os.getloadavg()[1] / cores, 2)
    text = f"The five-minute load average per core is {value:g} ({cores} cores)."
    yield judge("load", text, value=value, unit="per core", limits=item)


class Process(NamedTuple):
    """A process that runs: the names that it goes by, and its user's number."""

    names: frozenset[str]
    uid: int


@functools.cache
def live_processes() -> tuple[Process, ...]:
    """Return the other processes of this host, without zombies and the kernel's own threads."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and folder.name != str(os.getpid()):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                words = (folder / "cmdline").read_bytes().split(b"\0")
                comm = (folder / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
                program = words[0].decode("utf-8", "replace").rsplit("/", 1)[-1]
                found += [Process(frozenset((program, comm)), folder.stat().st_uid)] if words[0] else []
    return tuple(found)


def process(item: Item, _: History) -> Iterator[Result]:
    """Yield how many processes of a program run, by its name as `ps` shows it, and whether these are enough."""
    name, user, least, most = item["name"], item.get("user"), item.get("min", 1), item.get("max")
    wanted = {name, name[:COMM]}
    found = [each for each in live_processes() if each.names & wanted]
    if user:
        try:
            uid = pwd.getpwnam(user).pw_uid
        except KeyError as error:
            raise CannotCheck(f"there is no account {user}") from error
        found = [each for each in found if each.uid == uid]
    count = len(found)
    expected = f"at least {least}" if most is None else f"{least} to {most}"
    whose = f" of user {user}" if user else ""
    verdict = "critical" if count < least else "warning" if most is not None and count > most else "ok"
    text = f"{name}: {count} {'process' if count == 1 else 'processes'}{whose} found, expected {expected}."
    yield result_of("process", verdict, text, value=count, unit="processes", min=least, max=most)
