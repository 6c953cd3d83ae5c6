"""What holds for all on-host programs: they need nothing but python3, and keep results whole or not at all."""

import ast
import fcntl
import json
import sys
from pathlib import Path

import pytest
from programs import PROGRAMS, Machine, source

OLDEST = (3, 9)
INSPECTION = {"policy": "daily", "items": [{"item": "memory"}]}


def imported(name: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_imports_the_standard_library_alone(name: str) -> None:
    assert imported(name) - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_older_python_reads_it(name: str) -> None:
    assert ast.parse(source(name), feature_version=OLDEST).body


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_programs_share_stands_in_each_of_them_once(name: str) -> None:
    functions = [node.name for node in ast.walk(ast.parse(source(name))) if isinstance(node, ast.FunctionDef)]
    shared = ["utc", "read_configuration", "own_spool", "write_atomically", "keep_result"]
    assert [functions.count(function) for function in shared] == [1, 1, 1, 1, 1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_settings_that_are_missing_broken_or_no_object_are_named(name: str, machine: Machine) -> None:
    action = ["prune"] if name == "repository" else []
    broken = machine.folder / "broken.json"
    for text, words in (("{", "cannot read"), ("[1]", "not a JSON object"), ("{}", "'policy'")):
        broken.write_text(text)
        done = machine.run(name, broken, *action)
        assert (done.returncode, words in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    done = machine.run(name, machine.folder / "missing.json", *action)
    assert (done.returncode, "missing.json" in done.stderr) == (2, True)
    assert machine.run(name).returncode == 2


def test_a_result_is_a_whole_file_that_root_and_the_group_may_read(machine: Machine) -> None:
    assert machine.run("inspection", machine.settings(**INSPECTION)).returncode == 0
    (path,) = (machine.spool / "inspection/daily").glob("2*.json")
    assert (path.stat().st_mode & 0o777, path.name[8], path.name[-6:]) == (0o640, "T", "Z.json")
    result = json.loads(path.read_text())
    assert [result[key] for key in ("schema", "version", "policy", "host")] == [
        "opspact/inspection-result",
        1,
        "daily",
        "db1",
    ]
    assert result["started"] <= result["ended"]


def test_an_overlapping_run_is_refused(machine: Machine) -> None:
    settings = machine.settings(**INSPECTION)
    machine.run("inspection", settings)
    with (machine.spool / "inspection/daily/.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = machine.run("inspection", settings)
    assert (done.returncode, "an earlier run still holds" in done.stderr) == (75, True)
    assert len(machine.results("inspection", "daily")) == 1


def test_only_the_newest_400_results_are_kept(machine: Machine) -> None:
    folder = machine.spool / "inspection/daily"
    folder.mkdir(parents=True)
    for number in range(410):
        (folder / f"20200101T000000.{number:06d}Z.json").write_text("{}")
    (folder / "notes.txt").write_text("not ours")
    machine.run("inspection", machine.settings(**INSPECTION))
    left = sorted(path.name for path in folder.glob("2*.json"))
    assert (len(left), left[0]) == (400, "20200101T000000.000011Z.json")
    assert (folder / "notes.txt").exists()


def test_a_spool_that_cannot_be_written_fails_and_leaves_nothing_half_done(machine: Machine) -> None:
    folder = machine.spool / "inspection/daily"
    folder.mkdir(parents=True)
    (folder / ".part").mkdir()
    done = machine.run("inspection", machine.settings(**INSPECTION))
    assert (done.returncode, "cannot keep the result" in done.stderr) == (1, True)
    assert list(folder.glob("2*.json")) == []


def test_a_spool_that_cannot_be_made_is_named(machine: Machine) -> None:
    Path(machine.spool).write_text("a file where a folder should be")
    done = machine.run("inspection", machine.settings(**INSPECTION))
    assert (done.returncode, "cannot use the spool" in done.stderr) == (1, True)
