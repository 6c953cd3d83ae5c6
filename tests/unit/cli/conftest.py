"""A tiny contract: its one host is this machine, its one file lies in a temporary folder. Ways to call opspact."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from approving import Approved, approved_contract
from calling import Call, Contract, Said

from opspact.cli.main import main
from opspact.fleet import lock, session
from opspact.model import names

CONTRACT = """\
kind: contract
name: tiny
customer: {zh: 甲方, en: Customer}
provider: {zh: 乙方, en: Provider}
period: 2026-01-01..2099-12-31
zone: Asia/Shanghai
language: zh-CN
---
kind: clause
name: C1
section: "1"
text: {zh: 一, en: One}
kept_by: opspact
evidence_within: 31 days
---
kind: team
name: operators
clauses: [C1]
text: {zh: 运维, en: Operators}
"""
ACCEPTED = """\
---
kind: accepted
name: {name}
finding: {code}
where: policies/contract.yaml#tiny
only: [here, db1, backup1]
reason: it is tiny
by: operators
until: 2099-12-31
"""
LIVED_WITH = {"OP220": "no-inspection", "OP221": "no-backup", "OP223": "no-access"}
"""What is found about a contract that has next to nothing."""
SERVICE = """\
kind: service
name: note
clauses: [C1]
hosts: here
owner: operators
files:
  - {path: %s, source: files/note}
"""
INVENTORY = "all: {hosts: {here: {ansible_connection: local, ansible_become: false}}}\n"


@pytest.fixture(autouse=True)
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contract:
    made = Contract(tmp_path / "contract", tmp_path / "kept")
    accepted = (ACCEPTED.format(name=name, code=code) for code, name in LIVED_WITH.items())
    made.write("policies/contract.yaml", CONTRACT + "".join(accepted))
    made.write("policies/note.yaml", SERVICE % made.kept)
    made.write("inventory/hosts.yaml", INVENTORY)
    made.write("files/note", "first line\nsecond line\n")
    monkeypatch.setattr(names, "FENCE", str(tmp_path / "fence"))
    monkeypatch.setattr(names, "FENCED_PYTHON", str(tmp_path / "state/python-"))
    monkeypatch.setattr(names, "FORMER_FILES", str(tmp_path / "former-files"))
    monkeypatch.setattr(names, "MANIFESTS", str(tmp_path / "manifests"))  # it is the host of many tests at once
    monkeypatch.setattr(
        session, "RELEASE_STALE_LOCK", lock.RELEASE_STALE_LOCK.replace(names.HOST_LOCK, str(tmp_path / "lock"))
    )
    monkeypatch.setattr(lock, "HOST_LOCK", str(tmp_path / "lock"))
    monkeypatch.chdir(made.folder)
    for name in ("OPSPACT_LEDGER", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def opspact(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the program in this process."""

    def call(*arguments: str, environment: Mapping[str, str] | None = None) -> Said:
        assert environment is None, "only a process of its own has an environment of its own"
        code = main(list(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def program() -> Call:
    """Call the program in a process of its own."""

    def call(*arguments: str, environment: Mapping[str, str] | None = None) -> Said:
        command = [sys.executable, "-m", "opspact", *arguments]
        inherited = {**os.environ, **(environment or {})}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=inherited, timeout=60, stdin=subprocess.DEVNULL
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def approved(contract: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch) -> Approved:
    return approved_contract(contract, opspact, monkeypatch)
