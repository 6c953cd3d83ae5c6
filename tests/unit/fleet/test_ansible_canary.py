"""A secret that a run uses is on its host afterwards, and nowhere else."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from opspact.fleet.ansible import RunEvent, RunSettings, RunStatus, run_project
from opspact.model.names import secret_expression
from opspact.values.secret import Secret, SecretReference

pytestmark = pytest.mark.slow

Written = Callable[..., Path]
both = pytest.mark.parametrize("strategy", ["mitogen", "plain"])

CANARY = "Canary-7f3d{{ 1 + 1 }}'\"\\$(id)"
MARK = b"Canary-7f3d"
REFERENCE = SecretReference("vault", "borg")


def writing(target: Path, *, hidden: bool = True) -> dict[str, object]:
    arguments = {"content": secret_expression(REFERENCE), "dest": str(target), "mode": "0600"}
    return {"name": "Write secret", "ansible.builtin.copy": arguments, "no_log": hidden, "diff": False}


@dataclass
class Spy:
    """Looks at every process and file of a run again and again; asked by the run itself whether to end it."""

    base: Path
    looks: int = 0
    found: set[str] = field(default_factory=set)
    last_look: set[str] = field(default_factory=set)

    def __call__(self) -> bool:
        self.looks += 1
        for entry in Path("/proc").glob("[0-9]*"):
            for part in ("cmdline", "environ"):
                try:
                    raw = (entry / part).read_bytes()
                except OSError:
                    continue
                if MARK in raw and int(entry.name) != os.getpid():
                    self.found.add(f"{part} of {raw[:80]!r}")
        self.last_look = set(holding(self.base))
        return False


def holding(folder: Path) -> list[str]:
    found = []
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            try:
                if MARK in bytes(path) or (path.is_file() and MARK in path.read_bytes()):
                    found.append(str(path))
            except OSError:  # gone again
                continue
    return found


@both
@pytest.mark.parametrize("fails", [False, True])
def test_the_secret_is_nowhere_but_on_the_host_even_when_all_is_told(  # noqa: PLR0913 - fixtures
    written: Written, base: Path, *, tmp_path: Path, strategy: Any, fails: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "host" / "passphrase"
    target.parent.mkdir()
    tasks = [writing(target)]
    if fails:
        tasks += [writing(tmp_path / "no" / "such" / "folder")]
    project = written(*tasks, hosts=("one",))
    spy = Spy(base)
    events: list[RunEvent] = []
    outcome = run_project(
        project,
        ["one"],
        secrets={REFERENCE: Secret(CANARY)},
        settings=RunSettings(strategy=strategy, base=base, verbosity=4, canceled=spy),
        on_event=events.append,
    )
    assert outcome.status is (RunStatus.FAILED if fails else RunStatus.SUCCESSFUL)
    assert target.read_text() == CANARY
    assert spy.looks > 5
    assert spy.found == set()
    assert spy.last_look == set(), "after Ansible ended, before its folder was removed"
    assert holding(base) == []
    assert holding(project) == []
    said = repr((outcome, events, capfd.readouterr()))
    assert MARK.decode() not in said


@both
def test_a_task_that_forgot_no_log_does_not_put_the_secret_into_the_outcome(
    written: Written, base: Path, *, strategy: Any
) -> None:
    telling = {"name": "Tell", "ansible.builtin.fail": {"msg": "it is " + secret_expression(REFERENCE)}}
    events: list[RunEvent] = []
    outcome = run_project(
        written(telling, hosts=("one",)),
        ["one"],
        secrets={REFERENCE: Secret(CANARY)},
        settings=RunSettings(strategy=strategy, base=base),
        on_event=events.append,
    )
    assert outcome.hosts["one"].message == "it is ********"
    assert MARK.decode() not in repr((outcome, events))


@both
def test_a_secret_that_nobody_gave_fails_the_host_and_names_the_reference(
    written: Written, base: Path, *, strategy: Any
) -> None:
    task = {"name": "Look", "ansible.builtin.debug": {"msg": secret_expression(REFERENCE)}}
    settings = RunSettings(strategy=strategy, base=base)
    outcome = run_project(written(task, hosts=("one",)), ["one"], settings=settings)
    assert "secret vault:borg is not available" in outcome.hosts["one"].message


def test_by_hand_the_secret_comes_from_the_environment(written: Written, tmp_path: Path) -> None:

    target = tmp_path / "passphrase"
    project = written(writing(target), hosts=("one",))
    program = Path(sys.executable).parent / "ansible-playbook"
    environment = {"PATH": os.defpath, "HOME": str(tmp_path), "LANG": "C.UTF-8", "OPSPACT_SECRET_VAULT_BORG": "by hand"}
    done = subprocess.run(
        [program, "-i", "inventory", "-e", "ansible_python_interpreter=/usr/bin/python3", "site.yml"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, target.exists()) == (0, True), done.stdout
    assert target.read_text() == "by hand"
