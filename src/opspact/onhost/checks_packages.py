"""Checks of packages: updates that wait, and restarts that are due after those that were made.

Comes in: an item, what earlier runs saw. Goes out: results. Part of the program `inspection`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from opspact.onhost.check import SHOWN, WORST_LAST, CannotCheck, Item, Result, judge, result_of, run
from opspact.onhost.history import History

A_DAY = 86400
KINDS = ("security", "other")
WORDS = {"security": "a security update", "other": "another update"}
LISTS = "/var/lib/apt/lists"
STAMP = "/var/lib/apt/periodic/update-success-stamp"
"""Where there is no such file: apt changes the folder of the lists, or the one in it, when a source gave something new.
`apt-get update` ends with 0 though no source answered, and changes neither then."""
INSTALLED = "/var/lib/dpkg/status"
UPGRADE = ("apt-get", "--simulate", "--option=Debug::NoLocking=1", "-qq", "dist-upgrade")
UPDATE = re.compile(r"^Inst (\S+) \[[^]]*\] \(\S+ ([^\[)]*)", re.MULTILINE)
NEEDRESTART = ("needrestart", "-b", "-r", "l", "-k", "-l")
NO_UPGRADE, SAME_ABI, NEWER = "1", "2", "3"  # NEEDRESTART-KSTA; 0: it could not find out
SLOW = 120.0  # seconds for a look at all packages or all processes


def judge_since(result: Result, history: History, limits: Item) -> Result:
    """Given the result of something that waits (value 0: it does not), return it judged by for how long it does so.

    `since` is when a run first saw it; it holds until a run sees it gone.
    """
    if not result["value"]:
        return {**result, "since": None}
    before = history.last(result["item"], "", "since").get("since")
    since = float(before) if isinstance(before, (int, float)) else time.time()
    seconds, verdict = time.time() - since, result["verdict"]
    if seconds >= limits.get("warn_after", seconds + 1):
        verdict = max(verdict, "warning", key=WORST_LAST.index)
    if seconds >= limits.get("critical_after", seconds + 1):
        verdict = "critical"
    words = f" This has been so for {seconds / A_DAY:.1f} days." if seconds >= A_DAY / 10 else ""
    return {**result, "verdict": verdict, "message": result["message"] + words, "since": round(since)}


def reboot(item: Item, history: History) -> Iterator[Result]:
    """Yield whether a newer kernel waits for a reboot, and which services still use libraries that were replaced."""
    limits = {name: item[name] for name in ("warn_after", "critical_after") if item.get(name) is not None}
    facts = [line.partition(": ")[::2] for line in run(*NEEDRESTART, patience=SLOW).splitlines()]
    yield judge_since(kernel_result(dict(facts), limits), history, limits)
    services = sorted({value for name, value in facts if name == "NEEDRESTART-SVC"})
    text = f"Services that use replaced libraries: {', '.join(services[:SHOWN])}."
    text = text if services else "No service uses a replaced library."
    result = result_of("restart", "ok", text, value=len(services), unit="services", **limits)
    yield judge_since(result, history, limits)


def kernel_result(facts: dict[str, str], limits: Item) -> Result:
    """Given what needrestart says of the kernel, return the result. Raise CannotCheck when it could not find out."""
    container = container_kind()
    if container:
        text = f"This host is a container ({container}): its kernel is that of the machine which runs it."
        return result_of("reboot", "ok", text, value=False, **limits)
    state, running = facts.get("NEEDRESTART-KSTA", "").strip(), facts.get("NEEDRESTART-KCUR", "")
    if state == NO_UPGRADE:
        return result_of("reboot", "ok", f"The newest kernel is running: {running}.", value=False, **limits)
    if state in {SAME_ABI, NEWER}:
        newer = facts.get("NEEDRESTART-KEXP", "")
        text = f"A reboot is pending: kernel {newer} is installed, {running} is running."
        return result_of("reboot", "ok", text, value=True, **limits)
    raise CannotCheck("needrestart could not find out which kernel is the newest")


def container_kind() -> str:
    """Return what kind of container this host is; nothing if it is none."""
    try:
        return run("systemd-detect-virt", "--container").strip()
    except CannotCheck as error:
        if error.status == 1 and "none" in str(error):
            return ""
        raise


def updates(item: Item, history: History) -> Iterator[Result]:
    """Yield how many updates wait, those of security apart. Lists that are too old say nothing."""
    lists = Path(item.get("lists", LISTS))
    age = time.time() - max(path.stat().st_mtime for path in (lists, lists / "partial", Path(STAMP)) if path.exists())
    if age > item["lists_within"]:
        raise CannotCheck(f"the package lists were last updated {age / A_DAY:.1f} days ago")
    files = [Path(INSTALLED), *sorted(path for path in lists.iterdir() if path.is_file() and path.name != "lock")]
    stamp = f"{len(files)} {sum(path.stat().st_mtime_ns for path in files)}"
    earlier = history.last("security_updates", "", "stamp")
    is_same = earlier.get("stamp") == stamp
    names = earlier["packages"] if is_same else available_updates(run(*UPGRADE, patience=SLOW))
    security, other = (updates_result(kind, names[kind], item, history=history) for kind in KINDS)
    yield {**security, "stamp": stamp, "packages": names}
    yield other


def updates_result(kind: str, names: list[str], item: Item, *, history: History) -> Result:
    """Given the packages that can be updated, return the result of one kind of updates."""
    limits, count = item.get(kind) or {}, len(names)
    text = f"{count} {'package has' if count == 1 else 'packages have'} {WORDS[kind]}"
    shown = f": {', '.join(names[:SHOWN])}." if names else "."
    result = judge(f"{kind}_updates", text + shown, value=count, unit="packages", limits=limits)
    return judge_since(result, history, limits)


def available_updates(shown: str) -> dict[str, list[str]]:
    """Given what apt-get would do, return the packages that it would update, by kind."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for name, origins in UPDATE.findall(shown):
        found["security" if "security" in origins.lower() else "other"].append(name)
    return found
