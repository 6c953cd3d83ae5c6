"""The units that are started at boot on a host, and which files define them.

In: nothing. Out: plain data. A part of the program that says what a host has (`host_state`).
"""

from __future__ import annotations

import re
from pathlib import Path

from opspact.onhost.host_files import run_program
from opspact.onhost.package_files import content_of

UNITS = Path("/etc/systemd/system")
TYPES = ("service", "timer", "socket", "path")
STARTED = re.compile(r"^\s*Exec\w*\s*=\s*[-@:+!|]*(/[^\s\"';]+)", re.MULTILINE)


def enabled_units() -> list[str]:
    """Return the units that are enabled, instances of templates too."""
    words = ("--state=enabled", f"--type={','.join(TYPES)}", "--no-legend", "--no-pager", "--plain")
    listed = [line.split()[0] for line in run_program("systemctl", "list-unit-files", *words).splitlines() if line]
    links = [path.name for path in UNITS.glob("*.wants/*@?*.*")]
    found = [name for name in (*listed, *links) if "@." not in name and name.rpartition(".")[2] in TYPES]
    return sorted(set(found))


def unit_states() -> list[dict[str, str]]:
    """Return the enabled units: for each its name (`Id`), the file that defines it, and whether it is active."""
    names = enabled_units()
    if not names:
        return []
    properties = ("--property=Id", "--property=FragmentPath", "--property=ActiveState")
    blocks = run_program("systemctl", "show", *properties, "--", *names).split("\n\n")
    found = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return [each for each in found if each.get("Id")]


def base_name(unit: str) -> str:
    """Given a unit's name, return what a timer and its service have in common."""
    return unit.rpartition(".")[0].partition("@")[0]


def own_definitions() -> dict[str, str]:
    """Return the files in /etc that define units, their drop-ins and the programs that they start: by path, the unit.

    Links are those of enabled units, and no definitions.
    """
    found: dict[str, str] = {}
    for path in sorted([*UNITS.glob("*.*"), *UNITS.glob("*.d/*.conf")]):
        unit = path.parent.name[:-2] if path.suffix == ".conf" else path.name
        if unit.rpartition(".")[2] not in TYPES or path.is_symlink():
            continue
        data = content_of(str(path))
        if data is not None:
            found[str(path)] = unit
            for program in STARTED.findall(data.decode("utf-8", "replace")):
                if program.startswith("/usr/local/"):
                    found.setdefault(program, unit)
    return found
