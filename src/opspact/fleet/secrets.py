"""Where secrets come from: the environment, files, and the contract's Ansible vault.

Comes in: references that policies hold. Goes out: their values, in memory only. All that is missing is said at once,
and no value is in any message.
"""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from opspact.errors import Place, Problem, Refused
from opspact.schema.inventory.variables import variable_names
from opspact.schema.yaml.nodes import MappingNode, Scalar
from opspact.schema.yaml.reader import read_yaml
from opspact.structs import Struct
from opspact.values.secret import Secret, SecretReference

CODE = "OP040"
"""The code of every secret that cannot be had."""

VAULT = "secrets.vault.yaml"
"""The contract's own vault: a mapping from names to secrets, encrypted by ansible-vault."""

LARGEST = 1 << 20
"""Bytes of a file that holds one secret."""

_VAULT_PATIENCE = 120
"""Seconds for ansible-vault; a password program may ask a slow key store."""

_VAULT_ERROR = re.compile(r"^\[ERROR\]: (?:Failed to decrypt '-': )?(?P<said>.+?)\.?(?: for -)?$", re.MULTILINE)
"""Its first error: from ansible-core 2.20 on, what it was about stands before, and a chain of causes behind."""


class _UnavailableError(Exception):
    """Why a secret cannot be had, and the way out."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def resolve(
    references: Iterable[SecretReference], contract: Path, *, vault_password_file: Path | None = None
) -> dict[SecretReference, Secret]:
    """Given references and the contract's folder, return their secrets, without the newline at their end.

    The vault's password comes from `vault_password_file`, else from ANSIBLE_VAULT_PASSWORD_FILE.
    Raise Refused with every secret that cannot be had, and how to give it.
    """
    wanted = sorted(set(references))
    sources: dict[str, Callable[[str], str]] = {
        "env": _from_environment,
        "file": _Files(contract).read,
        "vault": _Vault(contract, vault_password_file, wanted).read,
    }
    found: dict[SecretReference, Secret] = {}
    problems = []
    for reference in wanted:
        try:
            found[reference] = Secret(_text(sources[reference.scheme](reference.name)))
        except _UnavailableError as error:
            problems.append(Problem(CODE, Place(str(reference)), str(error), hint=error.hint))
    if problems:
        raise Refused("secrets are not available", problems)
    return found


def _text(value: str) -> str:
    """Given a raw value, return the secret; one that is empty is surely a mistake."""
    text = value.rstrip("\r\n")
    if not text:
        raise _UnavailableError("the secret is empty", "set a value")
    if "\0" in text:
        raise _UnavailableError("the secret contains a zero byte", "use a text value")
    return text


def _from_environment(name: str) -> str:
    """Given a variable's name, return its value."""
    value = os.environ.get(name)
    if value is None:
        raise _UnavailableError(
            f"the environment variable {name} is not set", f"export {name}=… before running opspact"
        )
    return value


class _Files(Struct):
    """Reads secrets from files, named from the contract's folder."""

    contract: Path

    def read(self, name: str) -> str:
        """Given a file's name, return its text; one that others can read, or that git shares, is no secret any more."""
        path = (self.contract / Path(name).expanduser()).absolute()
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise _UnavailableError(f"{path}: {error.strerror}", "create the file with mode 0600") from None
        with os.fdopen(handle, "rb") as file:
            self._check(path, os.fstat(file.fileno()))
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise _UnavailableError(f"{path}: larger than {LARGEST} bytes", "check the file name")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise _UnavailableError(f"{path}: not UTF-8 text", "check the file name") from None

    def _check(self, path: Path, status: os.stat_result) -> None:
        """Given an opened file, refuse what is no secret."""
        if not stat.S_ISREG(status.st_mode):
            raise _UnavailableError(f"{path}: not a regular file", "use a regular file")
        if status.st_mode & 0o077:
            raise _UnavailableError(
                f"{path}: readable by other users ({stat.filemode(status.st_mode)})", f"chmod 600 {path}"
            )
        resolved = path.resolve()
        if resolved.is_relative_to((self.contract / "policies").resolve()):
            raise _UnavailableError(f"{path}: is below policies/", "move it outside, and change the secret")
        if _in_git(resolved):
            raise _UnavailableError(
                f"{path}: tracked by git, so everyone with the repository can read it",
                f"git rm --cached {path.name}, and change the secret; or use secret:vault:NAME",
            )


