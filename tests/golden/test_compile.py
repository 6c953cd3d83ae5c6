"""Every folder under `compile/` is a contract with the Ansible project that it becomes, byte for byte.

A new case is a new folder. `OPSPACT_ACCEPT=1` writes down what comes out now. `expected/` holds the project, but the
on-host programs and plugins, which are opspact's own sources: `project.txt` has the digests of all files.
The case `reference` is the contract at the repository's top.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from opspact.compile.build import build
from opspact.compile.project import Project, project
from opspact.compile.shape import Work
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[2]
CASES = Path(__file__).parent / "compile"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"
DAY = date(2026, 3, 2)
OWN_SOURCES = (".py", "ansible.cfg")
PROGRAMS = Path(sys.executable).parent


def cases() -> list[str]:
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


def tree_of(case: str) -> dict[str, bytes]:
    return read_tree(TOP if case == "reference" else CASES / case)


def work_of(tree: Mapping[str, bytes]) -> Mapping[str, Work]:
    return build(resolve(tree), day=DAY)


def inventory_of(tree: Mapping[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in tree.items() if path.startswith("inventory/")}


def compiled(case: str) -> Project:
    tree = tree_of(case)
    return project(work_of(tree), inventory_of(tree))


def listed(made: Project) -> str:
    files = (f"{sha256(data).hexdigest()}  {path}" for path, data in sorted(made.files.items()))
    return "\n".join([f"{made.digest}  the whole project", *files]) + "\n"


def kept(case: str, made: Project) -> dict[str, bytes]:
    own = inventory_of(tree_of(case))
    files = {path: data for path, data in made.files.items() if path not in own and not path.endswith(OWN_SOURCES)}
    return {**files, "project.txt": listed(made).encode()}


def stored(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(files: Mapping[str, bytes], folder: Path) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


@pytest.mark.parametrize("case", cases())
def test_the_contract_becomes_exactly_this_project(case: str) -> None:
    files = kept(case, compiled(case))
    expected = CASES / case / "expected"
    if ACCEPT:
        shutil.rmtree(expected, ignore_errors=True)
        write(files, expected)
    assert sorted(stored(expected)) == sorted(files)
    assert stored(expected) == files


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every golden project, and for each case of them one more that takes everything away again."""
    folder = tmp_path_factory.mktemp("projects")
    for case in cases():
        tree = tree_of(case)
        write(compiled(case).files, folder / case)
        gone = {
            name: Work(remove=tuple(reversed([step for step in of_host.make if step.removal()])))
            for name, of_host in work_of(tree).items()
        }
        write(project(gone, inventory_of(tree)).files, folder / f"{case}-removed")
    return folder


def run(folder: Path, *command: str) -> None:
    environment = {
        "HOME": str(folder),
        "PATH": f"{PROGRAMS}:/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_project_passes_ansible_lints_production_profile(projects: Path) -> None:
    playbooks = sorted(path.relative_to(projects).as_posix() for path in projects.glob("*/site.yml"))
    assert len(playbooks) == 2 * len(cases())
    run(projects, "ansible-lint", "--offline", "--profile", "production", "--strict", *playbooks)


@pytest.mark.parametrize("suffix", ["", "-removed"])
def test_ansible_reads_every_project(projects: Path, suffix: str) -> None:
    for case in cases():
        folder = projects / f"{case}{suffix}"
        run(folder, "ansible-playbook", "--syntax-check", "-i", "inventory", "site.yml")


@pytest.mark.parametrize("case", cases())
def test_every_host_with_work_is_in_exactly_one_play(case: str) -> None:
    work = work_of(tree_of(case))
    groups = yaml.safe_load(compiled(case).files["inventory/zz-opspact-shapes.yml"])["all"]["children"]
    played = [host for group in groups.values() for host in group["hosts"]]
    assert sorted(played) == sorted(name for name, of_host in work.items() if of_host.make)
