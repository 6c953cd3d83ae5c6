"""`opspact rebuild`, as far as no host is needed: what it refuses, and that nothing is recorded then."""

import re
import shutil
from pathlib import Path

import pytest
from calling import Call, Contract

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["her", "--yes"], 2, 'no host "her"'),
        (["her"], 2, 'no host "her"'),
        (["here"], 2, "no terminal"),
        (["here", "--yes"], 4, "no copy of here that counts is known"),
        (["here", "--yes"], 4, "no policy backs it up"),
        (["here", "--yes", "--resume"], 4, "no rebuild of here is unfinished"),
    ],
)
def test_what_cannot_be_done_is_refused(
    contract: Contract, opspact: Call, *, arguments: list[str], code: int, words: str
) -> None:
    said = opspact("rebuild", *arguments)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert "run.started" not in opspact("ledger", "show").out
    assert not list(contract.folder.glob("**/rebuilding"))


def test_a_host_whose_backup_server_does_not_answer_is_not_to_be_applied_first(
    tmp_path: Path, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("policies", "inventory", "files", "runbooks"):
        shutil.copytree(ROOT / part, tmp_path / "reference" / part)
    hosts = tmp_path / "reference/inventory/hosts.yaml"
    closed = re.sub(r"ansible_host: [0-9.]+", "ansible_host: 127.0.0.1, ansible_port: 1", hosts.read_text())
    hosts.write_text(closed)
    monkeypatch.chdir(tmp_path / "reference")
    said = opspact("rebuild", "db1", "--yes")
    assert said.code == 4
    assert "restore the connection to backup1; do not apply the policies to db1" in " ".join(said.err.split())
