"""A user of the lab whose sudo asks for a password.

In: a lab, a host, a password. Out: the login `asks`, opened by the lab's key.
"""

import json
import shlex
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Literal

from labkit import Lab

from opspact.fleet.ansible import RunOutcome, RunSettings, run_project
from opspact.values.secret import Secret

LOGIN = "asks"
STRANGE = "a'b\"c$d {{ 1 + 1 }}\\"
"""A password that shells and templates would take for something else."""


def asks_for(lab: Lab, host: str, password: str) -> None:
    """Let a host have a user whose sudo wants this password."""
    made = lab.root(
        host,
        f"id -u {LOGIN} >/dev/null 2>&1 || useradd -m -s /bin/bash {LOGIN}\n"
        f"echo '{LOGIN} ALL=(ALL) ALL' >/etc/sudoers.d/{LOGIN} && "
        f"printf '%s\\n' {shlex.quote(f'{LOGIN}:{password}')} | chpasswd && "
        f"cp -r /home/ops/.ssh /home/{LOGIN}/ && chown -R {LOGIN}: /home/{LOGIN}/.ssh",
    )
    assert (made.rc, made.err) == (0, "")


def forget(lab: Lab, host: str) -> None:
    """Remove that user."""
    lab.root(host, f"rm -rf /etc/sudoers.d/{LOGIN}; userdel -r {LOGIN}")


def made_by_ansible(
    lab: Lab,
    project: Path,
    password: str,
    *,
    strategy: Literal["mitogen", "plain"],
    hosts: tuple[str, ...] = ("app1", "app2"),
) -> RunOutcome:
    """Have Ansible create `/srv/asking` on hosts, on the first as that user; return what came of it."""
    (project / "lookup_plugins").mkdir()
    plugin = files("opspact.compile").joinpath("data/opspact_secret.py").read_text()
    (project / "lookup_plugins/opspact_secret.py").write_text(plugin)
    lab.inventory(project / "inventory")
    (project / "host_vars").mkdir()
    (project / f"host_vars/{hosts[0]}.yml").write_text(f"ansible_user: {LOGIN}\n")
    task = {"name": "Be root", "ansible.builtin.file": {"path": "/srv/asking", "state": "directory", "mode": "0755"}}
    play = {"name": "Try", "hosts": "all", "become": True, "gather_facts": False, "tasks": [task]}
    (project / "site.yml").write_text(json.dumps([play]))
    base = Path(tempfile.mkdtemp(prefix="opspact-", dir="/tmp"))
    try:
        settings = RunSettings(strategy=strategy, base=base, become_password=Secret(password))
        return run_project(project, hosts, settings=settings)
    finally:
        shutil.rmtree(base)
