"""What only some operating systems have is named in the modules of its family, and nowhere else in `src`."""

import re
from pathlib import Path

import pytest
from sources import MODULES, SOURCES, broken, parsed, shown, strings

from opspact.steps.operating_system import FAMILIES

DEBIAN = {"steps/apt.py", "steps/configuration_test.py", "onhost/checks_packages.py"} | {
    f"onhost/{name}.py" for name in ("chosen_packages", "configuration_files", "package_files")
}
SYSTEMD = {"steps/systemd.py"} | {
    f"onhost/{name}.py"
    for name in ("account_processes", "change_guard", "checks_units", "emergency_access", "host_units", "saved_units")
}
"""Programs on hosts import nothing of ours, and are started by systemd's timers."""

COMMANDS_OF_PEOPLE = (
    "analyse/shell/",
    "analyse/destructive_actions",
    "analyse/examples/",
    "runbook/dry_run_limits",
    "schema/",
)
"""Reads or shows commands that people write, whatever systems these are for."""


def naming(pattern: str) -> dict[str, object]:
    """The modules with a text in which a program is named, by name."""

    def named(path: Path) -> object:
        return [text for text in strings(parsed(path)) if re.search(pattern, text)]

    return broken(named, [path for path in MODULES if not shown(path).startswith(COMMANDS_OF_PEOPLE)])


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"\b(apt|apt-get|apt-cache|dpkg)\b|dpkg-(query|dist)", DEBIAN),
        (r"\bsystemctl\b|systemd_service|daemon-reload", SYSTEMD | {"compile/loop.py"}),
    ],
)
def test_a_family_s_programs_are_named_in_its_own_modules(pattern: str, allowed: set[str]) -> None:
    assert naming(pattern).keys() == {f"src/opspact/{name}" for name in allowed}


def test_every_family_is_a_module_for_each_interface() -> None:
    for system in FAMILIES.values():
        for module in (system.packages, system.services):
            assert Path(getattr(module, "__file__", "")).parent == SOURCES / "steps"
