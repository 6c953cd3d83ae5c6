"""Checks of systemd's units: failed ones, a named one, services that restart in a loop.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from opspact.onhost.check import SHOWN, Item, Result, result_of, run
from opspact.onhost.history import History

LOOPING = 3  # automatic restarts, from which on a service that began a short time ago is in a loop
LOOP_IS_RECENT = 900  # seconds since its last start


def restart_loops() -> dict[str, int]:
    """Return the services that systemd restarts again and again, each with how often it did.

    A restart by hand sets the count to 0. Between two of its crashes such a service is active like any other.
    """
    asked = ("Id", "SubState", "NRestarts", "ExecMainStartTimestampMonotonic")
    shown = run("systemctl", "show", "--no-pager", f"--property={','.join(asked)}", "--", "*.service")
    found = {}
    for block in shown.split("\n\n"):
        facts = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if is_restart_loop(facts):
            found[facts.get("Id", "")] = int(facts.get("NRestarts") or 0)
    return found


def is_restart_loop(facts: dict[str, str]) -> bool:
    """Whether what systemctl shows of a service says that it starts, ends and is started again by systemd."""
    restarts = int(facts.get("NRestarts") or 0)
    since = time.clock_gettime(time.CLOCK_MONOTONIC) - int(facts.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    is_waiting = facts.get("SubState", "").startswith("auto-restart")
    return (is_waiting and restarts > 0) or (restarts >= LOOPING and since < LOOP_IS_RECENT)


def units(item: Item, _: History) -> Iterator[Result]:
    """Yield how many units have failed or are restarted in a loop, with their names."""
    lines = run("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager", "--full")
    failed = [line.split()[0] for line in lines.splitlines() if line.strip()]
    looping = restart_loops()
    count = len({*failed, *looping})
    state = "critical" if count > item.get("failed", 0) else "ok"
    text = f"Failed units: {', '.join(failed[:SHOWN])}." if failed else "No unit has failed."
    if looping:
        named = (f"{name} ({restarts} restarts)" for name, restarts in list(looping.items())[:SHOWN])
        text = f"{text if failed else ''} Restarted in a loop: {', '.join(named)}.".lstrip()
    yield result_of("units", state, text, value=count, unit="units", failed=item.get("failed", 0))


def unit(item: Item, _: History) -> Iterator[Result]:
    """Yield whether a unit is active, and does not only become so again and again."""
    asked = "LoadState,ActiveState,SubState,NRestarts,ExecMainStartTimestampMonotonic"
    shown = run("systemctl", "show", f"--property={asked}", "--", item["name"])
    facts = dict(line.split("=", 1) for line in shown.splitlines())
    words = f"{facts['ActiveState']} ({facts['SubState']})"
    words = "not on this host" if facts["LoadState"] == "not-found" else words
    words += f", restarted in a loop ({facts['NRestarts']} restarts)" if is_restart_loop(facts) else ""
    state = "ok" if facts["ActiveState"] == "active" and not is_restart_loop(facts) else "critical"
    yield result_of("unit", state, f"{item['name']} is {words}.", value=facts["ActiveState"], expected="active")


def services(item: Item, _: History) -> Iterator[Result]:
    """Yield which services this host has by the contract; what each of them needs is items of its own."""
    names = item["services"]
    text = f"Services of this host: {', '.join(names)}." if names else "This host has no service."
    yield result_of("services", "ok", text, value=len(names), unit="services")
