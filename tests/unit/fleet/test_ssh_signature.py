"""Signatures by SSH keys: with OpenSSH's own programs, keys made for the test, and a clock that is given."""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from security_key import TOUCHED, VERIFIED, SecurityKey

from opspact.errors import OperationFailed, Refused
from opspact.fleet.ssh_signature import (
    InvalidSignature,
    OwnKey,
    Signed,
    Signer,
    allowed_signers,
    own_keys,
    sign,
    verify,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PLAN, LEDGER = "opspact-plan", "opspact-ledger"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("TZ", "Asia/Shanghai")


def key_of(folder: Path, name: str = "id_ed25519", *options: str) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    given = options or ("-t", "ed25519")
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", name, "-f", file, *given], check=True)
    return file


def public(file: Path) -> str:
    return file.with_name(f"{file.name}.pub").read_text().strip()


def signer(file: Path, person: str = "li-na", **times: datetime) -> Signer:
    return Signer(person, public(file), **times)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    said = subprocess.run(["ssh-agent", "-s", "-a", tmp_path / "agent"], capture_output=True, check=True, text=True)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    yield
    found = re.search(r"SSH_AGENT_PID=(\d+)", said.stdout)
    assert found
    os.kill(int(found[1]), 15)


@pytest.mark.parametrize(
    "options", [("-t", "ed25519"), ("-t", "ecdsa"), ("-t", "rsa", "-b", "2048")], ids=lambda each: each[1]
)
def test_whoever_signed_is_known_by_their_key(tmp_path: Path, options: tuple[str, ...]) -> None:
    key, other = key_of(tmp_path, "key", *options), key_of(tmp_path, "other")
    signature = sign(b"content\n", PLAN, key=key)
    known = [signer(other, "wang-fang"), signer(key)]
    assert verify(b"content\n", signature, known, namespace=PLAN, at=NOW) == Signed("li-na", known[1].fingerprint)


def test_what_does_not_count_says_why(tmp_path: Path) -> None:
    key, other = key_of(tmp_path, "key"), key_of(tmp_path, "other")
    signature = sign(b"content", PLAN, key=key)

    def objection(data: bytes = b"content", text: str = signature, namespace: str = PLAN, **known: Signer) -> str:
        with pytest.raises(InvalidSignature) as raised:
            verify(data, text, known.values(), namespace=namespace, at=NOW)
        return str(raised.value)

    li_na = signer(key)
    assert "is not for this content" in objection(b"contenT", li_na=li_na)
    assert "signed for 'opspact-plan', not for opspact-ledger" in objection(namespace=LEDGER, li_na=li_na)
    assert "nobody's signing key" in objection(other=signer(other))
    assert "not valid since 2026-03-04T05:06:07Z" in objection(li_na=signer(key, until=NOW))
    assert "not valid before 2026-03-04T05:06:08Z" in objection(li_na=signer(key, since=NOW + SECOND))
    assert "several people: li-na, wang-fang" in objection(li_na=li_na, other=signer(key, "wang-fang"))
    assert "can compare" in objection(anybody=signer(key, "*"))


def test_a_signature_with_another_key_put_into_it_is_not_one_of_that_key(tmp_path: Path) -> None:
    key, other = key_of(tmp_path, "key"), key_of(tmp_path, "other")
    one, two = (base64.b64decode(public(file).split()[1]) for file in (key, other))
    lines = sign(b"content", PLAN, key=key).splitlines()
    blob = base64.b64decode("".join(lines[1:-1])).replace(one, two)
    forged = "\n".join([lines[0], base64.b64encode(blob).decode(), lines[-1]])
    with pytest.raises(InvalidSignature, match="is not for this content"):
        verify(b"content", forged, [signer(other)], namespace=PLAN, at=NOW)


def test_a_file_that_is_no_signature_is_called_that(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    text = sign(b"content", PLAN, key=key)
    body = text.splitlines()[1:-1]
    begin, end = text.splitlines()[0], text.splitlines()[-1]
    for damaged in ("", "content", text[:100], text.replace("SSH", "PGP"), f"{begin}\n!\n{end}", f"{begin}é{end}"):
        with pytest.raises(InvalidSignature, match="not an SSH signature"):
            verify(b"content", damaged, [signer(key)], namespace=PLAN, at=NOW)
    with pytest.raises(InvalidSignature, match="incomplete"):
        verify(b"content", f"{begin}\n{body[0][:20]}\n{end}", [signer(key)], namespace=PLAN, at=NOW)


def test_a_key_is_valid_from_its_first_instant_up_to_its_last_one(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    known = [signer(key, since=NOW, until=NOW + SECOND), signer(key, since=NOW + 9 * SECOND)]
    text = sign(b"", PLAN, key=key)
    for seconds in (0, 9, 10):
        assert verify(b"", text, known, namespace=PLAN, at=NOW + seconds * SECOND).person == "li-na"
    for seconds in (-1, 1, 8):
        with pytest.raises(InvalidSignature):
            verify(b"", text, known, namespace=PLAN, at=NOW + seconds * SECOND)


def test_the_signers_are_those_that_ssh_keygen_reads_by_itself(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    file, text = tmp_path / "allowed_signers", tmp_path / "signature"
    file.write_text(allowed_signers([signer(key, since=NOW, until=NOW + SECOND)], [LEDGER, PLAN]))
    text.write_text(sign(b"content", PLAN, key=key))

    def says(instant: datetime) -> int:
        command = ["ssh-keygen", "-Y", "verify", "-f", str(file), "-I", "li-na", "-n", PLAN, "-s", str(text)]
        at = f"-Overify-time={instant:%Y%m%d%H%M%SZ}"
        return subprocess.run([*command, at], input=b"content", capture_output=True, check=False).returncode

    assert says(NOW) == 0
    assert says(NOW - SECOND) != 0
    assert says(NOW + 2 * SECOND) != 0


@pytest.mark.usefixtures("agent")
def test_a_key_of_the_agent_signs_without_its_file(tmp_path: Path) -> None:
    key = key_of(tmp_path)
    known = [signer(key)]
    subprocess.run(["ssh-add", "-q", key], check=True)
    key.unlink()
    (own,) = own_keys()
    assert (own.file, own.fingerprint) == (None, known[0].fingerprint)
    assert verify(b"it", sign(b"it", PLAN, key=own), known, namespace=PLAN, at=NOW).person == "li-na"


def test_the_keys_of_a_person_are_those_with_both_halves(tmp_path: Path) -> None:
    key = key_of(tmp_path / ".ssh")
    (tmp_path / ".ssh" / "lonely.pub").write_text(public(key))
    (tmp_path / ".ssh" / "words.pub").write_text("not a key\n")
    assert list(own_keys()) == [OwnKey(public(key), key)]


def test_a_key_that_cannot_sign_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="missing is not a key file"):
        sign(b"", PLAN, key=tmp_path / "missing")
    (tmp_path / "words").write_text("not a key\n")
    with pytest.raises(OperationFailed, match=r"does not sign with .*words"):
        sign(b"", PLAN, key=tmp_path / "words")
    with pytest.raises(Refused, match="not a namespace"):
        sign(b"", "two words", key=tmp_path / "words")


def test_without_ssh_keygen_the_way_out_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(Refused, match="ssh-keygen is not installed"):
        sign(b"", PLAN, key=key)
    with pytest.raises(Refused, match="ssh-add is not installed"):
        list(own_keys())


@pytest.mark.parametrize("flags", [TOUCHED, TOUCHED | VERIFIED])
def test_a_security_key_signs_when_somebody_touches_it(flags: int) -> None:
    key = SecurityKey()
    signed = verify(b"yes", key.sign(b"yes", PLAN, flags=flags), [Signer("li-na", key.line)], namespace=PLAN, at=NOW)
    assert signed.person == "li-na"


@pytest.mark.parametrize("flags", [0, VERIFIED])
def test_a_security_key_that_nobody_touched_has_signed_nothing(flags: int) -> None:
    key = SecurityKey()
    signers = [Signer("li-na", key.line)]
    with pytest.raises(InvalidSignature, match="was not touched for it"):
        verify(b"yes", key.sign(b"yes", PLAN, flags=flags), signers, namespace=PLAN, at=NOW)
    with pytest.raises(InvalidSignature, match="is not for this content"):
        verify(b"no", key.sign(b"yes", PLAN, flags=TOUCHED), signers, namespace=PLAN, at=NOW)
