"""Secrets from the environment, from files, from the vault; and every way of not having them."""

import os
import subprocess
from pathlib import Path

import pytest
from ansible.parsing.vault import (  # type: ignore[import-untyped]  # ansible-core ships no types
    VaultLib,
    VaultSecret,
)

from opspact.errors import Refused
from opspact.fleet.secrets import resolve
from opspact.values.secret import SecretReference

ENV = SecretReference("env", "OPSPACT_TEST_SECRET")
FILE = SecretReference("file", "keys/borg")
VAULT = SecretReference("vault", "borg")


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    folder = tmp_path / "contract"
    (folder / "policies").mkdir(parents=True)
    (folder / "keys").mkdir()
    return folder


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def seal(contract: Path, text: str, password: Path) -> None:
    write(password, b"open sesame\n")
    sealed = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(text)
    write(contract / "secrets.vault.yaml", sealed)


def refusal(*references: SecretReference, contract: Path) -> list[str]:
    with pytest.raises(Refused) as caught:
        resolve(references, contract)
    return [problem.message for problem in caught.value.problems]


@pytest.mark.slow
def test_each_kind_of_reference_gives_its_secret_without_the_newline_at_its_end(
    contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSPACT_TEST_SECRET", "one\n")
    write(contract / "keys" / "borg", b"two words\nsecond line\r\n")
    seal(contract, "borg: 012\nother: yes\n", tmp_path / "password")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    found = resolve([ENV, FILE, VAULT, VAULT], contract)
    assert {reference: secret.reveal() for reference, secret in found.items()} == {
        ENV: "one",
        FILE: "two words\nsecond line",
        VAULT: "012",
    }


@pytest.mark.slow
def test_a_password_file_that_is_named_wins(contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(contract, "borg: sesame\n", tmp_path / "password")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/nowhere")
    assert resolve([VAULT], contract, vault_password_file=tmp_path / "password")[VAULT].reveal() == "sesame"


def test_without_references_nothing_is_opened(contract: Path) -> None:
    assert resolve([], contract) == {}


def test_all_that_is_missing_is_said_at_once_with_the_way_out(contract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSPACT_TEST_SECRET", raising=False)
    with pytest.raises(Refused) as caught:
        resolve([VAULT, FILE, ENV], contract)
    problems = caught.value.problems
    assert [(problem.place.file, problem.code) for problem in problems] == [
        ("secret:env:OPSPACT_TEST_SECRET", "OP040"),
        ("secret:file:keys/borg", "OP040"),
        ("secret:vault:borg", "OP040"),
    ]
    assert problems[0].message == "the environment variable OPSPACT_TEST_SECRET is not set"
    assert problems[1].message.endswith("keys/borg: No such file or directory")
    assert problems[2].message == "secrets.vault.yaml does not exist"
    assert all(problem.hint for problem in problems)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_refused(contract: Path, mode: int) -> None:
    write(contract / "keys" / "borg", b"x", mode)
    (message,) = refusal(FILE, contract=contract)
    assert "readable by other users" in message


def test_a_file_among_the_policies_is_refused_through_a_link_too(contract: Path) -> None:
    write(contract / "policies" / "borg", b"x")
    (contract / "keys" / "borg").symlink_to("../policies/borg")
    (message,) = refusal(FILE, contract=contract)
    assert "is below policies/" in message


def test_a_file_that_git_keeps_is_refused(contract: Path) -> None:
    write(contract / "keys" / "borg", b"x")
    for arguments in (["init", "-q"], ["add", "keys/borg"]):
        subprocess.run(["git", *arguments], cwd=contract, check=True)
    (message,) = refusal(FILE, contract=contract)
    assert "tracked by git" in message


def test_a_file_in_a_repository_that_git_does_not_read_is_refused(contract: Path) -> None:
    write(contract / "keys" / "borg", b"x")
    subprocess.run(["git", "init", "-q"], cwd=contract, check=True)
    (contract / ".git/config").write_text("[core]\n\trepositoryformatversion = 9\n")
    (message,) = refusal(FILE, contract=contract)
    assert "git cannot tell whether it is tracked: Expected git repo version" in message


def test_a_file_beside_git_but_not_in_it_is_taken(contract: Path) -> None:
    write(contract / "keys" / "borg", b"x")
    subprocess.run(["git", "init", "-q"], cwd=contract, check=True)
    assert resolve([FILE], contract)[FILE].reveal() == "x"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the secret is empty"),
        (b"\n\n", "the secret is empty"),
        (b"a\0b", "the secret contains a zero byte"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"x" * ((1 << 20) + 1), "larger than 1048576 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(contract: Path, content: bytes, expected: str) -> None:
    write(contract / "keys" / "borg", content)
    (message,) = refusal(FILE, contract=contract)
    assert message.endswith(expected)


def test_a_pipe_is_refused_and_not_waited_for(contract: Path) -> None:
    os.mkfifo(contract / "keys" / "borg", 0o600)
    (message,) = refusal(FILE, contract=contract)
    assert message.endswith("not a regular file")


def test_a_vault_without_its_password_says_how_to_give_it(
    contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(contract, "borg: x\n", tmp_path / "password")
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)
    with pytest.raises(Refused) as caught:
        resolve([VAULT], contract)
    assert caught.value.problems[0].message == "the password of secrets.vault.yaml is not available"
    assert "export ANSIBLE_VAULT_PASSWORD_FILE=" in caught.value.problems[0].hint


@pytest.mark.slow
def test_a_wrong_password_is_told(contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(contract, "borg: x\n", tmp_path / "password")
    write(tmp_path / "wrong", b"close sesame\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "wrong"))
    (message,) = refusal(VAULT, contract=contract)
    reason = "Decryption failed (no vault secrets were found that could decrypt)"
    assert message == f"cannot decrypt secrets.vault.yaml: {reason}"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["- a\n", "borg: [CANARY\n", "borg: CANARY\nborg: CANARY\n"])
def test_a_vault_that_is_no_mapping_is_told_without_a_word_of_it(
    contract: Path, tmp_path: Path, *, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    seal(contract, text, tmp_path / "password")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(Refused) as caught:
        resolve([VAULT], contract)
    assert "is not a mapping of NAME: value" in str(caught.value)
    assert "CANARY" not in repr((str(caught.value), caught.value.problems, caught.value.hint))


@pytest.mark.slow
def test_an_entry_that_the_vault_does_not_have_is_told(
    contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(contract, "other: x\n", tmp_path / "password")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    assert refusal(VAULT, contract=contract) == ["secrets.vault.yaml has no entry borg"]


@pytest.mark.slow
def test_settings_of_ansible_that_lie_in_the_contract_do_not_count(
    contract: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(contract, "borg: sesame\n", tmp_path / "password")
    (contract / "ansible.cfg").write_text("[defaults]\nvault_identity_list = x@/nowhere\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.chdir(contract)
    assert resolve([VAULT], contract)[VAULT].reveal() == "sesame"
