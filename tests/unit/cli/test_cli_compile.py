"""`opspact compile`: the project is written whole, over its own earlier output and over nothing else."""

import json
from pathlib import Path

from calling import Call, Contract


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_project_is_written_and_its_digest_told(opspact: Call, tmp_path: Path) -> None:
    said = opspact("compile", "--out", str(tmp_path / "out"))

    assert said.code == 0
    assert {"site.yml", "ansible.cfg", "inventory/hosts.yaml"} <= files_of(tmp_path / "out")
    assert len(said.out.splitlines()[-1]) == 64


def test_the_same_contract_gives_the_same_bytes(opspact: Call, tmp_path: Path) -> None:
    one = opspact("compile", "--out", str(tmp_path / "one"), "--format", "json")
    two = opspact("compile", "--out", str(tmp_path / "two"), "--format", "json")

    assert json.loads(one.out)["digest"] == json.loads(two.out)["digest"]
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    for name in files_of(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_the_project_no_longer_has_is_gone_from_the_folder(
    contract: Contract, opspact: Call, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    opspact("compile", "--out", str(out))
    before = files_of(out)
    contract.write("files/note", "other\n")
    opspact("compile", "--out", str(out))

    assert len(before - files_of(out)) == 1
    assert len(files_of(out) - before) == 1


def test_caches_that_ansible_left_do_not_stand_in_the_way(opspact: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    opspact("compile", "--out", str(out))
    (out / "lookup_plugins/__pycache__").mkdir()
    (out / "lookup_plugins/__pycache__/x.pyc").write_bytes(b"")

    assert opspact("compile", "--out", str(out)).code == 0


def test_a_folder_with_other_files_is_refused_and_left_alone(opspact: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    said = opspact("compile", "--out", str(out))

    assert said.code == 2
    assert files_of(out) == {"thesis.txt"}


def test_a_file_added_to_an_earlier_output_is_not_swept_away(opspact: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    opspact("compile", "--out", str(out))
    (out / "notes.md").write_text("mine")

    assert opspact("compile", "--out", str(out)).code == 2
    assert (out / "notes.md").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_left_there(opspact: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = opspact("compile", "--out", str(tmp_path / "file" / "out"))

    assert said.code == 3
    assert "cannot write" in said.err


def test_a_contract_that_is_wrong_leaves_the_earlier_output_as_it_was(
    contract: Contract, opspact: Call, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    opspact("compile", "--out", str(out))
    before = (out / "site.yml").read_bytes()
    contract.write("policies/wrong.yaml", "kind: tem\nname: x\n")

    assert opspact("compile", "--out", str(out)).code == 2
    assert (out / "site.yml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".out")] == []
