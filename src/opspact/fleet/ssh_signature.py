"""Signatures by SSH keys, which OpenSSH's `ssh-keygen -Y` makes and checks.

In: bytes, a key, who may sign. Out: a signature, or who signed; or why a signature does not count. A key is a file, or
in the agent; passphrases and touches are asked for by ssh-keygen itself.
"""

import base64
import binascii
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from opspact.errors import OperationFailed, Refused
from opspact.fleet.failures import quoted
from opspact.structs import Struct

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC, _LENGTH = b"SSHSIG", 4
_TOUCHED = 1  # the flag "user present" of FIDO
_LARGEST = 100_000  # characters: the largest RSA signature has a few thousand
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9.@-]*\Z")
_PERSON = re.compile(r"[^\s,\"*?!#\\\x00]+\Z")  # a principal that ssh-keygen takes for no pattern
_PATIENCE = 300.0  # seconds: somebody looks for their token


class InvalidSignature(Refused):
    """A signature does not count; the message says why."""


class Signer(Struct):
    """Somebody's key: it signs from `since` on and before `until` (None: no limit). `key`: type and base64 text."""

    person: str
    key: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """The key's SHA-256, as `ssh-keygen -l` shows it."""
        return fingerprint(self.key)

    def refusal(self, at: datetime) -> str:
        """Given an instant, return why the key does not sign then; empty: it does."""
        if self.since is not None and at < self.since:
            return f"the key of {self.person} is not valid before {_utc(self.since)}"
        if self.until is not None and at >= self.until:
            return f"the key of {self.person} is not valid since {_utc(self.until)}"
        return ""


class Signed(Struct):
    """Who signed, with which key (its fingerprint)."""

    person: str
    fingerprint: str


class OwnKey(Struct):
    """A key of whoever is here: its public line, and its file (None: it is in the agent)."""

    line: str
    file: Path | None = None

    @property
    def fingerprint(self) -> str:
        """The key's SHA-256, as `ssh-keygen -l` shows it."""
        return fingerprint(self.line)


def fingerprint(line: str) -> str:
    """Given a public key as OpenSSH writes it, return its SHA-256, as `ssh-keygen -l` shows it."""
    return _fingerprint(base64.b64decode(line.split()[1]))


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def allowed_signers(signers: Iterable[Signer], namespaces: Iterable[str]) -> str:
    """Given who may sign, return the text of an `allowed_signers` file (ssh-keygen(1)); its times are UTC."""
    names = ",".join(namespaces)
    return "".join(f"{each.person} {_options(each, names)} {_bare(each.key)}\n" for each in signers)


def _options(signer: Signer, namespaces: str) -> str:
    times = {"valid-after": signer.since, "valid-before": signer.until}
    given = [f'{name}="{at.astimezone(UTC):%Y%m%d%H%M%SZ}"' for name, at in times.items() if at is not None]
    return ",".join([f'namespaces="{namespaces}"', *given])


def _bare(key: str) -> str:
    return " ".join(key.split()[:2])


def own_keys(*, patience: float = _PATIENCE) -> Iterator[OwnKey]:
    """Yield the keys that somebody here can sign with: those of the agent, those with a file in `~/.ssh`.

    Raise Refused when OpenSSH is not installed, OperationFailed when the agent does not answer in `patience` seconds.
    """
    listed = _started(["ssh-add", "-L"], patience=patience)
    agent = listed.stdout.decode("utf-8", "replace").splitlines() if listed.returncode == 0 else []
    yield from (OwnKey(line) for line in agent if _is_public(line))
    for public in sorted(Path("~/.ssh").expanduser().glob("*.pub")):
        line = public.read_text(encoding="utf-8", errors="replace").strip()
        if _is_public(line) and public.with_suffix("").is_file():
            yield OwnKey(line, public.with_suffix(""))


def _is_public(line: str) -> bool:
    try:
        return bool(fingerprint(line)) and "-cert-" not in line.split(maxsplit=1)[0]
    except (IndexError, ValueError):
        return False


def sign(data: bytes, namespace: str, *, key: OwnKey | Path) -> str:
    """Given bytes, what a signature of them is for, and a key, return the signature.

    Raise Refused when there is no ssh-keygen or no such key, OperationFailed when it does not sign.
    """
    _check_namespace(namespace)
    if isinstance(key, OwnKey) and key.file is None:
        # Of a key in the agent ssh-keygen wants the public half as a file.
        with tempfile.TemporaryDirectory() as folder:
            public = Path(folder) / "key.pub"
            public.write_text(f"{key.line}\n", encoding="utf-8")
            return _signature(data, namespace, public)
    file = key.file if isinstance(key, OwnKey) else key
    if file is None or not file.is_file():
        raise Refused(f"{file} is not a key file", hint="create one with `ssh-keygen -t ed25519`")
    return _signature(data, namespace, file)


