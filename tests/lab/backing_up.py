"""A client and a backup server in the lab, laid out as docs/decisions/0002-backups.md says."""

import base64
import gzip
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit import Lab, Result

from opspact.compile import units
from opspact.compile.borgmatic import BackupContent, backup_settings, borgmatic_configuration
from opspact.compile.jobs import program_text
from opspact.compile.yaml_text import lines
from opspact.errors import Place
from opspact.model import names
from opspact.model.contract_jobs import PRUNE_SCHEDULE
from opspact.model.job import BACKUP, CHECK, PRUNE, Job, JobKind
from opspact.model.origin import Origin
from opspact.model.policies.backup import Database
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Task, Template

SERVER = "backup1"
PASSPHRASE = 'a pass phrase with "quotes" and $money'
KEYS = names.repository_keys("lab")


def repository_step(server: str = SERVER, repository: str = "lab") -> BackupRepository:
    keys = names.repository_keys(repository)
    return BackupRepository(
        server=server,
        address=server,
        account=names.BACKUP_ACCOUNT,
        base=names.BACKUP_BASE,
        repository=repository,
        key_path=f"{keys}/id_ed25519",
        known_hosts_path=f"{keys}/known_hosts",
        passphrase_path=names.passphrase_file("backup", repository),
    )


@dataclass(frozen=True)
class Outcome:
    """What a command gave back, as steps read it."""

    rc: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class NoPackage:
    """Steps of backups ask for no package."""

    is_installed: bool = False


@dataclass(frozen=True)
class On:
    """One lab host: worked on as root, and looked at as steps do."""

    lab: Lab
    host: str

    def root(self, command: str) -> Result:
        return self.lab.root(self.host, command, timeout=120)

    def run(self, command: str, *arguments: str) -> Outcome:
        done = self.root(command % tuple(map(shlex.quote, arguments)) if arguments else command)
        return Outcome(done.rc, done.out, done.err)

    def package(self, name: str) -> NoPackage:
        raise NotImplementedError(name)

    def write(self, path: str, text: str, *, owner: str = "root") -> None:
        """Write a file; the passphrase for its owner's eyes alone."""
        mode = "600" if text == PASSPHRASE else "644"
        encoded = base64.b64encode(gzip.compress(text.encode())).decode()  # a program is too long for a command line
        folder = shlex.quote(str(Path(path).parent))
        script = f"mkdir -p {folder} && base64 -d <<'END' | gzip -d >{path}\n{encoded}\nEND\n"
        done = self.root(f"{script}chmod {mode} {path}; chown {owner}: {path}")
        assert done.rc == 0, done

    def start(self, unit: str) -> int:
        """Start a oneshot service and wait for its end; return its exit status."""
        self.root(f"systemctl daemon-reload; systemctl reset-failed {unit}; systemctl start {unit}")
        return int(self.root(f"systemctl show --value --property=ExecMainStatus {unit}").out)

    def newest_result(self, job: str) -> dict[str, Any]:
        """Return the newest result of a job that is kept."""
        done = self.root(f"cat $(ls {names.spool(job)}/*.json | tail -n 1)")
        result: dict[str, Any] = json.loads(done.out)
        return result

    def borg(self, *arguments: str, **extra: str) -> Result:
        """Run borg with everything that a client has; REPOSITORY stands for the URL."""
        access = repository_step().access
        variables = {**access.environment, **extra}
        words = ["env", *(f"{name}={value}" for name, value in variables.items()), "borg", *arguments]
        script = " ".join(shlex.quote(word.replace("REPOSITORY", access.url)) for word in words)
        return self.root(f"{script} </dev/null")


def program(name: str) -> str:
    return program_text(name)


def job_of(kind: JobKind, name: str) -> Job:
    """Return a job of a kind, as far as its service needs it."""
    return Job(kind, name, (SERVER,), PRUNE_SCHEDULE, Origin(f"backup/{name}", Place("policies/lab.yaml", 1)))


