"""`opspact backup restore` on the reference contract, as far as no host is needed."""

import shutil
from pathlib import Path

import pytest
from calling import Call

ROOT = Path(__file__).parents[3]
POLICY = ("daily-incremental", "--host", "db1")


@pytest.fixture(autouse=True)
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, tmp_path / "reference" / part)
    monkeypatch.chdir(tmp_path / "reference")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*POLICY, "--yes"), "--to DIR"),
        ((*POLICY, "--to", "restored", "--yes"), "absolute path"),
        ((*POLICY, "--to", "/srv/x", "--file", "etc/passwd", "--yes"), "absolute path"),
        ((*POLICY, "--file", "/etc/passwd", "--yes"), "--to DIR"),
        ((*POLICY, "--to", "/srv/x", "--as", "oa_restored", "--yes"), "--as is used with --database"),
        ((*POLICY, "--database", "oa", "--yes"), "--as oa_restored"),
        ((*POLICY, "--database", "oa", "--as", "oa", "--yes"), "never restored over the live one"),
        ((*POLICY, "--database", "mariadb/oa", "--yes"), "--as oa_restored"),
        ((*POLICY, "--database", "mariadb/oa", "--as", "oa", "--yes"), "never restored over the live one"),
        ((*POLICY, "--database", "mariadb/oa", "--as", "mariadb/oa", "--yes"), "never restored over the live one"),
        (
            (*POLICY, "--database", "mariadb/oa", "--as", "ob", "--yes"),
            "does not back up the database mariadb/oa",
        ),
        ((*POLICY, "--database", "oa", "--as", "ob", "--to", "/srv/x", "--yes"), "--database cannot be used with"),
        ((*POLICY, "--database", "ob", "--as", "oc", "--yes"), "oa"),
        (("daily-incremental", "--host", "app1", "--database", "oa", "--as", "ob", "--yes"), "does not back up"),
        (("daily", "--host", "db1", "--to", "/srv/x", "--yes"), "unknown backup policy"),
        (("daily-incremental", "--host", "backup1", "--to", "/srv/x", "--yes"), "does not back up backup1"),
        ((*POLICY, "--to", "/srv/x", "--at", "yesterday", "--yes"), "--at"),
        ((*POLICY, "--to", "/srv/x"), "--yes"),
        ((*POLICY, "--to", "/", "--yes"), "absolute path"),
        ((*POLICY, "--to", "/srv/../etc", "--yes"), "absolute path"),
        (("daily", "--host", "db1", "--to", "/srv/x"), "unknown backup policy"),
        (("daily-incremental", "--host", "nowhere", "--to", "/srv/x"), "does not back up nowhere"),
        ((*POLICY, "--database", "oa", "--as", "名" * 22, "--yes"), "63 bytes at most, got 66"),
        ((*POLICY, "--database", "oa", "--as", "oa\nb", "--yes"), "control characters"),
        ((*POLICY, "--database", "oa", "--as", " ", "--yes"), "blanks"),
    ],
)
def test_what_does_not_say_one_thing_is_refused(opspact: Call, arguments: tuple[str, ...], words: str) -> None:
    said = opspact("backup", "restore", *arguments)
    assert (said.code, said.out, words in said.err) == (2, "", True), said.err
