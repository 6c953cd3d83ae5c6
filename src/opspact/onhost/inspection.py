"""Look at this host as one policy asks, and spool what was seen.

Comes in: `inspection.py CONFIG.json`, a file of `{"job", "items": [{"item": "disk", …}, …]}`.
Goes out: one result in the spool. Run by systemd as root, with the host's python3 (3.9 or newer) and nothing else.
Ends with 0 when it looked, whatever it saw (a full disk is a finding, not a failed inspection), with 1 when it could
not look or could not keep the result, with 75 when the same inspection is still running.
"""

from __future__ import annotations

import calendar
import contextlib
import http.client as http_client
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from opspact.onhost.spool import CannotRun, kept_results, open_spool, read_configuration

Item = dict[str, Any]
Result = dict[str, Any]
WORST_LAST = ("ok", "warning", "unknown", "critical")
PATIENCE = 20.0  # seconds for a command that should answer at once
ENGLISH = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
SHOWN = 20  # items that are named in one message
LOOPING = 3  # automatic restarts, from which on a service that began a short time ago is in a loop
LOOP_IS_RECENT = 900  # seconds since its last start
NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
HISTORY = 14 * 86400  # seconds of earlier results that a forecast looks back on


class CannotCheck(CannotRun):
    """An item cannot be looked at, and becomes unknown; `status` is that of the command which failed."""


def run(*command: str) -> str:
    """Return the command's output, in plain English. Raise CannotCheck when it is not there, fails or does not end."""
    try:
        done = subprocess.run(
            command, cwd="/", env=ENGLISH, capture_output=True, errors="replace", check=False, timeout=PATIENCE
        )
    except FileNotFoundError as error:
        raise CannotCheck(f"the program {command[0]} is not on this host") from error
    except subprocess.TimeoutExpired as error:
        raise CannotCheck(f"{command[0]} did not answer within {PATIENCE:g} s") from error
    if done.returncode != 0:
        reason = " ".join((done.stderr or done.stdout or f"exit status {done.returncode}").split())
        raise CannotCheck(f"{command[0]}: {reason[:300].rstrip('.?')}", done.returncode)
    return done.stdout


def result_of(
    item: str, verdict: str, message: str, *, value: object = None, unit: str = "", **limits: object
) -> Result:
    """Return one item's result."""
    return {"item": item, "verdict": verdict, "value": value, "unit": unit, "message": message, "limits": limits}


def judge(item: str, message: str, *, value: float, unit: str, limits: Item) -> Result:
    """Given a value and `warn` and `critical` limits (either may be missing), return the item's result."""
    said = {name: limits[name] for name in ("warn", "critical", "full_within") if limits.get(name) is not None}
    verdict = "warning" if value >= said.get("warn", value + 1) else "ok"
    verdict = "critical" if value >= said.get("critical", value + 1) else verdict
    return result_of(item, verdict, message, value=value, unit=unit, **said)


def hours_until_full(used: float, free: float, history: list[tuple[float, float]]) -> float | None:
    """Given used and free bytes and earlier (seconds, used bytes), return the hours until full, by least squares.

    None when the disk is not filling, or with fewer than three points or less than an hour to judge by.
    """
    points = [*history, (time.time(), used)]
    if len(points) < 3 or points[-1][0] - points[0][0] < 3600:  # noqa: PLR2004 - see the docstring
        return None
    mean_time = sum(at for at, _ in points) / len(points)
    mean_used = sum(size for _, size in points) / len(points)
    spread = sum((at - mean_time) ** 2 for at, _ in points)
    slope = sum((at - mean_time) * (size - mean_used) for at, size in points) / spread
    return free / slope / 3600 if slope > 0 else None


def earlier_use(folder: Path, mount: str) -> list[tuple[float, float]]:
    """Return (seconds, used bytes) of the mount from the results still in the spool, oldest first."""
    points = []
    for kept in kept_results(folder)[-100:]:
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            result = json.loads((folder / kept.file).read_text(encoding="utf-8"))
            at = float(calendar.timegm(time.strptime(result["started"], "%Y-%m-%dT%H:%M:%SZ")))
            uses = (
                item["used_bytes"] for item in result["items"] if (item["item"], item["subject"]) == ("disk", mount)
            )
            points += [(at, float(used)) for used in uses if at >= time.time() - HISTORY]
    return points


