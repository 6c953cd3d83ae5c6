"""What of the network is in the kernel alone, saved and brought back: addresses, routes, rules, the packet filter.

In: nothing. Out: a value that JSON can hold; what could not be brought back. A part of programs that run on hosts:
python3, 3.9 or newer, and iproute2. Addresses and routes that the kernel makes itself follow from the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from opspact.onhost.host_files import run_program

FAMILIES = ("-4", "-6")
FILTERS = ("iptables", "ip6tables")
"""Asked where there is no nft: each has a program that saves and one that restores."""
SETTINGS = tuple(f"/proc/sys/net/{family}/conf" for family in ("ipv4", "ipv6"))
MADE_BY_KERNEL = re.compile(r"(?:local|broadcast|anycast|multicast) |.* proto (?:kernel|ra)(?: |$)")
STATE_OF_ROUTE = re.compile(r" (?:linkdown|dead|pref medium|error -?\d+|expires \d+sec|rt_offload|rt_trap)(?= |$)")


def save_network() -> dict[str, Any]:
    """Return how the network is. Raise OSError when something that is there does not say."""
    saved: dict[str, Any] = {
        "addresses": addresses(),
        "routes": {family: routes(family) for family in FAMILIES},
        "rules": {family: rules(family) for family in FAMILIES},
        "settings": kernel_settings(),
    }
    if shutil.which("nft"):
        saved["nft"] = run_program("nft", "--stateless", "list", "ruleset")
    else:
        saved.update({each: run_program(f"{each}-save") for each in FILTERS if shutil.which(f"{each}-save")})
    return saved


def kernel_settings() -> dict[str, str]:
    """Return how the kernel forwards and filters by address, by file; what cannot be read is left out."""
    found = {}
    for top in SETTINGS:
        for folder, _, names in os.walk(top):
            for path in (Path(folder, name) for name in names):
                with contextlib.suppress(OSError, ValueError):
                    found[str(path)] = path.read_text(encoding="ascii")
    return found


def addresses() -> dict[str, Any]:
    """Return by interface whether it is up, and its addresses as arguments of `ip address add`."""
    found = {}
    for link in json.loads(run_program("ip", "-json", "address", "show")):
        name = str(link["ifname"])
        own = [address_words(each) for each in link["addr_info"] if "local" in each]
        found[name] = {"up": "UP" in link["flags"], "own": own}
    return found


def address_words(address: dict[str, Any]) -> list[str]:
    """Return an address as arguments of `ip address add`; the first one names it."""
    words = [f"{address['local']}/{address['prefixlen']}"]
    if "address" in address:
        words = [str(address["local"]), "peer", f"{address['address']}/{address['prefixlen']}"]
    if "broadcast" in address:
        words += ["broadcast", str(address["broadcast"])]
    if "label" in address:
        words += ["label", str(address["label"])]
    return [*words, "scope", str(address["scope"])]


def routes(family: str) -> list[str]:
    """Return the routes that somebody has set, as arguments of `ip route add`."""
    said = run_program("ip", family, "route", "show", "table", "all").splitlines()
    return [STATE_OF_ROUTE.sub("", line.strip()) for line in said if line and not MADE_BY_KERNEL.match(line)]


def rules(family: str) -> list[str]:
    """Return the rules by which routes are chosen, as arguments of `ip rule add`."""
    said = run_program("ip", family, "rule", "show").splitlines()
    parts = (line.replace(" [detached]", "").partition(":") for line in said)
    return [f"pref {number} {' '.join(rest.split())}" for number, _, rest in parts]


def restore_network(saved: dict[str, Any]) -> list[str]:
    """Bring the network back; return what could not be, with the reason."""
    problems: list[str] = []
    try:
        now = save_network()
    except (OSError, ValueError) as error:
        return [f"the network cannot be read: {getattr(error, 'strerror', None) or error}"]
    for path, text in saved["settings"].items():
        if now["settings"].get(path, text) != text:
            try:
                Path(path).write_text(text, encoding="ascii")
            except OSError as error:
                problems.append(f"{path}: {error.strerror}")
    complaints: list[str] = []
    restore_addresses(saved["addresses"], now["addresses"], complaints)
    for family in FAMILIES:
        restore_lines(family, "rule", saved["rules"][family], problems=complaints)
        restore_lines(family, "route", saved["routes"][family], problems=complaints)
    restore_filter(saved, now, problems)
    return problems + (complaints if complaints and not is_restored(saved) else [])


def is_restored(saved: dict[str, Any]) -> bool:
    """Whether addresses, routes and rules are as before; what was there already, or was gone, is complained of too."""
    try:
        now = save_network()
    except (OSError, ValueError):
        return False
    return all(now[each] == saved[each] for each in ("addresses", "routes", "rules"))


def restore_addresses(saved: dict[str, Any], now: dict[str, Any], problems: list[str]) -> None:
    """Bring interfaces up that were, and back to the addresses that they had; interfaces that are new stay."""
    for name, before in saved.items():
        current = now.get(name)
        if current is None:
            if before["own"]:
                problems.append(f"the interface {name} is gone")
            continue
        if before["up"] is not current["up"]:
            changed(problems, "link", "set", "dev", name, "up" if before["up"] else "down")
        # First those that are new: one that is added beside them would be their secondary one, and go with them.
        for words in current["own"]:
            if words not in before["own"]:
                changed(problems, "address", "del", *words, "dev", name)
        for words in before["own"]:
            if words not in current["own"]:
                changed(problems, "address", "add", *words, "dev", name)


def restore_lines(family: str, what: str, saved: list[str], *, problems: list[str]) -> None:
    """Remove routes or rules that are new, and add those that are missing: those without a gateway first."""
    try:
        now = routes(family) if what == "route" else rules(family)
    except OSError as error:
        problems.append(str(error.strerror or error))
        return
    for line in now:
        if line not in saved:
            changed(problems, family, what, "del", *line.split())
    for line in sorted((each for each in saved if each not in now), key=lambda each: " via " in each):
        changed(problems, family, what, "add", *line.split())


def changed(problems: list[str], *command: str) -> None:
    """Have iproute2 change something; note what it complains of."""
    try:
        run_program("ip", *command)
    except OSError as error:
        problems.append(f"ip {' '.join(command)}: {error.strerror or error}")


def restore_filter(saved: dict[str, Any], now: dict[str, Any], problems: list[str]) -> None:
    """Bring the rules of the packet filter back, all at once."""
    differs = "nft" in now and saved.get("nft") != now["nft"]
    if differs:
        run_with_input(problems, ["nft", "-f", "-"], "flush ruleset\n" + saved.get("nft", ""))
    for each in FILTERS:
        if each in saved and (differs or without_counters(saved[each]) != without_counters(now.get(each, ""))):
            run_with_input(problems, [f"{each}-restore"], saved[each])


def without_counters(text: str) -> str:
    """Return the rules that iptables has saved, without what counts packets and names the time."""
    return re.sub(r"\[\d+:\d+\]|^#.*\n", "", text, flags=re.MULTILINE)


def run_with_input(problems: list[str], command: list[str], text: str) -> None:
    """Run a program with a text as its input; note what it complains of."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        problems.append(f"{command[0]}: {error}")
        return
    if done.returncode:
        problems.append(f"{command[0]}: {done.stderr.strip()[-300:] or f'exit status {done.returncode}'}")
