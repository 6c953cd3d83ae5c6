"""Units of systemd as they are, saved and brought back: whether they start at boot, whether they run.

In: names of units. Out: entries that JSON can hold; what could not be brought back. A part of programs that run on
hosts: python3, 3.9 or newer. Before their files are brought back, what ran or was enabled only since then ends; after
that, what ran reads its files again.
"""

from __future__ import annotations

import subprocess

from opspact.onhost.host_files import run_program

STARTED_AT_BOOT = frozenset({"enabled", "enabled-runtime"})
RUNNING = frozenset({"active", "activating", "reloading"})
PROPERTIES = ("LoadState", "ActiveState", "UnitFileState")


def save_units(names: list[str]) -> list[dict[str, str]]:
    """Return how units are. Raise OSError when systemd does not say."""
    return [unit_state(name) for name in names]


def unit_state(name: str) -> dict[str, str]:
    """Return how a unit is: `name`, `LoadState`, `ActiveState`, `UnitFileState`. Raise OSError."""
    said = run_program("systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", name)
    found = dict(line.partition("=")[::2] for line in said.splitlines() if "=" in line)
    if set(PROPERTIES) - set(found):
        raise OSError(0, f"systemd does not say how {name} is")
    return {"name": name, **{each: found[each] for each in PROPERTIES}}


def ask_systemd(problems: list[str], *command: str) -> None:
    """Have systemd do something; note what it complains of."""
    try:
        run_program("systemctl", *command)
    except (OSError, subprocess.SubprocessError) as error:
        problems.append(str(getattr(error, "strerror", None) or error))


def end_new_units(saved: list[dict[str, str]], *, booting: bool) -> list[str]:
    """End what did not run and was not enabled before; return problems.

    `booting`: nothing runs yet, and what waits for its start need not be waited for.
    """
    problems: list[str] = []
    for before in saved:
        name = before["name"]
        try:
            now = unit_state(name)
        except OSError as error:
            problems.append(str(error.strerror or error))
            continue
        was_enabled = before["UnitFileState"] in STARTED_AT_BOOT
        if booting and not was_enabled:
            ask_systemd(problems, "--no-block", "stop", "--", name)
        elif not booting and before["ActiveState"] not in RUNNING and now["ActiveState"] in RUNNING:
            ask_systemd(problems, "stop", "--", name)
        if not was_enabled and now["UnitFileState"] in STARTED_AT_BOOT:
            ask_systemd(problems, "disable", "--", name)
    return problems


def restore_units(saved: list[dict[str, str]], *, booting: bool) -> list[str]:
    """Enable, mask and start what was so, and have what ran read its files; return problems."""
    problems: list[str] = []
    ask_systemd(problems, "daemon-reload")
    for before in saved:
        name = before["name"]
        try:
            now = unit_state(name)["UnitFileState"]
        except OSError as error:
            problems.append(str(error.strerror or error))
            continue
        wanted = before["UnitFileState"]
        if now.startswith("masked") and not wanted.startswith("masked"):
            ask_systemd(problems, "unmask", "--", name)
        if wanted in STARTED_AT_BOOT and now not in STARTED_AT_BOOT:
            ask_systemd(problems, "enable", "--", name)
        if wanted == "masked" and now != "masked":
            ask_systemd(problems, "mask", "--", name)
        if before["ActiveState"] in RUNNING and not booting:
            subprocess.run(["systemctl", "reset-failed", "--", name], capture_output=True, check=False)
            ask_systemd(problems, "reload-or-restart", "--", name)
    return problems
