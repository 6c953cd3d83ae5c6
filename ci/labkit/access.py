"""How the lab's hosts are reached: keys, known hosts, an ssh configuration, an Ansible inventory.

In: a lab's state. Out: files in the lab's folder, or in a folder of the caller's choice.
Host keys are made here and placed on the disks, so nobody has to trust a host at first sight.
"""

import json
from pathlib import Path

from labkit.shell import demand
from labkit.state import State, lab_folder

USER = "ops"


def make_keys(state: State) -> Path:
    """Given a lab, have its user key and every host's own key, and return their folder."""
    folder = lab_folder(state.name)
    (folder / "host_keys").mkdir(parents=True, exist_ok=True)
    _make_key(folder / "ssh_key", f"opspact-lab {state.name}")
    for name in state.hosts:
        _make_key(folder / "host_keys" / name, name)
    return folder


def write_files(state: State) -> None:
    """Given a lab whose keys are made, write `known_hosts`, `ssh_config` and `hosts.json` into its folder."""
    folder, names = lab_folder(state.name), state.names
    known, config, hosts = [], [], []
    for host in state.hosts.values():
        address = names.address(host.number)
        kind, key, *_ = (folder / "host_keys" / f"{host.name}.pub").read_text().split()
        known.append(f"{address},{host.name} {kind} {key}\n")
        config.append(f"Host {host.name}\n  HostName {address}\n")
        hosts.append({"name": host.name, "address": address, "groups": host.groups, "user": USER})
    (folder / "known_hosts").write_text("".join(known))
    everyone = "".join(
        f"  {option}\n" for option in [f"User {USER}", *(o.replace("=", " ", 1) for o in _options(folder))]
    )
    (folder / "ssh_config").write_text("".join(config) + "Host *\n" + everyone)
    summary = {
        "schema": "opspact/lab-hosts",
        "version": 1,
        "lab": state.name,
        "ssh_key": str(folder / "ssh_key"),
        "known_hosts": str(folder / "known_hosts"),
        "ssh_config": str(folder / "ssh_config"),
        "hosts": hosts,
    }
    (folder / "hosts.json").write_text(json.dumps(summary, indent=1) + "\n")


def ssh_command(state: State, host: str, *, user: str = USER) -> list[str]:
    """Given a host's name, return the ssh call that reaches it with the lab's own key and known hosts alone."""
    address = state.names.address(state.hosts[host].number)
    options = [word for option in _options(lab_folder(state.name)) for word in ("-o", option)]
    return ["ssh", "-F", "none", *options, f"{user}@{address}"]


def inventory(state: State) -> str:
    """Given a lab, return an ordinary Ansible inventory in YAML: its groups, its addresses, how to connect."""
    folder = lab_folder(state.name)
    ssh = " ".join(f"-o {option}" for option in _options(folder) if not option.startswith("IdentityFile"))
    lines = [
        f"# The lab {state.name}, as `ci/lab inventory` wrote it.",
        "all:",
        "  vars:",
        f"    ansible_user: {USER}",
        "    ansible_python_interpreter: /usr/bin/python3",
        f"    ansible_ssh_private_key_file: {json.dumps(str(folder / 'ssh_key'))}",
        f"    ansible_ssh_common_args: {json.dumps(ssh)}",
        "  hosts:",
    ]
    hosts = state.hosts.values()
    lines += [f"    {host.name}: {{ansible_host: {state.names.address(host.number)}}}" for host in hosts]
    lines.append("  children:")
    for group in dict.fromkeys(group for host in hosts for group in host.groups):
        members = ", ".join(f"{host.name}: {{}}" for host in hosts if group in host.groups)
        lines.append(f"    {group}: {{hosts: {{{members}}}}}")
    return "\n".join(lines) + "\n"


def _options(folder: Path) -> list[str]:
    return [
        f"IdentityFile={folder / 'ssh_key'}",
        "IdentitiesOnly=yes",
        f"UserKnownHostsFile={folder / 'known_hosts'}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "ConnectTimeout=10",
        "BatchMode=yes",
    ]


def _make_key(path: Path, comment: str) -> None:
    public = path.with_name(f"{path.name}.pub")
    if not public.exists():
        path.unlink(missing_ok=True)  # half a key, from a killed run
        demand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])
