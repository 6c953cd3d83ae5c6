"""Envelopes are verified by a program that is not ours, with every kind of key that people have."""

import base64
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from signing import make_key, public_line

from opspact.errors import OperationFailed, Refused
from opspact.evidence.envelope import IN_TOTO, signed_bytes, signed_envelope
from opspact.fleet.ssh_signature import OwnKey, fingerprint

PAYLOAD = '{"text": "你好"}'.encode()


def foreign_key(line: str) -> SSlibKey:
    """Load a public key as a customer would: with the libraries of others."""
    key = load_ssh_public_key(line.encode())
    scheme = "rsa-pkcs1v15-sha256" if isinstance(key, RSAPublicKey) else None
    return SSlibKey.from_crypto(key, keyid=fingerprint(line), scheme=scheme)


def accepted(envelope: str, line: str) -> bytes:
    """Return the payload of an envelope that another program accepts."""
    read = Envelope.from_dict(json.loads(envelope))
    assert read.payload_type == IN_TOTO
    assert len(read.verify([foreign_key(line)], threshold=1)) == 1
    return bytes(read.payload)


@pytest.mark.parametrize(
    "options",
    [("-t", "ed25519"), *(("-t", "ecdsa", "-b", bits) for bits in ("256", "384", "521")), ("-t", "rsa", "-b", "2048")],
    ids="-".join,
)
def test_another_program_accepts_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    key = make_key(tmp_path, "key", *options)
    for _ in range(8 if "ecdsa" in options else 1):  # the numbers of such a signature differ in length
        assert accepted(signed_envelope(PAYLOAD, IN_TOTO, key), public_line(key)) == PAYLOAD


def test_what_is_signed_is_what_the_specification_says() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, test vector
    assert signed_bytes(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_another_program_refuses_what_was_changed(tmp_path: Path) -> None:
    key, other = make_key(tmp_path), make_key(tmp_path, "other")
    whole: dict[str, Any] = json.loads(signed_envelope(PAYLOAD, IN_TOTO, key))
    changes = {"payload": base64.b64encode(PAYLOAD + b" ").decode(), "payloadType": "text/plain"}
    for changed in ({name: value} for name, value in changes.items()):
        with pytest.raises(VerificationError):
            Envelope.from_dict(json.loads(json.dumps(whole | changed))).verify([foreign_key(public_line(key))], 1)
    with pytest.raises(VerificationError):
        Envelope.from_dict(whole).verify([foreign_key(public_line(other))], 1)


def test_a_key_that_only_the_agent_has_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, socket = make_key(tmp_path), tmp_path / "agent"
    said = subprocess.run(["ssh-agent", "-s", "-a", socket], capture_output=True, check=True, text=True)
    pid = int(re.findall(r"SSH_AGENT_PID=(\d+)", said.stdout)[0])
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        line, public = public_line(key), key.with_name(f"{key.name}.pub")
        with pytest.raises(OperationFailed):
            signed_envelope(PAYLOAD, IN_TOTO, public)
        subprocess.run(["ssh-add", "-q", key], check=True)
        key.unlink()
        for known in (public, OwnKey(line)):
            assert accepted(signed_envelope(PAYLOAD, IN_TOTO, known), line) == PAYLOAD
    finally:
        os.kill(pid, 15)


def test_a_key_that_cannot_sign_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = make_key(tmp_path)
    with pytest.raises(Refused):
        signed_envelope(PAYLOAD, IN_TOTO, tmp_path / "absent")
    with pytest.raises(Refused):
        signed_envelope(PAYLOAD, IN_TOTO, key.with_name(f"{key.name}.pub"))
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "a passphrase", "-f", key], check=True)
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "never")
    with pytest.raises(OperationFailed):
        signed_envelope(PAYLOAD, IN_TOTO, key)
    token = tmp_path / "token.pub"
    blob = b"".join(len(part).to_bytes(4) + part for part in (b"sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"))
    token.write_text(f"sk-ssh-ed25519@openssh.com {base64.b64encode(blob).decode()} token\n")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no-agent"))
    with pytest.raises(Refused):
        signed_envelope(PAYLOAD, IN_TOTO, token)


def test_no_agent_stays_behind(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    signed_envelope(PAYLOAD, IN_TOTO, key)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    names = [Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() for child in children]
    assert "ssh-agent" not in names