def disk(item: Item, folder: Path) -> Iterator[Result]:
    """Yield how full a mounted file system is, in bytes (with a forecast) and in inodes."""
    mount = item["mount"]
    if not os.path.ismount(mount):
        raise CannotCheck(f"nothing is mounted on {mount}")
    system = os.statvfs(mount)
    used, free = (system.f_blocks - system.f_bfree) * system.f_frsize, system.f_bavail * system.f_frsize
    percent = round(100 * used / max(used + free, 1), 1)
    result = judge("disk", f"{mount} is {percent:g} % full.", value=percent, unit="%", limits=item)
    hours = hours_until_full(used, free, earlier_use(folder, mount))
    if hours is not None and hours * 3600 <= item.get("full_within", 0):
        result["verdict"] = max(result["verdict"], "warning", key=WORST_LAST.index)
        result["message"] += f" At the current rate it is full in about {hours:.0f} h."
    yield {**result, "used_bytes": used, "free_bytes": free, "full_in_hours": hours and round(hours, 1)}
    if system.f_files:
        inodes = round(100 * (system.f_files - system.f_ffree) / system.f_files, 1)
        text = f"{mount} has used {inodes:g} % of its inodes."
        yield judge("inodes", text, value=inodes, unit="%", limits={**item, "full_within": None})


def memory(item: Item, _: Path) -> Iterator[Result]:
    """Yield how much memory is not available, in percent of all."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    percent = round(100 * (1 - sizes["MemAvailable"] / sizes["MemTotal"]), 1)
    text = f"{percent:g} % of the memory is in use; {sizes['MemAvailable'] // 1024} MiB are available."
    yield judge("memory", text, value=percent, unit="%", limits=item)


def load(item: Item, _: Path) -> Iterator[Result]:
    """Yield the five-minute load for each processor core."""
    cores = os.cpu_count() or 1
    value = round(os.getloadavg()[1] / cores, 2)
    text = f"The five-minute load average per core is {value:g} ({cores} cores)."
    yield judge("load", text, value=value, unit="per core", limits=item)


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


def units(item: Item, _: Path) -> Iterator[Result]:
    """Yield how many units have failed or are restarted in a loop, with their names."""
    lines = run("systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager", "--full")
    failed = [line.split()[0] for line in lines.splitlines() if line.strip()]
    looping = restart_loops()
    count = len({*failed, *looping})
    state = "critical" if count > item.get("failed", 0) else "ok"
    text = f"Failed units: {', '.join(failed[:20])}." if failed else "No unit has failed."
    if looping:
        named = (f"{name} ({restarts} restarts)" for name, restarts in list(looping.items())[:20])
        text = f"{text if failed else ''} Restarted in a loop: {', '.join(named)}.".lstrip()
    yield result_of("units", state, text, value=count, unit="units", failed=item.get("failed", 0))


def unit(item: Item, _: Path) -> Iterator[Result]:
    """Yield whether a unit is active, and does not only become so again and again."""
    asked = "LoadState,ActiveState,SubState,NRestarts,ExecMainStartTimestampMonotonic"
    shown = run("systemctl", "show", f"--property={asked}", "--", item["name"])
    facts = dict(line.split("=", 1) for line in shown.splitlines())
    words = f"{facts['ActiveState']} ({facts['SubState']})"
    words = "not on this host" if facts["LoadState"] == "not-found" else words
    words += f", restarted in a loop ({facts['NRestarts']} restarts)" if is_restart_loop(facts) else ""
    state = "ok" if facts["ActiveState"] == "active" and not is_restart_loop(facts) else "critical"
    yield result_of("unit", state, f"{item['name']} is {words}.", value=facts["ActiveState"], expected="active")


def offset_by_chrony() -> tuple[float | None, float | None]:
    """Return chrony's offset and the age of its reference in seconds; without an offset it is not synchronised.

    Raise CannotCheck when chrony is not answering. It says «Normal» long after its last server has gone.
    """
    fields = run("chronyc", "-c", "tracking").strip().split(",")
    offset = None if fields[-1] == "Not synchronised" else abs(float(fields[4]))
    return offset, time.time() - float(fields[3])


def offset_by_ntpd() -> tuple[float | None, float | None]:
    """Return ntpd's offset and the age of its reference in seconds, like chrony's. Raise CannotCheck likewise."""
    variables = run("ntpq", "-c", "rv")
    found = re.search(r"\boffset=([-+0-9.]+)", variables)
    reference = re.search(r"\breftime=([0-9a-f]{8})\.", variables)
    offset = None if not found or "leap_alarm" in variables else abs(float(found.group(1))) / 1000
    return offset, time.time() - (int(reference.group(1), 16) - NTP_EPOCH) if reference else None


def offset_by_timesyncd() -> tuple[float | None, float | None]:
    """Return timesyncd's offset in seconds; it does not say how old it is. Raise CannotCheck when nothing answers."""
    shown = run("timedatectl", "show", "--property=CanNTP,NTPSynchronized")
    if "CanNTP=yes" not in shown:
        raise CannotCheck("timedatectl shows no time service")
    if "NTPSynchronized=yes" not in shown:
        return None, None
    found = re.search(r"Offset: [-+]?([0-9.]+)(us|ms|s)$", run("timedatectl", "timesync-status"), re.MULTILINE)
    if not found:
        raise CannotCheck("timedatectl shows no offset")
    return float(found.group(1)) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[found.group(2)], None


