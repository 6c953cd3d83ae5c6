"""What tasks run on hosts, run here: what they say, and what is there afterwards."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from all_steps import KEY, REPOSITORY
from looked_at import Said

from opspact.model import names
from opspact.steps.account_folder import PRIVATE_FOLDER, PUT_IN_PLACE
from opspact.steps.base import Step, Task
from opspact.steps.configuration_test import configuration_test
from opspact.steps.deletion import delete
from opspact.steps.directory import Directory
from opspact.steps.membership import Membership
from opspact.structs import replace

CLIENT = "{{ inventory_hostname }}"


class Here:
    """This machine, with a folder of programs before its own."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}

    def put(self, name: str, script: str) -> None:
        (self.programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.programs / name).chmod(0o755)

    def run(self, command: str) -> Said:
        return self.sh("-c", command)

    def sh(self, *words: str, said: str = "") -> Said:
        done = subprocess.run(
            ["/bin/sh", *words],
            input=said,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.stdout, done.returncode, done.stderr)

    def carry_out(self, task: Task) -> Said:
        """Run a task's command: what stands before its shell only changes the account."""
        match task.arguments:
            case {"cmd": str(script)}:
                return self.run(script)
            case {"argv": [*words], **rest}:
                after = [str(word).replace(CLIENT, "app1") for word in words]
                return self.sh(
                    *after[after.index("/bin/sh") + 1 :], said=str(rest.get("stdin", "")).replace(CLIENT, "app1")
                )
            case _:
                raise AssertionError(task)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def task_of(step: Step, word: str) -> Task:
    (found,) = [task for task in (*step.tasks(), *step.removal()) if task.name.startswith(word)]
    return found


def test_a_file_or_a_link_is_deleted_and_a_directory_is_not(here: Here, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "directory").mkdir()
    for name in ("file", "link", "directory", "none"):
        assert here.carry_out(delete("Delete it", str(tmp_path / name))) == Said()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["directory", "programs"]


def test_an_empty_directory_is_removed_and_a_full_one_is_not(here: Here, tmp_path: Path) -> None:
    for name in ("empty", "full/held"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("empty", "full"):
        assert here.carry_out(task_of(Directory(path=str(tmp_path / name)), "Remove")) == Said()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "programs"]


def test_the_folder_of_keys_is_the_accounts_alone(here: Here, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir(mode=0o755)
    script = f'{PRIVATE_FOLDER}cat >"$new"\n{PUT_IN_PLACE}'
    assert here.sh("-c", script, "sh", str(tmp_path), said=f"{KEY}\n") == Said("changed\nchanged\n")
    assert here.sh("-c", script, "sh", str(tmp_path), said=f"{KEY}\n") == Said()
    keys = tmp_path / ".ssh/authorized_keys"
    assert [path.name for path in keys.parent.iterdir()] == ["authorized_keys"]
    assert (keys.read_text(), keys.stat().st_mode & 0o777) == (f"{KEY}\n", 0o600)
    assert keys.parent.stat().st_mode & 0o7777 == 0o700


def test_a_client_is_let_in_once_and_out_again(here: Here, tmp_path: Path) -> None:
    step = replace(REPOSITORY, base=str(tmp_path))
    keys = tmp_path / ".ssh/authorized_keys"
    allow = task_of(step, "Allow this host")
    assert here.carry_out(allow) == Said("changed\nchanged\nchanged\n")
    assert here.carry_out(allow) == Said()
    line = keys.read_text()
    assert (tmp_path / "app1").is_dir()

    served = re.search(r'command="([^"]*)"', line)
    assert served is not None
    (tmp_path / "app1/daily").mkdir()
    (tmp_path / "app1/daily/config").write_text("configuration\n")
    here.environment["SSH_ORIGINAL_COMMAND"] = names.CONFIGURATION_REQUEST
    assert here.run(served[1]) == Said("configuration\n")

    assert here.carry_out(task_of(step, "Stop this host")) == Said("changed\n")
    assert keys.read_text() == ""


def test_a_client_s_sessions_are_sent_a_word_by_its_next_one_alone(here: Here, tmp_path: Path) -> None:
    """Only so sshd learns that the machine of an older one has forgotten it."""
    step = replace(REPOSITORY, base=str(tmp_path))
    served = re.search(r'command="([^"]*)"', step.key_line("app1", "KEY"))
    assert served is not None
    (tmp_path / "app1").mkdir()
    here.put("borg", f'echo "$*"; [ ! -e {tmp_path}/first ] || exit 0; mv {tmp_path}/new {tmp_path}/first; exec cat')
    (tmp_path / "new").touch()
    pipe = subprocess.PIPE
    command = ["/bin/sh", "-c", served[1]]
    with subprocess.Popen(command, env=here.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as first:
        deadline = time.monotonic() + 30
        while not (tmp_path / "first").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        second = here.run(served[1])
        out, err = first.communicate(timeout=30)
    words = f"serve --append-only --restrict-to-repository {tmp_path}/app1/daily\n"
    assert (second, out, err) == (Said(words), words, "\n")


def test_a_repository_is_made_once_and_what_opened_it_is_known(here: Here, tmp_path: Path) -> None:
    step = replace(REPOSITORY, key_path=str(tmp_path / "id_ed25519"), passphrase_path=str(tmp_path / "passphrase"))
    (tmp_path / "passphrase").write_text("secret\n")
    here.put("borg", f"[ ! -e {tmp_path}/made ] || {{ echo already exists; exit 2; }}; touch {tmp_path}/made")
    here.put("ssh", "echo configuration")
    make = task_of(step, "Create repository")
    assert here.carry_out(make) == Said("changed\n")
    proof = (tmp_path / "opened").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", proof)
    here.put("borg", "echo already exists; [ $1 != init ]")
    assert here.carry_out(make) == Said()
    assert (tmp_path / "opened").read_text() == proof
    assert here.run(step.access.passphrase_command) == Said("secret\n")


@pytest.mark.parametrize("wrong", ["", "line 7"])
def test_what_a_running_postgresql_makes_of_its_rules_is_asked(here: Here, tmp_path: Path, wrong: str) -> None:
    programs, settings = tmp_path / "lib/17/bin", tmp_path / "etc/17/main"
    for folder in (programs, settings):
        folder.mkdir(parents=True)
    (settings / "postgresql.conf").touch()
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n\n\n5432\n/run/postgresql\n")
    here.put("runuser", 'shift 3; exec "$@"')
    for name, says in (("postgres", str(tmp_path)), ("psql", wrong)):
        here.put(name, f"echo '{says}'")
        (here.programs / name).rename(programs / name)
    test = configuration_test("postgresql@17-main.service")
    test = test.replace("/etc/postgresql", f"{tmp_path}/etc").replace("/usr/lib/postgresql", f"{tmp_path}/lib")
    assert here.sh("-s", said=test) == Said(f"{wrong}\n" if wrong else "", bool(wrong))


def test_the_groups_of_an_account_are_asked(here: Here) -> None:
    assert list(Membership(account="root", group="root").check(here, {})) == []
    assert len(list(Membership(account="root", group="no-such-group").check(here, {}))) == 1
    assert len(list(Membership(account="no-such-account", group="adm").check(here, {}))) == 1
