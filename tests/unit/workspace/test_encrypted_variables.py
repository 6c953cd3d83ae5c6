"""Variable files that ansible-vault encrypted as a whole: their names are known, their values are nowhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ansible.parsing.vault import (  # type: ignore[import-untyped]  # ansible-core ships no types
    VaultLib,
    VaultSecret,
)

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.compile.project import project
from opspact.errors import Refused
from opspact.schema.inventory.statements import Vaulted
from opspact.workspace.workspace import Workspace

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CONTRACT = """kind: contract
name: office
customer: {en: Customer}
provider: {en: Provider}
period: 2026-01-01..2026-12-31
zone: Asia/Shanghai
language: en
"""
SERVICE = """kind: service
name: notice
hosts: all
owner: operations
files: [{path: /etc/motd, template: files/motd.j2}]
"""
TEAM = "kind: team\nname: operations\ntext: {en: Operations}\n"
FILE = "inventory/group_vars/web/vault.yml"


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "contract"
    texts = {
        "policies/all.yaml": f"{CONTRACT}---\n{TEAM}---\n{SERVICE}",
        "inventory/hosts.yaml": "web: {hosts: {app1: {}}}\n",
        "inventory/group_vars/web/vars.yml": "port: 80\ntoken: open\n",
        "files/motd.j2": "port {{ port }}\n",
        "../password": "open sesame\n",
        "../wrong": "close sesame\n",
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    seal(folder, "token: CANARY-7731\nother: [CANARY-7732]\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    return folder


def seal(folder: Path, text: str) -> None:
    sealed = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(text)
    (folder / FILE).write_bytes(sealed)


def test_the_names_are_known_and_the_values_are_nowhere(contract: Path) -> None:
    compiled = Workspace(contract, NOW).compiled(recorded=False)
    variables = compiled.contract.inventory.hosts["app1"].variables
    assert {name: isinstance(value, Vaulted) for name, value in variables.items()} == {
        "port": False,
        "token": True,
        "other": True,
    }
    assert "CANARY" not in repr(compiled)
    made = project(compiled.work, compiled.inventory_files)
    assert made.files[FILE] == (contract / FILE).read_bytes()
    assert not [path for path, data in made.files.items() if b"CANARY" in data]


@pytest.mark.parametrize("case", ["none, ANSIBLE_VAULT_PASSWORD_FILE", "wrong, password file"])
def test_without_the_password_it_is_refused(contract: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    password, hint = case.split(", ")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "" if password == "none" else str(contract.parent / password))
    with pytest.raises(Refused) as refused:
        Workspace(contract, NOW).contract()
    (problem,) = refused.value.problems
    assert (problem.place.file, hint in problem.hint) == (FILE, True)


@pytest.mark.parametrize("text", ["- CANARY\n", "token: [CANARY\n", "token: CANARY\ntoken: CANARY\n: x\n"])
def test_what_is_no_mapping_is_refused_without_its_content(contract: Path, text: str) -> None:
    seal(contract, text)
    with pytest.raises(Refused) as refused:
        Workspace(contract, NOW).contract()
    assert [problem.place.file for problem in refused.value.problems] == [FILE]
    assert "CANARY" not in repr((str(refused.value), refused.value.problems))


def test_a_connection_variable_in_it_is_refused_like_any_encrypted_one(contract: Path) -> None:
    seal(contract, "ansible_host: CANARY-7731\n")
    found = analyse(RuleContext(Workspace(contract, NOW).contract(), NOW.date()), [RULES["OP211"]])
    assert ["ansible_host" in finding.message for finding in found] == [True]
    assert "CANARY" not in repr(found)


def test_a_template_cannot_use_it(contract: Path) -> None:
    (contract / "files/motd.j2").write_text("{{ token }}\n")
    with pytest.raises(Refused) as refused:
        Workspace(contract, NOW).compiled(recorded=False)
    assert [problem.code for problem in refused.value.problems] == ["OP110"]


def test_an_inventory_that_ansible_prints_is_refused_with_it(contract: Path) -> None:
    with pytest.raises(Refused) as refused:
        Workspace(contract, NOW, trust_inventory=True).contract()
    assert [problem.place.file for problem in refused.value.problems] == [FILE]
