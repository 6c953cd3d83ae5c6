"""Public keys are what they say; private keys are never repeated."""

import base64
import subprocess
from pathlib import Path

import pytest

from opspact.schema.codes import Code
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.ssh_keys import parse_public_key


def made(folder: Path, *kind: str) -> Path:
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "li-na", "-f", key, "-t", *kind], check=True)
    return key


@pytest.mark.parametrize("kind", [["ed25519"], ["rsa", "-b", "2048"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "521"]])
def test_keys_of_ssh_keygen_are_read_with_their_fingerprint(kind: list[str], tmp_path: Path) -> None:
    public = made(tmp_path, *kind).with_suffix(".pub")
    listed = subprocess.run(["ssh-keygen", "-l", "-f", public], check=True, capture_output=True, text=True).stdout
    key = parse_public_key(public.read_text())
    assert listed.split()[1] == key.fingerprint
    assert public.read_text().strip() == str(key)
    assert key.comment == "li-na"


@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
def test_private_keys_are_refused_and_not_repeated(form: str, tmp_path: Path) -> None:
    private = made(tmp_path, "rsa", "-b", "2048")
    if form != "RFC4716":
        subprocess.run(["ssh-keygen", "-q", "-p", "-N", "", "-P", "", "-m", form, "-f", private], check=True)
    with pytest.raises(InvalidValueError) as refused:
        parse_public_key(private.read_text())
    assert (refused.value.secret, refused.value.code) == (True, Code.BAD_SECRET)
    assert private.read_text().splitlines()[1] not in refused.value.message


@pytest.mark.parametrize("cut", [1, 4, 20, 40])
def test_a_key_that_is_not_whole_is_refused(cut: int, tmp_path: Path) -> None:
    kind, blob, _ = made(tmp_path, "ed25519").with_suffix(".pub").read_text().split()
    content = base64.b64decode(blob)
    with pytest.raises(InvalidValueError):
        parse_public_key(f"{kind} {base64.b64encode(content[:-cut]).decode()}")


def test_a_weak_rsa_key_is_refused(tmp_path: Path) -> None:
    public = made(tmp_path, "rsa", "-b", "1024").with_suffix(".pub").read_text()
    with pytest.raises(InvalidValueError, match=r"\b1024\b") as refused:
        parse_public_key(public)
    assert refused.value.code is Code.BAD_FORM


def test_a_second_line_is_refused(tmp_path: Path) -> None:
    public = made(tmp_path, "ed25519").with_suffix(".pub").read_text()
    with pytest.raises(InvalidValueError) as refused:
        parse_public_key(public + public)
    assert refused.value.code is Code.BAD_FORM
