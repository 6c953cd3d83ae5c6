"""Look at this host as one policy asks, and spool what was seen.

Comes in: `inspection.py CONFIG.json`, a file of `{"job", "items": [{"item": "disk", …}, …]}`.
Goes out: one result in the spool. Run by systemd as root, with the host's python3 (3.9 or newer) and nothing else.
Ends with 0 when it looked, whatever it saw (a full disk is a finding, not a failed inspection), with 1 when it could
not look or could not keep the result, with 75 when the same inspection is still running.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from opspact.onhost.check import SHOWN, WORST_LAST, CannotCheck, Item, Result, result_of, subject_of
from opspact.onhost.checks_disks import disk_health
from opspact.onhost.checks_mariadb import mariadb
from opspact.onhost.checks_network import http, tcp
from opspact.onhost.checks_packages import reboot, updates
from opspact.onhost.checks_ping import ping
from opspact.onhost.checks_postgresql import postgresql
from opspact.onhost.checks_snmp import snmp
from opspact.onhost.checks_system import disk, load, memory, process, swap
from opspact.onhost.checks_time import clock
from opspact.onhost.checks_units import services, unit, units
from opspact.onhost.database_growth import database_growth
from opspact.onhost.history import History
from opspact.onhost.levels import hold_level, predict
from opspact.onhost.spool import CannotRun, open_spool, read_configuration

Inspect = Callable[[Item, History], Iterator[Result]]
PLAIN = (
    disk,
    disk_health,
    memory,
    swap,
    load,
    process,
    units,
    unit,
    services,
    reboot,
    updates,
    postgresql,
    mariadb,
    database_growth,
    http,
    tcp,
    ping,
    snmp,
)
INSPECTIONS: dict[str, Inspect] = {"time": clock, **{inspect_.__name__: inspect_ for inspect_ in PLAIN}}
NETWORK = {"http", "tcp", "ping", "snmp"}
AT_ONCE = 32  # items that wait for answers over the network at the same time


def inspect_item(item: Item, history: History) -> list[Result]:
    """Given one item of the configuration, return what was seen of it; unknown when it cannot be looked at."""
    try:
        results = list(INSPECTIONS[str(item.get("item"))](item, history))
    except (CannotCheck, OSError, ValueError, LookupError, TypeError) as error:
        return unknown_result(
            item, str(error) if isinstance(error, CannotCheck) else f"{type(error).__name__}: {error}"
        )
    return [{"subject": subject_of(item), **result} for result in results]


def unknown_result(item: Item, reason: str) -> list[Result]:
    """Given an item that could not be looked at, and why, return what is said of it."""
    name, subject = str(item.get("item")), subject_of(item)
    message = f"{name} {subject} could not be checked: {reason}.".replace("  ", " ")
    return [{**result_of(name, "unknown", message), "subject": subject}]


def inspect_items(items: list[Item], history: History) -> list[Result]:
    """Return what was seen of the items, in order; those that wait for answers over the network are asked at once."""
    seen = [unknown_result(item, "its check ended with an error") for item in items]
    waiting = deque(index for index, item in enumerate(items) if item.get("item") in NETWORK)

    def ask() -> None:
        with contextlib.suppress(IndexError):  # none is left
            while True:
                index = waiting.popleft()
                seen[index] = inspect_item(items[index], history)

    threads = [threading.Thread(target=ask) for _ in range(min(AT_ONCE, len(waiting)))]
    for thread in threads:
        thread.start()
    for index, item in enumerate(items):
        if item.get("item") not in NETWORK:
            seen[index] = inspect_item(item, history)
    for thread in threads:
        thread.join()
    return [predict(hold_level(result, history), history) for results in seen for result in results]


def inspect(configuration: dict[str, Any], history: History) -> Result:
    """Look at every item and return what was seen; a wrong item never stops the others."""
    items = inspect_items(configuration["items"], history)
    verdict = max([item["verdict"] for item in items] or ["unknown"], key=WORST_LAST.index)
    bad = [item["message"] for item in items if item["verdict"] != "ok"]
    message = " ".join(bad[:SHOWN]) or ("1 item is ok." if len(items) == 1 else f"{len(items)} items are ok.")
    return {"outcome": "done", "verdict": verdict, "message": message, "items": items}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    if len(arguments) != 1:
        return 2, "usage: inspection.py CONFIG.json"
    try:
        configuration = read_configuration(arguments[0])
        with open_spool(configuration) as spool:
            result = spool.keep(inspect(configuration, History(spool.folder)))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"inspection: {error}"
    return 0, f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
