"""Signatures by the bare key, for readers that know nothing of SSH: an SSH agent makes them.

In: bytes, a key. Out: a signature as FIPS 186-5 and RFC 8032 define it. A key with a file is put into an agent of its
own, which ends with the call: so ssh-add asks for its passphrase, and no private key is read here.
"""

import base64
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opspact.errors import OperationFailed, Refused
from opspact.fleet.failures import quoted
from opspact.fleet.ssh_signature import OwnKey, fingerprint
from opspact.structs import Struct

# draft-ietf-sshm-ssh-agent, numbers of messages
_LIST, _LISTED, _SIGN, _SIGNED = 11, 12, 13, 14
_RSA_SHA2_256 = 2
_PATIENCE = 300.0  # seconds: somebody confirms, or types a passphrase
_START = 10.0
_ECDSA = b"ecdsa-sha2-nistp"
_RSA = b"ssh-rsa"
_ED25519 = b"ssh-ed25519"


class RawSignature(Struct):
    """A signature, and which key made it: its SHA-256 as `ssh-keygen -l` shows it.

    Ed25519: 64 bytes; ECDSA: DER; RSA: PKCS #1 v1.5 with SHA-256.
    """

    fingerprint: str
    signature: bytes


def sign_raw(data: bytes, key: OwnKey | Path) -> RawSignature:
    """Given bytes and a key (a file, its public half if the agent has it, or one of the agent), return the signature.

    Raise Refused for a key that cannot sign so, OperationFailed when the agent does not.
    """
    file = key if isinstance(key, Path) else key.file
    line = _public_line(key) if isinstance(key, Path) else key.line
    if line and (file is None or file == key):
        path = os.environ.get("SSH_AUTH_SOCK")
        if not path:
            raise Refused(f"no SSH agent holds {file or 'the key'}", hint="start one, or name the private key")
        return _signed(Path(path), base64.b64decode(line.split()[1]), data)
    if file is None or not file.is_file():
        raise Refused(f"{file} is not a key file", hint="create one with `ssh-keygen -t ed25519`")
    with _agent_with(file) as agent:
        blobs = [blob for blob in _listed(agent) if b"-cert-" not in _strings(blob)[0]]
        if not blobs:
            raise OperationFailed(f"the SSH agent did not take {file}")
        return _signed(agent, blobs[0], data)


def _public_line(file: Path) -> str:
    """Return the line of a file that holds a public key; empty: it holds something else, or is not there."""
    try:
        line = file.read_text(encoding="utf-8").strip()
        return line if fingerprint(line) and "\n" not in line else ""
    except (OSError, ValueError, IndexError):
        return ""


@contextmanager
def _agent_with(file: Path) -> Iterator[Path]:
    """Given a private key, yield the socket of an agent that has it and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent"
        agent = _start(path)
        try:
            _wait_until_there(path, agent)
            shows = sys.stderr is not None and sys.stderr.isatty()
            added = subprocess.run(
                ["ssh-add", "-q", str(file)],
                env={**os.environ, "SSH_AUTH_SOCK": str(path)},
                stderr=None if shows else subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                check=False,
                timeout=_PATIENCE,
            )
            if added.returncode != 0:
                said = f": {quoted(added.stderr)}" if added.stderr else ""
                raise OperationFailed(f"the key {file} cannot be used{said}", hint="check its passphrase and mode")
            yield path
        except subprocess.TimeoutExpired as error:
            raise OperationFailed(f"ssh-add timed out after {_PATIENCE:g} s") from error
        finally:
            agent.terminate()
            agent.communicate()


def _start(path: Path) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise Refused("ssh-agent is not installed", hint="install openssh-client") from error


def _wait_until_there(path: Path, agent: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START
    while not _accepts(path):
        if agent.poll() is not None or time.monotonic() > until:
            agent.terminate()
            raise OperationFailed(f"ssh-agent does not start: {quoted(agent.communicate()[1])}")
        time.sleep(0.01)


def _accepts(path: Path) -> bool:
    """Whether somebody accepts connections there: the agent's socket is there a moment before it does."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _listed(agent: Path) -> list[bytes]:
    """Return the public keys that an agent has."""
    kind, answer = _asked(agent, bytes([_LIST]))
    return _strings(answer[4:])[::2] if kind == _LISTED else []


def _signed(agent: Path, blob: bytes, data: bytes) -> RawSignature:
    kind = _strings(blob)[0]
    if not (kind in {_ED25519, _RSA} or kind.startswith(_ECDSA)):
        raise Refused(
            f"a key of type {kind.decode('ascii', 'replace')} signs for SSH only", hint="use an Ed25519 key in a file"
        )
    flags = _RSA_SHA2_256 if kind == _RSA else 0
    number, answer = _asked(agent, bytes([_SIGN]) + _packed(blob) + _packed(data) + flags.to_bytes(4))
    if number != _SIGNED:
        raise OperationFailed("the SSH agent does not sign", hint="check that it holds the key (`ssh-add -l`)")
    _, signature = _strings(_strings(answer)[0])
    if kind.startswith(_ECDSA):
        signature = _der(*_strings(signature))
    return RawSignature(fingerprint(f"key {base64.b64encode(blob).decode()}"), signature)


def _asked(agent: Path, message: bytes) -> tuple[int, bytes]:
    """Given an agent's socket and a message, return the number of its answer and the rest."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect(str(agent))
            connection.sendall(_packed(message))
            size = int.from_bytes(_received(connection, 4))
            answer = _received(connection, size)
    except OSError as error:
        raise OperationFailed(f"the SSH agent does not answer: {error.strerror or error}") from error
    return (answer[0], answer[1:]) if answer else (0, b"")


def _received(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = connection.recv(min(size, 65536))
        if not part:
            raise ConnectionResetError("it closed the connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _packed(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _strings(data: bytes) -> list[bytes]:
    """Return the strings of a message (RFC 4251, section 5), up to what is none."""
    found: list[bytes] = []
    position = 0
    while position + 4 <= len(data):
        size = int.from_bytes(data[position : position + 4])
        if position + 4 + size > len(data):
            break
        found.append(data[position + 4 : position + 4 + size])
        position += 4 + size
    return found


def _der(*numbers: bytes) -> bytes:
    """Given numbers as SSH writes them, return the sequence of them in DER, which writes each the same way."""
    body = b"".join(b"\x02" + bytes([len(number)]) + number for number in numbers)
    size = bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])  # noqa: PLR2004 - X.690, 8.1.3
    return b"\x30" + size + body