def _in_git(path: Path) -> bool:
    """Given a file, return whether git tracks it; without git, or outside a repository, it does not.

    Raise _UnavailableError when there is a repository that git does not read, as one that belongs to another user.
    """
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(path.parent), "ls-files", "--error-unmatch", path.name]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=30, env=environment)
    except FileNotFoundError:
        return False
    except subprocess.TimeoutExpired:
        raise _UnavailableError(f"{path}: git does not answer whether it is tracked", "git fsck") from None
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode <= 1 or "not a git repository" in said:
        return done.returncode == 0
    reason = next((line.removeprefix("fatal: ") for line in said.splitlines() if line.strip()), "no reason given")
    way_out = next((line.strip() for line in said.splitlines() if line.startswith("\tgit config ")), "git fsck")
    raise _UnavailableError(f"{path}: git cannot tell whether it is tracked: {reason}", way_out)


class _Vault:
    """Reads the contract's vault, once, when it is first wanted."""

    def __init__(self, contract: Path, password_file: Path | None, wanted: Iterable[SecretReference]) -> None:
        self._file = contract.absolute() / VAULT
        self._password_file = password_file
        self._result: dict[str, str] | _UnavailableError = {}
        if any(reference.scheme == "vault" for reference in wanted):
            try:
                self._result = self._entries()
            except _UnavailableError as error:
                self._result = error

    def read(self, name: str) -> str:
        """Given an entry's name, return its text."""
        if isinstance(self._result, _UnavailableError):
            raise self._result
        if name not in self._result:
            raise _UnavailableError(f"{VAULT} has no entry {name}", f"run ansible-vault edit {VAULT} and add {name}: …")
        return self._result[name]

    def _entries(self) -> dict[str, str]:
        """Return all entries of the vault as they are written."""
        if not self._file.is_file():
            raise _UnavailableError(
                f"{VAULT} does not exist", f"run ansible-vault create {VAULT} and add NAME: … for each secret"
            )
        read = read_yaml(VAULT, self._opened())
        if read.problems or len(read.documents) != 1 or not isinstance(read.documents[0], MappingNode):
            places = ", ".join(f"{problem.code} in line {problem.place.line}" for problem in read.problems)
            raise _UnavailableError(
                f"{VAULT} is not a mapping of NAME: value{f' ({places})' if places else ''}",
                f"ansible-vault edit {VAULT}",
            )
        entries = read.documents[0].values.items()
        return {name: value.text for name, value in entries if isinstance(value, Scalar)}

    def _opened(self) -> bytes:
        """Return what ansible-vault finds in the vault; the password never passes through us."""
        return _decrypted(self._file.read_bytes(), VAULT, self._password_file)


def _decrypted(content: bytes, name: str, password_file: Path | None) -> bytes:
    """Given an encrypted file's bytes and name, return what is in it. Raise _UnavailableError."""
    password = password_file or os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE")
    if not password:
        raise _UnavailableError(
            f"the password of {name} is not available",
            "set the password file or program: export ANSIBLE_VAULT_PASSWORD_FILE=~/.vault-password",
        )
    program = Path(sys.executable).parent / "ansible-vault"
    password = str(Path(password).expanduser().absolute())
    try:
        done = subprocess.run(
            [str(program), "decrypt", "--output=-", "--vault-password-file", password, "-"],
            input=content,
            capture_output=True,
            check=False,
            timeout=_VAULT_PATIENCE,
            cwd="/",  # an ansible.cfg that lies in the contract must not count
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _UnavailableError(f"ansible-vault failed: {type(error).__name__}", "run it manually") from None
    if done.returncode != 0:
        reason = _VAULT_ERROR.search(done.stderr.decode(errors="replace"))
        raise _UnavailableError(
            f"cannot decrypt {name}: {reason['said'] if reason else 'ansible-vault gave no reason'}",
            f"check the password file {password}",
        )
    return done.stdout


def variables_of_encrypted(files: Mapping[str, bytes]) -> dict[str, frozenset[str]]:
    """Given encrypted variable files by path, return the names of the variables in each; the values are forgotten.

    Without ANSIBLE_VAULT_PASSWORD_FILE nothing is opened and nothing returned. Raise Refused for files that cannot be
    opened with it, or are no mapping.
    """
    if not os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE"):
        return {}
    found: dict[str, frozenset[str]] = {}
    problems = []
    for path, content in files.items():
        try:
            found[path] = _names_in(path, _decrypted(content, path, None))
        except _UnavailableError as error:
            problems.append(Problem(CODE, Place(path), str(error), hint=error.hint))
    if problems:
        raise Refused("encrypted variable files cannot be opened", problems)
    return found


def _names_in(path: str, content: bytes) -> frozenset[str]:
    names = variable_names(content)
    if names is None:
        raise _UnavailableError(f"{path} is not a mapping of NAME: value", f"run ansible-vault edit {path}")
    return names