def clock(item: Item, _: Path) -> Iterator[Result]:
    """Yield how far the clock is from its time servers, in seconds, and whether they still answer."""
    reasons = []
    for inspect_ in (offset_by_chrony, offset_by_ntpd, offset_by_timesyncd):
        try:
            offset, age = inspect_()
        except CannotCheck as error:
            reasons.append(str(error))
            continue
        yield clock_result(item, offset, age)
        return
    raise CannotCheck(f"no time service answers: {'; '.join(reasons)}")


def clock_result(item: Item, offset: float | None, age: float | None) -> Result:
    """Given the limits, the offset and the age of the reference (None: unknown), return the verdict."""
    limit, oldest = item["offset"], item["updated_within"]
    limits = {"offset": limit, "updated_within": oldest}
    if offset is None:
        text = "The clock is not synchronised with any time server."
        return result_of("time", "warning", text, value=offset, unit="s", **limits)
    text = f"The clock is {offset:g} s away from its time servers."
    state = "ok" if offset <= limit else "warning"
    if age is not None and age > oldest:
        text, state = f"No time server has answered for {age / 3600:.1f} h; {text[0].lower()}{text[1:]}", "warning"
    return {**result_of("time", state, text, value=offset, unit="s", **limits), "reference_age": age and round(age)}


DATABASE_FACTS = """
select json_build_object(
  'connections', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
  'allowed', current_setting('max_connections')::int,
  'size', pg_database_size(current_database()),
  'longest', coalesce((select extract(epoch from max(clock_timestamp() - xact_start)) from pg_stat_activity
                       where backend_type = 'client backend' and pid <> pg_backend_pid()), 0))
"""


def postgresql(item: Item, _: Path) -> Iterator[Result]:
    """Yield a database's connections, size and longest transaction, asked as the account postgres."""
    name = item["database"]
    try:
        facts = json.loads(run("runuser", "-u", "postgres", "--", "psql", "-XAtw", "-d", name, "-c", DATABASE_FACTS))
    except CannotCheck as error:
        if error.status != 2:  # noqa: PLR2004 - psql: the connection went bad
            raise
        yield result_of("postgresql", "critical", f"The database {name} does not answer: {error}.")
        return
    percent, longest = round(100 * facts["connections"] / facts["allowed"], 1), round(facts["longest"])
    texts = {
        "connections": (
            percent,
            "%",
            f"{facts['connections']} of {facts['allowed']} connections of {name} are in use.",
        ),
        "longest_transaction": (longest, "s", f"The longest transaction has been running for {longest} s."),
        "size": (facts["size"], "bytes", f"The size of database {name} is {facts['size'] / 2**20:.0f} MiB."),
    }
    for fact, (value, unit_, text) in texts.items():
        yield judge(f"postgresql_{fact}", text, value=value, unit=unit_, limits=item.get(fact) or {})


