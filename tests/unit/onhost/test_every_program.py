"""What holds for all on-host programs: they need nothing but python3, and say what is wrong with their settings."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from programs import PROGRAMS, READER, Machine, source

from opspact.model.job import JOB_KINDS
from opspact.steps import host_program
from opspact.verify.batch import batch_program

OLDEST = (3, 9)
EVERY = (*PROGRAMS, READER)


def imported(name: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def test_the_programs_are_those_of_the_table_of_job_kinds() -> None:
    assert {kind.program for kind in JOB_KINDS.values() if kind.is_carried_out} == set(PROGRAMS)


@pytest.mark.parametrize("name", EVERY)
def test_a_program_imports_the_standard_library_alone(name: str) -> None:
    assert imported(name) - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("name", EVERY)
def test_an_older_python_reads_it(name: str) -> None:
    assert ast.parse(source(name), feature_version=OLDEST).body


@pytest.mark.parametrize("name", EVERY)
def test_no_name_of_a_program_hides_one_that_programs_share(name: str) -> None:
    """They stand in one file on hosts: a constant that is defined twice would change what the shared part does."""
    defined: list[str] = []
    for node in ast.parse(source(name)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.append(node.name)
        elif isinstance(node, ast.Assign):
            defined += [target.id for target in node.targets if isinstance(target, ast.Name)]
    assert len(defined) == len(set(defined)), sorted(each for each in set(defined) if defined.count(each) > 1)
    assert {"CannotRun", "Spool", "open_spool", "read_state"} <= set(defined)


TEXTS = {
    **{name: source(name) for name in EVERY},
    **{program.parts[-1]: program.text for program in host_program.PROGRAMS},
    "program_batch": batch_program(),
    "host_state": source("host_state"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_program_knows_every_name_that_it_uses(name: str) -> None:
    """They are put together of parts: one that is left out is noticed nowhere else than on hosts."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    rules = ["--isolated", "--no-cache", "--target-version", "py39", "--select", "F821"]
    done = subprocess.run(
        [ruff, "check", *rules, "-"], input=TEXTS[name], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "All checks passed!\n")


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_settings_that_are_missing_broken_or_no_object_are_named(name: str, machine: Machine) -> None:
    action = ["prune"] if name == "repository" else []
    broken = machine.folder / "broken.json"
    for text, words in (("{", "cannot read"), ("[1]", "not a JSON object"), ("{}", "'job'")):
        broken.write_text(text)
        done = machine.run(name, broken, *action)
        assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    done = machine.run(name, machine.folder / "missing.json", *action)
    assert (done.returncode, "missing.json" in done.stderr) == (2, True)
    assert machine.run(name).returncode == 2


@pytest.mark.parametrize("name", PROGRAMS)
def test_settings_that_lack_something_leave_a_result_that_says_so(name: str, machine: Machine) -> None:
    action = ["prune"] if name == "repository" else []
    done = machine.run(name, machine.settings(job="inspection/daily"), *action)
    assert (done.returncode, "Traceback" in done.stderr) == (2 if name != "backup" else 1, False)
    (result,) = machine.results("inspection/daily")
    assert (result["outcome"], result["sequence"]) == ("failed", 1)
    assert "KeyError" in result["message"]
