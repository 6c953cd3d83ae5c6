"""Runs on real hosts: what goes wrong is said as what it is, the others go on, nothing is left or leaks."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pytest
from disks import FreshHost
from labkit import Lab

from opspact.fleet.ansible import HostState, RunEvent, RunOutcome, RunSettings, RunStatus, TaskStatus, run_project
from opspact.model.names import secret_expression
from opspact.values.secret import Secret, SecretReference

pytestmark = pytest.mark.lab
both = pytest.mark.parametrize("strategy", ["mitogen", "plain"])
Strategy = Literal["mitogen", "plain"]

CANARY = "Canary-91c2{{ 1 + 1 }}"
REFERENCE = SecretReference("vault", "borg")

QUICK: dict[str, object] = {"name": "Be quick", "ansible.builtin.command": "true"}
SLOW: dict[str, object] = {"name": "Take long", "ansible.builtin.command": "sleep 60"}
SECRET: dict[str, object] = {
    "name": "Write secret",
    "ansible.builtin.copy": {"content": secret_expression(REFERENCE), "dest": "/srv/run/secret", "mode": "0600"},
    "no_log": True,
    "diff": False,
}
FOLDER: dict[str, object] = {
    "name": "Make a folder",
    "ansible.builtin.file": {"path": "/srv/run", "state": "directory", "mode": "0755"},
}

REMOTE = (
    "pgrep -a ssh | grep notty; pgrep -a python3; pgrep -ax sleep; ls -d /tmp/ansible* /tmp/mitogen* 2>/dev/null; true"
)
"""Lists what a run leaves on a host: its connection, its interpreter, its task, its temporary folders."""


@pytest.fixture
def base() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="opspact-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def project(healthy_lab: Lab, tmp_path: Path) -> Callable[..., Path]:
    """Write a project for the lab's hosts; keywords become variables of app2."""

    def write(*tasks: dict[str, object], **variables: str) -> Path:
        folder = tmp_path / "project"
        (folder / "lookup_plugins").mkdir(parents=True)
        (folder / "files").mkdir()
        (folder / "files" / "stored").write_text("stored\n")
        plugin = files("opspact.compile").joinpath("data/opspact_secret.py").read_text()
        (folder / "lookup_plugins" / "opspact_secret.py").write_text(plugin)
        healthy_lab.inventory(folder / "inventory")
        (folder / "host_vars").mkdir()
        (folder / "host_vars" / "app2.yml").write_text(json.dumps(variables))
        play = {"name": "Try", "hosts": "all", "become": True, "gather_facts": False, "tasks": tasks}
        (folder / "site.yml").write_text(json.dumps([play]))
        return folder

    return write


def states(outcome: RunOutcome) -> dict[str, HostState]:
    return {name: host.state for name, host in outcome.hosts.items()}


MODULES: tuple[dict[str, object], ...] = (
    FOLDER,
    SECRET,
    {"name": "Package", "ansible.builtin.apt": {"name": "tree", "state": "present"}},
    {"name": "Group", "ansible.builtin.group": {"name": "runtest"}},
    {"name": "Account", "ansible.builtin.user": {"name": "runtest", "group": "runtest", "shell": "/bin/sh"}},
    {
        "name": "Stored",
        "ansible.builtin.copy": {"src": "stored", "dest": "/srv/run/stored", "owner": "runtest", "mode": "0640"},
    },
    {
        "name": "Unit's file",
        "ansible.builtin.copy": {
            "content": "[Service]\nType=oneshot\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
            "dest": "/etc/systemd/system/runtest.service",
            "mode": "0644",
        },
    },
    {
        "name": "Unit",
        "ansible.builtin.systemd_service": {
            "name": "runtest.service",
            "daemon_reload": True,
            "enabled": True,
        },
    },
    {
        "name": "Line",
        "ansible.builtin.lineinfile": {"path": "/srv/run/lines", "line": "a b", "create": True, "mode": "0644"},
    },
    {"name": "Link", "ansible.builtin.file": {"src": "stored", "dest": "/srv/run/link", "state": "link"}},
    {"name": "Look", "ansible.builtin.stat": {"path": "/srv/run/lines"}, "register": "lines"},
    {"name": "Read", "ansible.builtin.slurp": {"src": "/srv/run/secret"}, "register": "read", "no_log": True},
    {"name": "Shell", "ansible.builtin.shell": "id -un | tr a-z A-Z", "register": "me", "changed_when": False},
    {
        "name": "As another",
        "ansible.builtin.command": "id -un",
        "become_user": "runtest",
        "register": "other",
        "changed_when": False,
    },
    {
        "name": "Elsewhere",
        "ansible.builtin.command": "hostname",
        "delegate_to": "backup1",
        "register": "there",
        "changed_when": False,
    },
    {
        "name": "All as wanted",
        "ansible.builtin.assert": {
            "that": [
                "lines.stat.size == 4",
                "read.content | b64decode == lookup('opspact_secret', 'vault:borg')",
                "me.stdout == 'ROOT'",
                "other.stdout == 'runtest'",
                "there.stdout == 'backup1'",
            ]
        },
        "no_log": True,
    },
)


