"""The files of a contract, read from a folder."""

import os
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.schema.contract_files import read_tree
from opspact.schema.yaml import limits


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def said(root: Path) -> list[str]:
    with pytest.raises(Refused) as refused:
        read_tree(root)
    return [str(problem) for problem in refused.value.problems]


def test_only_the_contracts_own_folders_are_read_without_hidden_files(tmp_path: Path) -> None:
    kept = ["files/oa.conf", "inventory/hosts.yaml", "policies/sub/a.yaml", "runbooks/restore.md"]
    write(
        tmp_path,
        *kept,
        ".git/config",
        ".opspact/ledger",
        "policies/.a.yaml.swp",
        "policies/a.yaml~",
        "policies/#a.yaml#",
        "policies/.gitkeep",
        "policies/.x/notes",
        "files/.x/a.yaml",
        "src/a.py",
        "README",
    )
    assert {name: name.encode() for name in kept} == read_tree(tmp_path)
    assert kept == list(read_tree(tmp_path))


def test_a_hidden_policy_is_not_passed_over_and_an_editors_lock_is(tmp_path: Path) -> None:
    write(tmp_path, "policies/a.yaml", "policies/.b.yaml", "policies/.draft/c.yml")
    (tmp_path / "policies/.#a.yaml").symlink_to("somebody@desk.4711:1760000000")
    assert list(read_tree(tmp_path)) == ["policies/.b.yaml", "policies/.draft/c.yml", "policies/a.yaml"]


def test_an_empty_folder_has_no_files(tmp_path: Path) -> None:
    assert read_tree(tmp_path) == {}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    assert [f"{missing}: no such directory (expected the directory that contains policies/ and inventory/)"] == said(
        missing
    )


def test_links_inside_the_contract_are_followed(tmp_path: Path) -> None:
    write(tmp_path, "files/a")
    (tmp_path / "files/b").symlink_to("a")
    assert read_tree(tmp_path) == {"files/a": b"files/a", "files/b": b"files/a"}


def test_links_out_of_the_contract_to_folders_and_to_nowhere_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "contract"
    write(root, "policies/a.yaml")
    write(tmp_path, "outside")
    (root / "policies/out.yaml").symlink_to(tmp_path / "outside")
    (root / "policies/loop.yaml").symlink_to("loop.yaml")
    (root / "policies/nowhere.yaml").symlink_to("gone")
    (root / "policies/self").symlink_to(".")
    assert said(root) == [
        "policies/loop.yaml: cannot read the file: the symbolic link points to itself",
        "policies/nowhere.yaml: cannot read the file: No such file or directory",
        "policies/out.yaml: the symbolic link points outside the contract (copy the file here)",
        "policies/self: symbolic links to directories are not followed (replace it with a directory)",
    ]


def test_a_contracts_folder_that_is_itself_a_link_out_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/a.yaml")
    root = tmp_path / "contract"
    root.mkdir()
    (root / "policies").symlink_to(tmp_path / "elsewhere")
    assert said(root) == ["policies/a.yaml: the symbolic link points outside the contract (copy the file here)"]


def test_pipes_and_names_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "policies/a.yaml")
    os.mkfifo(tmp_path / "policies/pipe.yaml")
    Path(os.fsdecode(os.fsencode(tmp_path / "policies") + b"/\xff.yaml")).write_text("x")
    assert said(tmp_path) == [
        r"policies/\udcff.yaml: the file name is not UTF-8 (rename it)",
        "policies/pipe.yaml: neither a file nor a directory (remove it)",
    ]


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    write(tmp_path, "files/large")
    os.truncate(tmp_path / "files/large", limits.TREE_FILE_BYTES + 1)
    assert said(tmp_path) == ["files/large: the file has 16,777,217 bytes; the limit is 16,777,216"]
