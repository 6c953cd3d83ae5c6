"""The lab's network: a bridge, and per host a namespace with a cable to it.

In: a lab's names. Out: interfaces and namespaces, made only where missing.
"""

from collections.abc import Container
from pathlib import Path

from labkit.names import Names, namespace_path
from labkit.shell import demand

DEVICES = (2, 3, 22)
"""Numbers of the devices in the reference contract: they answer pings, and no ports. The bridge is one too."""
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_WANTED = 4096  # every systemd takes several; all hosts share root's account, which has 128 by default


def make_bridge(names: Names) -> None:
    """Given a lab's names, have its bridge up with its address."""
    if not _interface_exists(names.bridge):
        demand(["ip", "link", "add", names.bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"])
    demand(["ip", "addr", "replace", f"{names.address(1)}/{names.prefix}", "dev", names.bridge])
    demand(["ip", "link", "set", names.bridge, "up"])
    if int(INOTIFY.read_text()) < INOTIFY_WANTED:
        INOTIFY.write_text(f"{INOTIFY_WANTED}\n")


def attach_devices(names: Names, hosts: Container[int]) -> None:
    """Given the numbers of all hosts of a lab, have its devices answer; a number that a host has is that host's."""
    shown = demand(["ip", "-o", "addr", "show", "dev", names.bridge])
    for number in DEVICES:
        address = f"{names.address(number)}/{names.prefix}"
        is_there = f" {address} " in shown
        if is_there is (number in hosts):
            demand(["ip", "addr", "del" if is_there else "add", address, "dev", names.bridge])


def plug_in(names: Names, host: str, number: int) -> None:
    """Given a host, have its namespace, its cable and its address; a cable that was cut is connected again."""
    namespace, veth = names.namespace(host), names.veth(number)
    if not is_namespace(namespace):
        namespace_path(namespace).unlink(missing_ok=True)  # left by a restart of the machine where /run is on disk
        demand(["ip", "netns", "add", namespace])
    if not _interface_exists(veth):
        hardware = names.hardware(number)
        peer = ["peer", "name", "eth0", "address", hardware, "netns", namespace]
        demand(["ip", "link", "add", veth, "type", "veth", *peer])
    demand(["ip", "link", "set", veth, "master", names.bridge])
    demand(["ip", "-n", namespace, "addr", "replace", f"{names.address(number)}/{names.prefix}", "dev", "eth0"])
    demand(["ip", "-n", namespace, "link", "set", "lo", "up"])
    demand(["ip", "-n", namespace, "link", "set", "eth0", "up"])
    reconnect(names, number)


def cut(names: Names, number: int) -> None:
    """Given a host's number, take its cable down: what is sent to it vanishes.

    The neighbour entry stays for good; without it the kernel would say «no route to host» after three seconds,
    where a firewall or a dead line lets the caller hang.
    """
    entry = [names.address(number), "lladdr", names.hardware(number), "dev", names.bridge, "nud", "permanent"]
    demand(["ip", "neigh", "replace", *entry])
    demand(["ip", "link", "set", names.veth(number), "down"])


def reconnect(names: Names, number: int) -> None:
    """Given a host's number, put its cable up again."""
    demand(["ip", "link", "set", names.veth(number), "up"])


def set_patience(names: Names, host: str, tries: int) -> None:
    """Given a host, have it try so often to end a connection whose program is gone; 0: for minutes."""
    setting = f"echo {tries} >/proc/sys/net/ipv4/tcp_orphan_retries"
    demand(["ip", "netns", "exec", names.namespace(host), "sh", "-c", setting])


def take_away(names: Names) -> None:
    """Given a lab's names, delete its cables, its namespaces and its bridge."""
    for interface in sorted(entry.name for entry in Path("/sys/class/net").iterdir()):
        if interface.startswith(f"{names.bridge}h"):
            demand(["ip", "link", "del", interface])  # the end inside the host goes with it
    for path in sorted(Path("/run/netns").glob(f"{names.namespace_prefix}*")):
        if is_namespace(path.name):
            demand(["ip", "netns", "del", path.name])
        path.unlink(missing_ok=True)
    if _interface_exists(names.bridge):
        demand(["ip", "link", "del", names.bridge])


def is_namespace(namespace: str) -> bool:
    """Given a name, return whether a network namespace of that name is held open (a bare file is not one)."""
    wanted = str(namespace_path(namespace))
    return any(line.split()[1] == wanted for line in Path("/proc/self/mounts").read_text().splitlines())


def _interface_exists(name: str) -> bool:
    return Path("/sys/class/net", name).exists()
