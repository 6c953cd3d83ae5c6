"""Ansible itself runs a compiled project on this machine: names and contents arrive as they are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opspact.compile.project import project
from opspact.compile.shape import Work
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link

pytestmark = pytest.mark.slow

NAMES = (
    "it's \"{{ lookup('pipe', 'id') }}\" {% raw %} {# gone #}",
    "a'] }} {{ ['back\\slash # no comment",
    "`id`; & ~ * ? 办公🙂",
)
USER, GROUP = str(os.getuid()), str(os.getgid())
HOSTS = ("here", "there")
INVENTORY = b"all: {hosts: {here: , there: }, vars: {ansible_connection: local, ansible_become: false}}\n"


def ran(folder: Path, work: dict[str, Work], *arguments: str) -> str:
    for path, data in project(work, {"inventory/hosts.yaml": INVENTORY}).files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_NOCOLOR": "1",
    }
    command = ["ansible-playbook", "-i", "inventory", "site.yml", "-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_names_and_contents_arrive_as_they_are_and_leave_again(tmp_path: Path) -> None:
    place = tmp_path / "here"
    place.mkdir()
    steps = [
        step
        for name in NAMES
        for step in (
            Directory(path=str(place / name), owner=USER, group=GROUP),
            File(path=str(place / name / name), content=Content.of(f"{name} {{{{ 7 * 6 }}}}"), owner=USER, group=GROUP),
            Link(path=str(place / f"{name} link"), target=name),
        )
    ]
    make = tuple(sorted(steps, key=lambda step: step.order))
    ran(tmp_path / "project", {"here": Work(make)})
    for name in NAMES:
        assert (place / name / name).read_text(encoding="utf-8") == f"{name} {{{{ 7 * 6 }}}}"
        assert str((place / f"{name} link").readlink()) == name
    ran(tmp_path / "gone", {"here": Work(remove=tuple(reversed(make)))})
    assert list(place.iterdir()) == []


def test_each_host_gets_its_own_content_in_one_play(tmp_path: Path) -> None:
    path = str(tmp_path / 'it\'s {{ of }} "all"')
    work = {
        host: Work((File(path=path, content=Content.of(f"{host} {{{{ 7 * 6 }}}}\n"), owner=USER, group=GROUP),))
        for host in HOSTS
    }
    said = ran(tmp_path / "project", work, "--limit", "there")
    assert "Apply the policies to 2 hosts: here, there" in said
    assert Path(path).read_text(encoding="utf-8") == "there {{ 7 * 6 }}\n"
