"""`opspact init`: a contract to begin with, in which everything works, written over nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from calling import Call

from opspact.report.json_schema import schema_files
from opspact.schema.yaml.nodes import plain
from opspact.schema.yaml.reader import read_yaml


@pytest.fixture
def begun(opspact: Call, tmp_path: Path) -> Path:
    folder = tmp_path / "begun"
    said = opspact("init", str(folder))
    assert (said.code, said.err) == (0, "")
    return folder


def policies(folder: Path) -> Iterator[Path]:
    return (path for part in ("policies", "runbooks") for path in (folder / part).rglob("*.yaml"))


def test_what_it_writes_checks_clean(opspact: Call, begun: Path) -> None:
    said = opspact("--contract", str(begun), "check", "--format", "json")

    assert said.code == 0
    summary = json.loads(said.out)["summary"]
    assert (summary["errors"], summary["warnings"], summary["notes"]) == (0, 0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [("trace",), ("plan",), ("oncall", "gaps"), ("compile", "--out", "{}/../out")],
    ids=lambda words: words[0],
)
def test_the_commands_of_its_readme_work(opspact: Call, begun: Path, arguments: tuple[str, ...]) -> None:
    said = opspact("--contract", str(begun), *(word.format(begun) for word in arguments))

    assert (said.code, said.err) == (0, "")


def test_every_clause_is_kept(opspact: Call, begun: Path) -> None:
    reported = json.loads(opspact("--contract", str(begun), "trace", "--format", "json").out)

    assert reported["clauses"]
    assert [clause["name"] for clause in reported["clauses"] if not clause["policies"]] == []


def test_editors_find_the_schema_of_each_policy_and_nothing_is_underlined(begun: Path) -> None:
    found = list(policies(begun))
    assert len(found) == 6
    for path in found:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        schema = json.loads((path.parent / first.removeprefix("# yaml-language-server: $schema=")).read_bytes())
        read = read_yaml(path.name, path.read_bytes())
        for document in read.documents:
            jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(plain(document))))


def test_editors_find_the_schema_of_documents_behind_the_first_one(begun: Path) -> None:
    schemas = json.loads((begun / ".vscode" / "settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
    ((schema, patterns),) = schemas.items()
    assert (begun / schema).is_file()
    assert sorted(path for pattern in patterns for path in begun.glob(pattern)) == sorted(policies(begun))


def test_the_machine_s_own_state_stays_out_of_git(begun: Path) -> None:
    assert ".opspact/" in (begun / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(opspact: Call, tmp_path: Path) -> None:
    folder = tmp_path / "filled"
    folder.mkdir()
    for name in "abcde":
        (folder / name).write_text(name, encoding="utf-8")

    said = opspact("init", str(folder))

    assert said.code == 2
    assert sorted(path.name for path in folder.iterdir()) == list("abcde")


def test_a_file_in_the_way_is_refused(opspact: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    said = opspact("init", str(tmp_path / "file"))

    assert said.code == 2
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_new_repository_of_git_is_as_good_as_empty(opspact: Call, tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)

    assert opspact("init", str(tmp_path / "repository")).code == 0
    assert (tmp_path / "repository" / "policies" / "contract.yaml").is_file()


def test_what_cannot_be_written_leaves_nothing_behind(opspact: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    said = opspact("init", str(tmp_path / "file" / "below"))

    assert (said.code, said.out) == (3, "")
    assert not (tmp_path / "file" / "below").exists()


@pytest.mark.slow
def test_schema_out_writes_every_schema_and_again_over_them(opspact: Call, tmp_path: Path) -> None:
    for _ in range(2):
        said = opspact("schema", "--out", str(tmp_path / "schema"))
        assert said.code == 0

    assert "$schema=../schema/policy.schema.json" in said.out
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "schema").iterdir()} == schema_files()


def test_schema_out_of_one_kind_is_refused(opspact: Call, tmp_path: Path) -> None:
    said = opspact("schema", "team", "--out", str(tmp_path / "schema"))

    assert said.code == 2
    assert not (tmp_path / "schema").exists()
