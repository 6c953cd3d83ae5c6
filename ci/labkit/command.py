"""The command line of the lab.

In: arguments. Out: text and an exit code: 0 done, 2 refused or failed, or that of the command over `ssh`.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from labkit import base, recipe
from labkit.capability import missing_capabilities, missing_packages
from labkit.lab import Lab
from labkit.names import DEFAULT_LAB, REFERENCE, HostSpec, reference_hosts
from labkit.shell import LabError

HOSTS = 'JSON: [{"name": "app1", "groups": ["web"], "number": 11, "release": "trixie"}, …]; release is optional'
ON_HOST = ("stop", "start", "kill", "unfill", "reset")


def main(arguments: list[str]) -> int:
    """Given the words after `ci/lab`, do what they say and return the exit code."""
    options = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], int] = options.act
    try:
        return act(options)
    except LabError as error:
        print(f"ci/lab: {error}", file=sys.stderr)
    except PermissionError as error:
        print(f"ci/lab: {error}; the lab requires root (sudo ci/lab …)", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ci/lab", description="Manage real Debian hosts on this machine.")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", default=DEFAULT_LAB, help=f"the lab (default {DEFAULT_LAB}); up to eight at once")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, act: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, parents=[named], help=words, description=words)
        added.set_defaults(act=act, verb=name)
        return added

    verb("needs", _needs, "print missing Debian packages, one per line")
    verb("can", _can, "exit 0 if a lab can run on this machine, else 2 and print what is missing")
    base_of = verb("base", _base, "build the base image unless it exists")
    base_of.add_argument("--release", "--suite", choices=recipe.RELEASES, default=recipe.RELEASES[0])
    up = verb("up", _up, "start the lab, and repair what is broken")
    up.add_argument("--count", type=int, help="number of hosts: app1 app2 db1 backup1, then app3 …")
    up.add_argument("--release", "--suite", choices=recipe.RELEASES, help=f"of Debian (default {recipe.RELEASES[0]})")
    up.add_argument("--hosts", type=Path, help=HOSTS)
    verb("down", _down, "remove the lab completely")
    verb("status", _status, "show the state of the hosts").add_argument("--json", action="store_true")
    ssh = verb("ssh", _ssh, "log in to a host, or run a command on it")
    ssh.add_argument("host")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    fault = verb("fault", _fault, "disconnect a host (cut), or connect it again (heal)")
    fault.add_argument("kind", choices=("cut", "heal"))
    fault.add_argument("host")
    for name in ON_HOST:
        verb(name, _on_host, f"{name} a host").add_argument("host")
    verb("uutils", _uutils, "put uutils and sudo-rs in place of coreutils and sudo (trixie)").add_argument("host")
    fill = verb("fill", _fill, "put a directory of a host on a full file system")
    fill.add_argument("host")
    fill.add_argument("--path", default="/srv")
    verb("inventory", _inventory, "write an Ansible inventory of the lab").add_argument(
        "--out", type=Path, required=True
    )
    return parser


def _needs(_: argparse.Namespace) -> int:
    for package in missing_packages():
        print(package)
    return 0


def _can(_: argparse.Namespace) -> int:
    lacking = missing_capabilities()
    for words in lacking:
        print(words)
    return 2 if lacking else 0


def _base(options: argparse.Namespace) -> int:
    print(base.build(options.release))
    return 0


def _up(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    lab = Lab(options.name)
    wanted = _wanted(options)
    if any(not base.image(spec.release).exists() for spec in wanted or reference_hosts()):
        print("building the base image (once, about a minute)", flush=True)
    lab.up(wanted)
    _print_hosts(lab.status())
    print(
        f"lab {lab.name}: {len(lab.hosts)} hosts up in {time.monotonic() - begun:.1f} s; ssh -F {lab.ssh_config} HOST"
    )
    return 0


def _wanted(options: argparse.Namespace) -> tuple[HostSpec, ...]:
    try:
        if options.hosts:
            raw = json.loads(options.hosts.read_text())
            return tuple(HostSpec(**host | {"groups": tuple(host["groups"])}) for host in raw)
        if options.count is None and options.release is None:
            return ()
        count = len(REFERENCE) if options.count is None else options.count
        return reference_hosts(count, options.release or recipe.RELEASES[0])
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise LabError(f"invalid hosts: {error!r}") from error


def _down(options: argparse.Namespace) -> int:
    Lab(options.name).down()
    return 0


def _status(options: argparse.Namespace) -> int:
    status = Lab(options.name).status()
    if options.json:
        print(json.dumps(status, indent=1))
        return 0
    print(f"lab {options.name}: {'running' if status['running'] else 'partly running' if status['exists'] else 'down'}")
    _print_hosts(status)
    return 0


def _print_hosts(status: dict[str, object]) -> None:
    hosts = status["hosts"]
    assert isinstance(hosts, list)
    for host in hosts:
        faults = [*(["cut off"] if host["cut"] else []), *(f"{path} full" for path in host["filled"])]
        print(f"{host['name']:12} {host['address']:16} {host['state']:10} {', '.join(faults)}".rstrip())


def _ssh(options: argparse.Namespace) -> int:
    command = Lab(options.name).ssh_command(options.host)
    os.execvp("ssh", [*command, *options.command])


def _fault(options: argparse.Namespace) -> int:
    lab = Lab(options.name)
    (lab.cut if options.kind == "cut" else lab.heal)(options.host)
    return 0


def _on_host(options: argparse.Namespace) -> int:
    lab = Lab(options.name)
    acts = {"stop": lab.stop, "start": lab.start, "kill": lab.kill, "unfill": lab.unfill, "reset": lab.reset}
    acts[options.verb](options.host)
    return 0


def _uutils(options: argparse.Namespace) -> int:
    Lab(options.name).replace_programs(options.host)
    return 0


def _fill(options: argparse.Namespace) -> int:
    Lab(options.name).fill(options.host, options.path)
    return 0


def _inventory(options: argparse.Namespace) -> int:
    print(Lab(options.name).inventory(options.out))
    return 0