@both
def test_the_modules_that_steps_use_work_are_idempotent_and_leave_nothing_running(
    healthy_lab: Lab, project: Callable[..., Path], *, base: Path, strategy: Strategy, fresh_host: FreshHost
) -> None:
    fresh_host("app1")
    others = set(healthy_lab.root("backup1", REMOTE).out.splitlines())  # connections that commands keep for a minute
    folder = project(*MODULES)
    settings = RunSettings(strategy=strategy, base=base)
    secrets = {REFERENCE: Secret(CANARY)}
    first = run_project(folder, ["app1"], secrets=secrets, settings=settings)
    second = run_project(folder, ["app1"], secrets=secrets, settings=settings)
    assert (first.status, first.hosts["app1"].message) == (RunStatus.SUCCESSFUL, "")
    assert (second.status, second.hosts["app1"].changed) == (RunStatus.SUCCESSFUL, 0)
    assert healthy_lab.root("app1", "cat /srv/run/secret").out == CANARY
    until(lambda: healthy_lab.root("app1", REMOTE).out == "")
    until(lambda: set(healthy_lab.root("backup1", REMOTE).out.splitlines()) <= others)


def test_mitogen_starts_no_interpreter_for_the_login_only_root_s(
    project: Callable[..., Path], base: Path, fresh_host: FreshHost
) -> None:
    fresh_host("app1")
    look: dict[str, object] = {
        "name": "See whose interpreters run",
        "ansible.builtin.shell": "pgrep -f '^[^ ]*python3.mitogen:' | xargs -n1 ps -o user= -p | sort -u",
        "register": "seen",
        "failed_when": "seen.stdout_lines | map('trim') | list != ['root']",
        "changed_when": False,
    }
    outcome = run_project(project(look), ["app1"], settings=RunSettings(strategy="mitogen", base=base))
    assert (outcome.status, outcome.hosts["app1"].message) == (RunStatus.SUCCESSFUL, "")


@both
def test_a_host_cut_off_in_the_middle_is_unreachable_soon_and_the_others_are_carried_on(
    healthy_lab: Lab, project: Callable[..., Path], *, base: Path, strategy: Strategy
) -> None:
    cut: list[float] = []

    def cutting(event: RunEvent) -> None:
        if event == RunEvent("app2", "Wait", TaskStatus.STARTED):
            time.sleep(1)  # until the task has reached the host
            healthy_lab.cut("app2")
            cut.append(time.monotonic())

    folder = project({"name": "Wait", "ansible.builtin.command": "sleep 5"}, QUICK)
    outcome = run_project(
        folder, ["app1", "app2"], settings=RunSettings(strategy=strategy, base=base), on_event=cutting
    )
    assert time.monotonic() - cut[0] < 40
    assert states(outcome) == {"app1": HostState.OK, "app2": HostState.UNREACHABLE}
    assert outcome.hosts["app1"].changed == 2
    assert outcome.hosts["app2"].task == "Wait"


@both
def test_a_host_that_is_down_is_unreachable_and_the_others_are_carried_on(
    healthy_lab: Lab, project: Callable[..., Path], *, base: Path, strategy: Strategy
) -> None:
    healthy_lab.stop("app2")
    settings = RunSettings(strategy=strategy, base=base, connect_timeout=4)
    outcome = run_project(project(QUICK), ["app1", "app2"], settings=settings)
    assert states(outcome) == {"app1": HostState.OK, "app2": HostState.UNREACHABLE}


