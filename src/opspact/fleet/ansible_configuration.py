"""How Ansible behaves in a run: its configuration file, its environment, its command line. Pure text.

Comes in: settings, a run folder. Goes out: what the worker starts. Nothing of the user's own Ansible configuration
counts, so that a run is the same for everybody; ssh is configured by the user's ssh_config and by the inventory.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from opspact.fleet.processes import MARK
from opspact.model.inventory.bastion import LOGINS_AT_ONCE, Bastion
from opspact.structs import Struct
from opspact.values.secret import Secret

TEMPORARY = "tmp"
"""The folder inside the run folder for temporary files; Ansible puts the text of a copied file there for a moment."""

SECRETS_VARIABLE = "OPSPACT_SECRETS"
"""The environment variable that names to the lookup plugin which file holds the secrets; it holds no secret itself."""

BECOME = "become:password"
"""The name, among a run's secrets, of the password that sudo asks for; no policy can refer to it."""

SSH = "ssh:password"
"""The same for the password that ssh asks for."""

_PASSED_ON = (
    *("HOME", "USER", "LOGNAME", "PATH", "TZ", "SSH_AUTH_SOCK", "KRB5CCNAME"),
    *("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST"),  # paths; an inventory may hold vaulted variables
)
"""The caller's environment that a run may see; secrets in other variables stay behind."""


def never() -> bool:
    """Return that nobody asked for the end."""
    return False


class RunSettings(Struct, kw_only=True):
    """How to run. Times in seconds; `forks` and `timeout` None: by the number of hosts, and without end.

    `canceled` is asked several times a second; `base` is the private folder for run folders; `ssh_arguments` are given
    to every ssh before the inventory's own; `python` is the hosts' interpreter where the inventory names none (looking
    for one costs a round trip, and takes what a version manager put on the path). `interpreter` is called instead of
    that on every host, whatever the inventory names (`fleet.fence`); empty: nothing is. `become_password` is what sudo
    asks for on hosts; None: sudo asks for nothing; `ssh_password`: the same for ssh. `bastions` are in front of hosts.
    """

    strategy: Literal["auto", "mitogen", "plain"] = "auto"
    forks: int | None = None
    bastions: tuple[Bastion, ...] = ()
    timeout: float | None = None
    connect_timeout: int = 10
    alive_interval: int = 5
    alive_count: int = 3
    verbosity: int = 0
    check: bool = False
    base: Path | None = None
    ssh_arguments: tuple[str, ...] = ()
    python: str = "/usr/bin/python3"
    interpreter: str = ""
    mitogen_plugins: Path | None = None
    canceled: Callable[[], bool] = never
    become_password: Secret | None = None
    ssh_password: Secret | None = None


_BECOME = Path(__file__).resolve().with_name("become")
"""Our own folder: its `sudo` is Ansible's, and knows sudo-rs too. Mitogen has one of its own."""

MOST_FORKS = 32
"""Hosts worked on at a time: each costs a process of some 60 MB on this side."""


def forks(settings: RunSettings, hosts: int) -> int:
    """Given the settings and the number of hosts, return how many are worked on at a time."""
    busy = any(bastion.is_busy for bastion in settings.bastions)
    return settings.forks or max(1, min(hosts, LOGINS_AT_ONCE if busy else MOST_FORKS))


def configuration(settings: RunSettings, folder: Path, *, plugins: Path | None) -> str:
    """Given settings, the run folder and mitogen's plugins (None: plain), return the text of ansible.cfg."""
    mitogen = f"strategy = mitogen_linear\nstrategy_plugins = {plugins}\n"
    strategy = mitogen if plugins else f"become_plugins = {_BECOME}\n"
    temporary = folder / TEMPORARY
    return f"""\
[defaults]
{strategy}home = {folder}/home
local_tmp = {temporary}
roles_path = {folder}/none
collections_path = {folder}/none
host_key_checking = True
timeout = {settings.connect_timeout}
interpreter_python = {settings.python}
retry_files_enabled = False
no_target_syslog = True
deprecation_warnings = False
localhost_warning = False
inventory_unparsed_warning = False
display_args_to_stdout = False
force_color = False
nocolor = True
nocows = True
show_custom_stats = False
fact_caching = memory

[inventory]
enable_plugins = ansible.builtin.yaml, ansible.builtin.ini
any_unparsed_is_fatal = True
unparsed_is_failed = True

[connection]
pipelining = True

[ssh_connection]
pipelining = True
transfer_method = piped
retries = 0
control_path_dir = {folder}/ssh
ssh_args = {shlex.join(ssh_arguments(settings, shared=plugins is None))}
"""


def ssh_arguments(settings: RunSettings, *, shared: bool) -> list[str]:
    """Given settings, return ssh's arguments: a host that falls silent is given up after interval × (count + 1).

    `shared`: several ssh use one connection (mitogen keeps its own, and needs no other).
    """
    arguments = [
        *("-o", f"ConnectTimeout={settings.connect_timeout}"),
        *("-o", f"ServerAliveInterval={settings.alive_interval}"),
        *("-o", f"ServerAliveCountMax={settings.alive_count}"),
        *("-o", "BatchMode=yes" if settings.ssh_password is None else "BatchMode=no"),
    ]
    if shared:
        arguments += ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s"]
    else:
        arguments += ["-o", "ControlMaster=no", "-o", "ControlPath=none"]
    return [*arguments, *settings.ssh_arguments]


def command_line(settings: RunSettings, playbook: Path) -> str:
    """Given settings and the playbook, return ansible-playbook's arguments besides inventory, limit and forks."""
    variables = {
        "mitogen_ssh_keepalive_interval": settings.alive_interval,
        "mitogen_ssh_keepalive_count": settings.alive_count,
        "mitogen_ssh_compression": "no",  # mitogen compresses what it sends; ssh_config may say yes all the same
    }
    given = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    if settings.interpreter:
        given += ["-e", json.dumps({"ansible_python_interpreter": settings.interpreter})]
    # Expressions: the passwords themselves are in no command line and no file.
    if settings.become_password is not None:
        given += ["-e", json.dumps({"ansible_become_password": f"{{{{ lookup('opspact_secret', '{BECOME}') }}}}"})]
    if settings.ssh_password is not None:
        given += ["-e", json.dumps({"ansible_password": f"{{{{ lookup('opspact_secret', '{SSH}') }}}}"})]
    return shlex.join([str(playbook), *given, *(["--check"] if settings.check else [])])


def environment(folder: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """Given the run folder and the caller's environment, return the run's: marked, and free of anything else."""
    kept = {name: caller[name] for name in _PASSED_ON if name in caller}
    programs = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join([programs, kept.get("PATH", os.defpath)]),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(folder / TEMPORARY),
        "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
        "ANSIBLE_HOST_KEY_CHECKING": "True",  # else the runner turns it off
        MARK: str(folder),
    }
