"""Files of allowed signers, as auditors keep them, mean what ssh-keygen takes them to mean."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from signing import make_key, public_line

from opspact.errors import Refused
from opspact.fleet.allowed_signers import read_signers
from opspact.fleet.ssh_signature import Signer, allowed_signers

NAMESPACE = "opspact-ledger"
DAY = datetime(2026, 12, 31, tzinfo=UTC)


def test_names_times_and_namespaces_are_read(tmp_path: Path) -> None:
    key = " ".join(public_line(make_key(tmp_path)).split()[:2])
    file = tmp_path / "allowed"
    file.write_text(
        f"# whom we trust\n\nli-na,wang@example.com {key} a comment\n"
        f'zhang-wei namespaces="git,{NAMESPACE}",valid-before="20261231Z" {key}\n'
        f'other namespaces="git" {key}\n'
        f'last valid-after="202612310000Z"   {key}\n'
    )
    assert read_signers(file, namespace=NAMESPACE) == (
        Signer("li-na", key),
        Signer("wang@example.com", key),
        Signer("zhang-wei", key, None, DAY),
        Signer("last", key, DAY),
    )


def test_what_opspact_writes_is_read(tmp_path: Path) -> None:
    key = " ".join(public_line(make_key(tmp_path)).split()[:2])
    signer, file = Signer("li-na", key, DAY.replace(year=2025), DAY), tmp_path / "allowed"
    file.write_text(allowed_signers([signer], [NAMESPACE]))
    assert read_signers(file, namespace=NAMESPACE) == (signer,)


@pytest.mark.parametrize(
    "line",
    [
        "*@example.com KEY",
        "li-na cert-authority KEY",
        'li-na valid-before="20261231" KEY',  # local time, whichever that is
        'li-na valid-before="20261331Z" KEY',
        "li-na",
        "li-na ssh-ed25519 ***",
        "li-na ssh-ed25519 AAA",
        'li-na namespaces="git" KEY',
    ],
)
def test_what_might_mean_something_else_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "allowed"
    file.write_text(line.replace("KEY", public_line(make_key(tmp_path))) + "\n")
    with pytest.raises(Refused):
        read_signers(file, namespace=NAMESPACE)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        read_signers(tmp_path / "absent", namespace=NAMESPACE)