@both
@pytest.mark.parametrize(
    ("variables", "expected", "word"),
    [
        ({"ansible_user": "nosudo"}, HostState.FAILED, "sudo"),
        ({"ansible_user": "stranger"}, HostState.UNREACHABLE, ""),
        (
            {"ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null"},
            HostState.UNREACHABLE,
            "key",
        ),
    ],
)
def test_a_host_that_lets_us_not_in_is_told_as_such(  # noqa: PLR0913 - fixtures and cases
    project: Callable[..., Path],
    base: Path,
    *,
    strategy: Strategy,
    variables: dict[str, str],
    expected: HostState,
    word: str,
) -> None:
    folder = project(QUICK, **variables)
    outcome = run_project(folder, ["app1", "app2"], settings=RunSettings(strategy=strategy, base=base))
    assert states(outcome) == {"app1": HostState.OK, "app2": expected}
    assert word in outcome.hosts["app2"].message.lower()


@both
def test_a_full_disk_fails_the_host_and_the_next_run_heals_it(
    healthy_lab: Lab, project: Callable[..., Path], *, base: Path, strategy: Strategy
) -> None:
    healthy_lab.root("app2", "rm -rf /srv/run")
    healthy_lab.fill("app2", "/srv")
    folder = project(
        FOLDER,
        {
            "name": "Big file",
            "ansible.builtin.copy": {"content": "x" * 300_000, "dest": "/srv/run/big", "mode": "0644"},
        },
    )
    settings = RunSettings(strategy=strategy, base=base)
    full = run_project(folder, ["app1", "app2"], settings=settings)
    assert states(full) == {"app1": HostState.OK, "app2": HostState.FAILED}
    assert "no space left" in full.hosts["app2"].message.lower()
    assert healthy_lab.root("app2", "ls /srv/run").out == ""
    healthy_lab.unfill("app2")
    assert run_project(folder, ["app1", "app2"], settings=settings).successful


PROGRAM = """
import sys
from pathlib import Path
from opspact.fleet.ansible import RunSettings, run_project
project, base, strategy = sys.argv[1:]
outcome = run_project(Path(project), ["app1", "app2"], settings=RunSettings(strategy=strategy, base=Path(base)))
print(outcome.status.value)
"""


@both
@pytest.mark.parametrize(("number", "said"), [(signal.SIGKILL, ""), (signal.SIGTERM, "canceled")])
def test_an_end_in_the_middle_leaves_no_process_and_no_connection_and_the_next_run_goes_through(  # noqa: PLR0913 - fixtures
    healthy_lab: Lab,
    project: Callable[..., Path],
    *,
    base: Path,
    strategy: Strategy,
    number: signal.Signals,
    said: str,
) -> None:
    folder = project(SLOW)
    program = [sys.executable, "-c", PROGRAM, str(folder), str(base), strategy]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        until(lambda: "sleep 60" in healthy_lab.root("app1", REMOTE).out)
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.read().strip() == said
    until(lambda: not marked(base) and not list(base.glob("run-*")))
    until(lambda: "ESTAB" not in healthy_lab.root("app1", "ss -Htn state established '( sport = :22 )'").out)
    healthy_lab.root("app1", "pkill -x sleep")  # a task outlives its connection under plain Ansible
    healthy_lab.root("app2", "pkill -x sleep")
    (folder / "site.yml").write_text((folder / "site.yml").read_text().replace("sleep 60", "true"))
    assert run_project(folder, ["app1", "app2"], settings=RunSettings(strategy=strategy, base=base)).successful


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def marked(base: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{base}/run-".encode() in (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes():
                found.append((entry / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


@both
def test_the_secret_is_in_its_file_on_the_host_and_nowhere_else_there(
    healthy_lab: Lab, project: Callable[..., Path], *, base: Path, strategy: Strategy
) -> None:
    failing = {**SECRET, "name": "Write it where it cannot be"}
    failing["ansible.builtin.copy"] = {
        "content": secret_expression(REFERENCE),
        "dest": "/no/such/folder",
        "mode": "0600",
    }
    outcome = run_project(
        project(FOLDER, SECRET, failing),
        ["app1"],
        secrets={REFERENCE: Secret(CANARY)},
        settings=RunSettings(strategy=strategy, base=base, verbosity=4),
    )
    assert (outcome.status, outcome.hosts["app1"].task) == (RunStatus.FAILED, "Write it where it cannot be")
    assert "Canary" not in repr(outcome)
    look = (
        "journalctl --no-pager -o cat | grep -c Canary-91c2; "
        "grep -rl Canary-91c2 /srv /tmp /var/tmp /root /home /etc /var/log /var/lib/opspact 2>/dev/null"
    )
    assert healthy_lab.root("app1", look).out.split() == ["0", "/srv/run/secret"]
    assert [path.name for path in base.iterdir()] == ["lock"]