def _signature(data: bytes, namespace: str, file: Path) -> str:
    # From standard input: beside an old FILE.sig, ssh-keygen keeps that and ends with 0.
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(file)]
    done = _started(command, data, shows=sys.stderr is not None and sys.stderr.isatty())
    text = done.stdout.decode("ascii", "replace")
    if done.returncode != 0 or not text.startswith(_BEGIN):
        said = f": {quoted(done.stderr)}" if done.stderr else ""
        raise OperationFailed(
            f"ssh-keygen does not sign with {file}{said}", hint="check the key, its passphrase and the agent"
        )
    return text


def verify(data: bytes, signature: str, signers: Iterable[Signer], *, namespace: str, at: datetime) -> Signed:
    """Given bytes, a signature, who may sign and for what, return who signed; `at` is when keys have to be valid.

    Raise InvalidSignature when it does not count, Refused when there is no ssh-keygen.
    """
    _check_namespace(namespace)
    key, signed_for = _parts(signature)
    if signed_for != namespace:
        raise InvalidSignature(f"it was signed for {signed_for[:80]!r}, not for {namespace}")
    signer = _signer_of(key, tuple(signers), at)
    if not _PERSON.match(signer.person):
        raise InvalidSignature(f"{signer.person!r} is not a name that ssh-keygen can compare")
    with tempfile.TemporaryDirectory() as folder:
        allowed, file = Path(folder) / "allowed_signers", Path(folder) / "signature"
        allowed.write_text(allowed_signers([signer], [namespace]), encoding="utf-8")
        file.write_text(signature, encoding="ascii")
        instant = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%SZ}"
        of_whom = ["-I", signer.person, "-n", namespace]
        command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), *of_whom, "-s", str(file), instant]
        done = _started(command, data)
    if done.returncode != 0:
        raise InvalidSignature(f"the signature by {signer.person} ({signer.fingerprint}) is not for this content")
    return Signed(signer.person, signer.fingerprint)


def _signer_of(key: bytes, signers: tuple[Signer, ...], at: datetime) -> Signer:
    """Return whose key it is at that time. Raise InvalidSignature when it is nobody's, or more than one person's."""
    of_key = _fingerprint(key)
    known = [each for each in signers if each.fingerprint == of_key]
    valid = [each for each in known if not each.refusal(at)]
    if not known:
        raise InvalidSignature(f"the key {of_key} is nobody's signing key")
    if not valid:
        raise InvalidSignature(known[-1].refusal(at))
    if len({each.person for each in valid}) > 1:
        people = ", ".join(sorted({each.person for each in valid}))
        raise InvalidSignature(f"the key {of_key} is that of several people: {people}")
    return valid[0]


def _parts(signature: str) -> tuple[bytes, str]:
    """Given a signature, return the public key and what it was made for (PROTOCOL.sshsig). Raise InvalidSignature.

    One by a security key that nobody has touched counts for nothing: ssh-keygen shows no difference.
    """
    (key, signed_for, _, _, made), _ = _strings(_blob(signature), len(_MAGIC) + _LENGTH, 5)
    (kind,), _ = _strings(key, 0, 1)
    if kind.startswith(b"sk-"):
        _, position = _strings(made, 0, 2)  # PROTOCOL.u2f: type and signature, then a byte of flags and a counter
        if not made[position : position + 1] or not made[position] & _TOUCHED:
            raise InvalidSignature(f"the security key {_fingerprint(key)} was not touched for it")
    return key, signed_for.decode("utf-8", "replace")


def _strings(blob: bytes, position: int, count: int) -> tuple[list[bytes], int]:
    """Return that many strings (RFC 4251, section 5) and the position after them. Raise InvalidSignature."""
    found: list[bytes] = []
    for _ in range(count):
        start = position + _LENGTH
        position = start + int.from_bytes(blob[start - _LENGTH : start])
        if position > len(blob):
            raise InvalidSignature("the SSH signature is incomplete")
        found.append(blob[start:position])
    return found, position


def _blob(signature: str) -> bytes:
    text = signature.strip()
    if len(text) > _LARGEST or not (text.isascii() and text.startswith(_BEGIN) and text.endswith(_END)):
        raise InvalidSignature("it is not an SSH signature")
    try:
        blob = base64.b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSignature("it is not an SSH signature: invalid base64") from None
    if not blob.startswith(_MAGIC + (1).to_bytes(_LENGTH)):
        raise InvalidSignature("it is not an SSH signature of a known version")
    return blob


def _check_namespace(namespace: str) -> None:
    if not _NAMESPACE.match(namespace):
        raise Refused(f"{namespace!r} is not a namespace of signatures")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _started(
    command: list[str], given: bytes = b"", *, shows: bool = False, patience: float = _PATIENCE
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program of OpenSSH's, which may ask on the terminal. `shows`: what it reports is seen there, not kept."""
    try:
        return subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=None if shows else subprocess.PIPE,
            check=False,
            timeout=patience,
            env={**os.environ, "TZ": "UTC"},
        )
    except FileNotFoundError as error:
        raise Refused(f"{command[0]} is not installed", hint="install openssh-client") from error
    except subprocess.TimeoutExpired as error:
        raise OperationFailed(f"{command[0]} timed out after {patience:g} s") from error
