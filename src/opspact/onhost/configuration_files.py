"""What services of a host are made of: packages that somebody chose, enabled units, changed and added configuration.

In: nothing. Out: plain data, each thing with the service that it belongs to (`service`: a package's name, or the stem
of a unit's). A part of the program that says what a host has (`host_state`).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.chosen_packages import Packages, marked_packages
from opspact.onhost.host_units import base_name, own_definitions, unit_states
from opspact.onhost.package_files import (
    conffiles_of,
    content_of,
    has_changed,
    merged,
    package_records,
    paths_of_packages,
    registered_files,
)
from opspact.onhost.sudo_rules import ETC

SETTINGS = "settings"
"""The service of files that belong to no package alone."""
SHARED = {
    *("alternatives", "apt", "bash_completion.d", "ca-certificates", "default", "dpkg", "init", "init.d", "kernel"),
    *("ld.so.conf.d", "logrotate.d", "modprobe.d", "pam.d", "profile.d", "security", "skel", "ssh", "ssl", "sudoers.d"),
    *("sysctl.d", "systemd", "terminfo", "tmpfiles.d", "udev", "update-motd.d", "xdg", "X11"),
}
"""Folders of /etc into which many packages put files."""
DROP_INS = (
    *("apt/apt.conf.d/*", "apt/preferences.d/*", "apt/sources.list.d/*", "logrotate.d/*", "modules-load.d/*.conf"),
    *("profile.d/*.sh", "security/limits.d/*.conf", "ssh/sshd_config.d/*.conf", "sysctl.d/*.conf", "tmpfiles.d/*.conf"),
)
"""Where people put files of their own in such folders."""
ELSEWHERE = re.compile(
    r"cron\.|sudoers|systemd/system/|machine-id|resolv\.conf"
)  # read by other areas, or each host's own
LEFT_OVER = re.compile(r".*(?:~|\.(?:dpkg|ucf)-\w+|\.(?:bak|orig|old|save|swp))|\..*")
KEYS = re.compile(r".*\.(?:crt|csr|key|p12|pem|pfx)")
GENERATED = re.compile(r"(?i)do not (?:edit|change|modify)|(?:auto-?(?:matically )?)generated")
MOST_HEAD = 600  # characters in which a file says that a program writes it
LARGEST = 131072  # bytes of a file
MOST_FILES = 400
ROOT = 0  # the number of the account whose files are read
OURS = "opspact"


def services() -> dict[str, object]:
    """Return packages, units and files."""
    records = package_records()
    packages = Packages(records, marked_packages())
    owners = paths_of_packages()
    definitions = {path: unit for path, unit in own_definitions().items() if path not in owners}
    units = list(units_of(packages, owners))
    by_unit = {str(unit["name"]): str(unit["service"]) for unit in units}
    found = {path: by_unit.get(unit, base_name(unit)) for path, unit in definitions.items() if OURS not in unit}
    found.update(changed_files(records, packages))
    found.update(added_files(packages, owners))
    files = [file_at(path, service) for path, service in sorted(found.items())[:MOST_FILES]]
    if len(found) > MOST_FILES:
        files.append(refused_file("", SETTINGS, f"{len(found) - MOST_FILES} more files are not as they came"))
    return {
        "packages": [name for name in packages.chosen if not name.startswith(OURS)],
        "units": units,
        "files": [each for each in files if each],
    }


def units_of(packages: Packages, owners: dict[str, str]) -> Iterator[dict[str, object]]:
    """Yield the enabled units that packages beyond the base define, and those of people."""
    for each in unit_states():
        name, path = each["Id"], each.get("FragmentPath", "")
        owner = owners.get(merged(path), "")
        if name.startswith(OURS) or (not owner and not path.startswith(f"{ETC}/")):
            continue
        if owner and packages.is_base(owner):
            continue
        service = packages.chosen_for(owner) if owner else base_name(name)
        yield {"name": name, "service": service, "is_running": each.get("ActiveState") == "active"}


def changed_files(records: list[dict[str, str]], packages: Packages) -> Iterator[tuple[str, str]]:
    """Yield the configuration files that are not as their packages bring them, each with its service."""
    for path, (package, md5) in {**registered_files(), **conffiles_of(records)}.items():
        is_read = path.startswith(f"{ETC}/") and not ELSEWHERE.match(path[len(ETC) + 1 :])
        if is_read and package in packages.records and os.path.lexists(path) and has_changed(path, md5):
            yield path, packages.chosen_for(package)


def added_files(packages: Packages, owners: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield files that no package brings, in folders of packages beyond the base, and in those for files of people."""
    known = registered_files()
    folders: dict[str, set[str]] = {}
    for path, owner in owners.items():
        first, _, rest = path[len(ETC) + 1 :].partition("/")
        if rest and path.startswith(f"{ETC}/") and owner in packages.records:
            folders.setdefault(first, set()).add(owner)
    for name, having in sorted(folders.items()):
        if name not in SHARED and not ELSEWHERE.match(name) and not any(map(packages.is_base, having)):
            service = packages.chosen_for(min(having, key=lambda each: (len(each), each)))
            for path in files_below(f"{ETC}/{name}"):
                if path not in owners and path not in known:
                    yield path, service
    for pattern in DROP_INS:
        for path in sorted(map(str, Path(ETC).glob(pattern))):
            if path not in owners and path not in known and OURS not in path:
                yield path, SETTINGS


def files_below(folder: str) -> Iterator[str]:
    """Yield the files and links below a folder; no link to a folder is followed."""
    for parent, inner, names in os.walk(folder):
        links = (name for name in inner if Path(parent, name).is_symlink())
        yield from (f"{parent}/{name}" for name in (*names, *links))


def refused_file(path: str, service: str, why: str) -> dict[str, object]:
    """Return a file that is not sent, with the reason."""
    return {"path": path, "service": service, "owner": "", "group": "", "mode": "", "link": "", "text": "", "why": why}


def file_at(name: str, service: str) -> dict[str, object] | None:
    """Given a path, return what is there; None: nothing that a policy is asked for."""
    path = Path(name)
    if LEFT_OVER.fullmatch(path.name) or not os.path.lexists(path):
        return None
    seen = path.lstat()
    if stat.S_ISLNK(seen.st_mode):
        return {**refused_file(name, service, ""), "link": str(path.readlink())}
    if not stat.S_ISREG(seen.st_mode):
        return None
    why = reason_not_read(name, seen)
    data = b"" if why else content_of(name) or b""
    text = data.decode("utf-8", "replace")
    if why := why or reason_not_adopted(data, text):
        return refused_file(name, service, why)
    found = {"owner": path.owner(), "group": path.group(), "mode": f"{stat.S_IMODE(seen.st_mode):04o}", "text": text}
    return {**refused_file(name, service, ""), **found}


def reason_not_read(name: str, seen: os.stat_result) -> str:
    """Given a file and what is known of it, return why it is not read; empty: it is."""
    if KEYS.fullmatch(name):
        return "it is a certificate or a key"
    if not seen.st_mode & stat.S_IROTH:
        return "not everybody may read it: a secret may be in it"
    if seen.st_uid != ROOT:
        return "it does not belong to root: a program may write it"
    return f"it is larger than {LARGEST // 1024} KiB" if seen.st_size > LARGEST else ""


def reason_not_adopted(data: bytes, text: str) -> str:
    """Given what is in a file, return why no policy is asked for it; empty: one is."""
    if text.encode() != data or "\0" in text:
        return "it is no text"
    return "a program writes it: it says so itself" if GENERATED.search(text[:MOST_HEAD]) else ""