class RefuseRedirect(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for the answer that it is."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return nothing to go on to."""


def fetch(url: str, deadline: float) -> tuple[int, str]:
    """Return status and the first MiB of the body. Raise OSError or ValueError when there is no answer in time."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), RefuseRedirect)
    try:
        answer = opener.open(url, timeout=max(deadline - time.monotonic(), 0.001))
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        body = b""
        while len(body) < 2**20 and (part := answer.read1(65536)):
            body += part
            if time.monotonic() > deadline:
                raise TimeoutError("the answer did not end in time")
        return answer.status, body.decode("utf-8", "replace")


def http(item: Item, _: Path) -> Iterator[Result]:
    """Yield whether a URL answers as it should, in time (seconds)."""
    url, within, wanted, begun = item["url"], item.get("within", 10.0), item.get("status", 200), time.monotonic()
    limits = {"status": wanted, "contains": item.get("contains", ""), "within": within}
    try:
        status, body = fetch(url, begun + within)
    except (OSError, ValueError, http_client.HTTPException) as error:
        text = f"{url} does not answer within {within:g} s: {getattr(error, 'reason', error)}."
        yield result_of("http", "critical", text, unit="s", **limits)
        return
    took = round(time.monotonic() - begun, 3)
    text = f"{url} answered {status} in {took:g} s"
    right = status == wanted and limits["contains"] in body
    if not right:
        text = f"{url} answered {status}, expected {wanted} with the text {limits['contains']!r}"
    yield result_of("http", "ok" if right else "critical", f"{text}.", value=took, unit="s", **limits)


def tcp(item: Item, _: Path) -> Iterator[Result]:
    """Yield whether a port takes connections, in time (seconds)."""
    address, port, within = item.get("address", "127.0.0.1"), item["port"], item.get("within", 5.0)
    begun, took = time.monotonic(), None
    try:
        socket.create_connection((address, port), timeout=within).close()
        took = round(time.monotonic() - begun, 3)
        state, text = "ok", f"Port {port} of {address} accepted a connection in {took:g} s."
    except OSError as error:
        state, text = "critical", f"Port {port} of {address} does not accept connections: {error}."
    yield result_of("tcp", state, text, value=took, unit="s", within=within)


Inspect = Callable[[Item, Path], Iterator[Result]]
PLAIN = (disk, memory, load, units, unit, postgresql, http, tcp)
INSPECTIONS: dict[str, Inspect] = {"time": clock, **{inspect_.__name__: inspect_ for inspect_ in PLAIN}}
SUBJECTS = ("mount", "name", "database", "url", "port")


def inspect_item(item: Item, folder: Path) -> list[Result]:
    """Given one item of the configuration, return what was seen of it; unknown when it cannot be looked at."""
    name = str(item.get("item"))
    subject = next((str(item[key]) for key in SUBJECTS if key in item), "")
    try:
        results = list(INSPECTIONS[name](item, folder))
    except (CannotCheck, OSError, ValueError, LookupError, TypeError) as error:
        reason = str(error) if isinstance(error, CannotCheck) else f"{type(error).__name__}: {error}"
        results = [result_of(name, "unknown", f"{name} {subject} could not be checked: {reason}.".replace("  ", " "))]
    return [{**result, "subject": subject} for result in results]


def inspect(configuration: dict[str, Any], folder: Path) -> Result:
    """Look at every item and return what was seen; a wrong item never stops the others."""
    items = [result for item in configuration["items"] for result in inspect_item(item, folder)]
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
            result = spool.keep(inspect(configuration, spool.folder))
    except (CannotRun, KeyError) as error:
        return getattr(error, "status", 2), f"inspection: {error}"
    return 0, f"{spool.job}: {result['verdict']}. {result['message']}"


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(f"{message}\n")
    raise SystemExit(status)