def lay_out_server(lab: Lab) -> None:
    """Do what the Account, Directory and SecretFile steps do on the server."""
    base, account = names.BACKUP_BASE, names.BACKUP_ACCOUNT
    done = On(lab, SERVER).root(
        f"useradd --system --home-dir {base} --shell /bin/sh {account}; install -d -o {account} -g {account} {base}",
    )
    assert done.rc == 0, done
    On(lab, SERVER).write(names.passphrase_file("repository", "lab"), PASSPHRASE, owner=account)
    On(lab, SERVER).write(names.program("repository"), program("repository"))
    for kind in (PRUNE, CHECK):
        job = job_of(kind, "lab")
        On(lab, SERVER).write(names.unit_file(f"{job.unit_name}.service"), units.service(job))
    configure_server(lab)


def configure_server(lab: Lab, **changed: object) -> None:
    settings: dict[str, object] = {
        "base": names.BACKUP_BASE,
        "repository": "lab",
        "clients": ["db1"],
        "policies": {"nightly": {"keep": {"daily": 1}, "rpo": 86400}},
        "passphrase_path": names.passphrase_file("repository", "lab"),
        "verify_data": True,
        "patience": 2,
    }
    for kind in (PRUNE, CHECK):
        job = job_of(kind, "lab").key
        text = json.dumps({"job": job, **settings, **changed})
        On(lab, SERVER).write(names.settings(job), text, owner=names.BACKUP_ACCOUNT)


def lay_out_client(on: On, policy: str, *, databases: tuple[Database, ...]) -> None:
    """Do what the File and SecretFile steps do on a client, for one policy."""
    access = repository_step().access
    content = BackupContent(policy=policy, paths=("/etc", "/srv"), exclude=("*.tmp",), databases=databases)
    place = names.borgmatic_file(policy)
    on.write(access.passphrase_path, PASSPHRASE)
    on.write(place, borgmatic_configuration(access, content))
    job = job_of(BACKUP, policy)
    settings = backup_settings(access, content, configuration=place)
    on.write(names.settings(job.key), json.dumps({"job": job.key, **settings}))
    for name in ("backup", "dump", "borg_output"):
        on.write(names.program(name), program(name))
    on.root(f"chmod 755 {names.program('borg_output')}")
    on.write(names.unit_file(f"{job.unit_name}.service"), units.service(job))


def play(tasks: Sequence[Task], hosts: str) -> str:
    """Return the tasks as a playbook."""
    data = [{"name": task.name, task.module: task.arguments, **task.keywords} for task in tasks]
    head: dict[str, object] = {"name": "Back up", "hosts": hosts, "gather_facts": False, "become": True}
    head["ignore_errors"] = Template("{{ ansible_check_mode }}")
    return "---\n" + "\n".join(lines([{**head, "tasks": data}])) + "\n"


def apply(
    lab: Lab, folder: Path, tasks: Sequence[Task], *, hosts: str, check: bool = False
) -> dict[str, dict[str, int]]:
    """Run the tasks with ansible-playbook; return each host's counts."""
    lab.inventory(folder)
    book = folder / "play.yml"
    book.write_text(play(tasks, hosts))
    environment = {
        **os.environ,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=2s -o ControlPath=/tmp/opspact-test-%C",
    }
    command = [
        f"{Path(sys.executable).parent}/ansible-playbook",
        "-i",
        str(folder / "hosts.yaml"),
        str(book),
        *(["--check"] if check else []),
    ]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert "PLAY RECAP" in done.stdout, done.stdout + done.stderr
    recap = done.stdout.split("PLAY RECAP")[1]
    counts = {}
    for line in recap.splitlines()[1:]:
        if ":" in line:
            name, words = line.split(":", 1)
            counts[name.strip()] = {word.split("=")[0]: int(word.split("=")[1]) for word in words.split()}
    assert all(count["failed"] + count["unreachable"] == 0 for count in counts.values()), done.stdout
    return counts
