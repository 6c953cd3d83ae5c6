"""Who may log in to an account by key.

In: an account and people's public keys. Out: a step. Everything happens below a home, which its owner controls: see
`account_folder`.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self, TypeGuard

from opspact.steps.account_folder import NO_HOME, PRIVATE_FOLDER, PUT_IN_PLACE, HomeEntry, as_account, home_entry
from opspact.steps.base import CheckedHost, Obstacle, Step, Task
from opspact.steps.closed_account import EndsWithAccount
from opspact.steps.host_program import KEY_FILES
from opspact.steps.question import ask_program
from opspact.steps.traits import NeverAdopted
from opspact.structs import Struct, replace
from opspact.values.secret import Secrets

_SHOWN = 12  # characters from a key's end: enough to find it, short enough to read
_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]{16,}={0,2})(?:\s+(\S.*))?$")
_LENGTH = 4  # bytes before the type's name in a key: RFC 4251 5

_ALONE = f"""\
if [ -h "$1/.ssh" ]; then rm -- "$1/.ssh"; echo changed; fi
{PRIVATE_FOLDER}cat >"$new"
{PUT_IN_PLACE}\
if [ -h authorized_keys2 ] || {{ [ -e authorized_keys2 ] && [ ! -d authorized_keys2 ]; }}
then rm -f -- authorized_keys2; echo changed; fi
"""
_BESIDE_OTHERS = f"""\
for path in "$1/.ssh" "$1/.ssh/authorized_keys"; do
  if [ -h "$path" ]; then echo "$path is a symbolic link: opspact does not follow links in a home" >&2; exit 1; fi
done
if [ -e "$path" ] && [ ! -f "$path" ]; then echo "$path is not a file: move it away by hand" >&2; exit 1; fi
{PRIVATE_FOLDER}if [ -e authorized_keys ]; then awk 1 authorized_keys >"$new"; fi
while IFS= read -r key; do grep -qxF -e "$key" "$new" || printf '%s\\n' "$key" >>"$new"; done
{PUT_IN_PLACE}"""
# A link itself is removed, never followed: nobody keeps access by moving the file.
_WITHOUT = f"""\
for path in "$1/.ssh" "$1/.ssh/authorized_keys"; do
  if [ -h "$path" ]; then rm -- "$path"; echo changed; exit; fi
done
[ -f "$path" ] || exit 0
{PRIVATE_FOLDER}{{ cat; echo; cat authorized_keys; }} | awk '
  past {{ line = $0; gsub(/^[ \\t]+|[ \\t\\r]+$/, "", line); if (!(line in ours)) print; next }}
  $0 == "" {{ past = 1; next }}
  {{ ours[$0] }}' >"$new"
{PUT_IN_PLACE}"""


class _Seen(Struct):
    """What is in a home: its `.ssh`, both files of keys. `read`: sshd reads the first; `elsewhere`: others it reads."""

    folder: HomeEntry | None
    file: HomeEntry | None
    other: HomeEntry | None
    read: bool
    elsewhere: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class AuthorizedKeys(Step, EndsWithAccount, NeverAdopted):
    """The keys may log in; `exclusive`: and no others. `keys` are lines as in authorized_keys.

    A key that a policy names leaves with it, whoever put it there.
    """

    kind: ClassVar[str] = "authorized-keys"
    rank: ClassVar[int] = 60
    question: ClassVar[str] = "can its keys log in, and no others where the policy says so?"

    account: str
    home: str
    keys: tuple[str, ...]
    exclusive: bool = True

    @property
    def subject(self) -> str:
        """The account; and which key, where others may be beside it."""
        return self.account if self.exclusive else f"{self.account} {' '.join(map(_name, self.keys))}"

    @property
    def account_name(self) -> str:
        """The account."""
        return self.account

    @property
    def folder(self) -> str:
        """Where OpenSSH looks for the account's keys."""
        return f"{self.home}/.ssh"

    @property
    def path(self) -> str:
        """The file of keys."""
        return f"{self.folder}/authorized_keys"

    @property
    def other_path(self) -> str:
        """The second file in which sshd finds keys, as it is configured by default."""
        return f"{self.path}2"

    @property
    def paths(self) -> tuple[str, ...]:
        """The file of keys, when it is ours alone."""
        return (self.path,) if self.exclusive else ()

    def tasks(self) -> tuple[Task, ...]:
        """Write the whole file and leave no second one, or add our lines to it; with the account's own rights.

        Files elsewhere, that sshd reads for the account, go once ours lets its keys in.
        """
        if self.exclusive:
            only = self._in_home(f"Allow only these keys to log in as {self.account}", _ALONE, self.keys)
            name = f"Delete files of other keys of {self.account}"
            return (only, KEY_FILES.task(name, "delete", self.account, self.home, *self.keys))
        return tuple(
            self._in_home(f"Allow key {_name(key)} to log in as {self.account}", _BESIDE_OTHERS, (key,))
            for key in self.keys
        )

    def removal(self) -> tuple[Task, ...]:
        """Remove our keys; what others put there stays. An account or a home that does not exist any more is fine."""
        if not self.keys:
            return (self._in_home(f"Remove no key of {self.account}", ":", ()),)
        failed = {"failed_when": f"opspact_home.rc | default(0) != 0 and {NO_HOME}"}
        task = self._in_home(f"Remove managed keys of {self.account}", _WITHOUT, self.keys)
        return (
            replace(task, arguments={**task.arguments, "removes": self.home}, keywords={**task.keywords, **failed}),
        )

    def _in_home(self, name: str, script: str, keys: Iterable[str]) -> Task:
        stdin = "".join(f"{key}\n" for key in keys)
        return as_account(name, self.account, script, words=(self.home,), stdin=stdin)

    def remainder(self, wanted: Iterable[Step]) -> Self | None:
        """Without the keys that another step allows to log in to the account; nothing, when that is to be closed."""
        wanted = tuple(wanted)
        if super().remainder(wanted) is None:
            return None
        kept = {key for step in wanted if self._shares_the_file(step) for key in step.keys}
        left = tuple(key for key in self.keys if key not in kept)
        return replace(self, keys=left) if left else None

    def continues(self, other: Step) -> bool:
        """Whether both are about keys of one account, some of them the same or the whole file."""
        if self.identity == other.identity or not self._shares_the_file(other):
            return super().continues(other)
        return self.exclusive or not set(self.keys).isdisjoint(other.keys)

    def conflicts(self, other: Step) -> bool:
        """Whether one of both allows no other keys in the file, and the other has such."""
        if not self._shares_the_file(other):
            return super().conflicts(other) or not set(self.paths).isdisjoint(other.paths)
        return (self.exclusive and not set(other.keys) <= set(self.keys)) or (
            other.exclusive and not set(self.keys) <= set(other.keys)
        )

    def _shares_the_file(self, step: Step) -> TypeGuard["AuthorizedKeys"]:
        return isinstance(step, AuthorizedKeys) and (step.account, step.path) == (self.account, self.path)

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield keys that are missing, and, when exclusive, keys that no policy names, in whichever file."""
        seen = self._seen(host)
        yield from self._wrong_folder(seen.folder)
        if seen.file is not None:
            yield from self._wrong_file(seen.file)
            yield from self._differing(seen.file)
        elif self.keys:
            yield f"{self.path} does not exist"
        if self.exclusive and seen.other is not None and seen.other.type != "directory":
            yield from self._others_in(seen.other)
        yield from self._elsewhere(seen)

    def _seen(self, host: CheckedHost) -> _Seen:
        """Return what the host says of the account's keys. Raise ValueError when it cannot."""
        failure = f"cannot find out which keys log in to {self.account}"
        outcome = ask_program(host, KEY_FILES.text, "look", self.account, self.home, failure=failure)
        match json.loads(outcome.stdout):
            case {
                "ssh": {".ssh": folder, "authorized_keys": file, "authorized_keys2": other},
                "read": bool(read),
                "files": dict(files),
            }:
                return _Seen(home_entry(folder), home_entry(file), home_entry(other), read, files)
            case _:
                raise ValueError(f"{failure}: unexpected answer")

    def _elsewhere(self, seen: _Seen) -> Iterator[str]:
        """Yield that sshd does not read the file, and, when exclusive, keys in other files that it does read."""
        if self.keys and not seen.read:
            named = f" but {', '.join(seen.elsewhere)}" if seen.elsewhere else ""
            yield f"sshd does not read {self.path}{named} (AuthorizedKeysFile): its keys cannot log in"
        for path, found in seen.elsewhere.items() if self.exclusive else ():
            match found:
                case {"own": bool(own), "lines": list(lines)}:
                    kept = "" if own and seen.read else "; remove it by hand"
                    foreign = (str(line) for line in lines if line not in self.keys)
                    yield from (f"in {path}: {what}{kept}" for what in _described(foreign))
                case {"own": bool(), "lines": None}:
                    yield f"{path} is behind a symbolic link: keys there can log in"
                case _:
                    raise ValueError(f"cannot find out which keys are in {path}: unexpected answer")

    def _wrong_folder(self, folder: HomeEntry | None) -> Iterator[str]:
        """Yield why the file cannot be there, or sshd would not trust it: others can write to its directory."""
        if folder is None:
            return
        if folder.type == "symbolic link":
            yield self._link(f"{self.folder} is a symbolic link, expected a directory")
        elif folder.type != "directory":
            words = f"{self.folder} is a {folder.type}, expected a directory: move it away by hand"
            yield Obstacle(words, folder.type)
        elif folder.owner != self.account:
            words = f"owner of {self.folder} is {folder.owner}, expected {self.account}"
            yield f"{words}: change it or move it away by hand"
        elif int(folder.mode, 8) != int("0700", 8):
            yield f"mode of {self.folder} is {folder.mode.zfill(4)}, expected 0700"

    def _wrong_file(self, file: HomeEntry) -> Iterator[str]:
        if file.type == "symbolic link":
            yield self._link(f"{self.path} is a symbolic link, expected a file")
        elif file.type == "directory" or (file.type != "regular file" and not self.exclusive):
            kept = "; opspact does not delete a directory" if file.type == "directory" else ""
            words = f"{self.path} is a {file.type}, expected a file{kept}: move it away by hand"
            yield Obstacle(words, file.type)
        elif file.type != "regular file":
            yield f"{self.path} is a {file.type}, expected a file"
        elif file.owner != self.account:
            yield f"owner is {file.owner}, expected {self.account}: its content was not read"
        elif int(file.mode, 8) != int("0600", 8):
            yield f"mode is {file.mode.zfill(4)}, expected 0600"

    def _link(self, words: str) -> str:
        """Return the words for a link: apply removes it only where no keys of others may be behind it."""
        if self.exclusive:
            return words
        return Obstacle(f"{words}; opspact does not follow links in a home: replace it by hand", "symbolic link")

    def _differing(self, file: HomeEntry) -> Iterator[str]:
        if file.lines is None:
            if file.type == "regular file" and file.owner == self.account:
                yield f"{self.path} is too large to read"
            return
        lines = _lines(file)
        for key in self.keys:
            if key not in lines:
                yield f"key {_name(key)} is missing"
        if self.exclusive:
            yield from _described(line for line in lines if line not in self.keys)

    def _others_in(self, other: HomeEntry) -> Iterator[str]:
        """Yield what the second file may allow; what is not a file of the account's own is named and not read."""
        if other.lines is None:
            yield f"{self.other_path} exists, expected nothing there: a {other.type} of {other.owner}, not read"
            return
        for words in _described(line for line in _lines(other) if line not in self.keys):
            yield f"in {self.other_path}: {words}"

    def present(self, host: CheckedHost) -> bool:
        """Whether any key may log in already."""
        file = self._seen(host).file
        return file is not None and bool(_lines(file))

    def is_removed(self, host: CheckedHost) -> bool:
        """Whether none of our keys may log in any more; what cannot be read may hold one."""
        seen = self._seen(host)
        if seen.folder is not None and seen.folder.type == "symbolic link":
            return False
        file = seen.file
        if file is None or file.type not in {"regular file", "symbolic link"}:
            return True  # sshd reads neither directories nor pipes
        return file.lines is not None and not set(self.keys) & set(_lines(file))


def _lines(file: HomeEntry) -> tuple[str, ...]:
    """Return the lines of a file that mean something to sshd."""
    lines = (line.strip() for line in file.lines or ())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _described(lines: Iterable[str]) -> Iterator[str]:
    """Given lines that no policy names, yield words for each key; what is not a key is counted and never quoted."""
    strange = 0
    for line in lines:
        if is_key(line):
            yield f"a key that no policy names can log in: {_name(line)}"
        else:
            strange += 1
    if strange:
        yield f"{strange} line{'s' if strange > 1 else ''} that opspact does not recognise as a key"


def is_key(line: str) -> bool:
    """Return whether a line of authorized_keys is a public key: its text names the type that comes before it."""
    found = _KEY.search(line)
    if found is None:
        return False
    try:
        blob = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return False
    return blob.startswith(len(found[1]).to_bytes(_LENGTH, "big") + found[1].encode())


def _name(key: str) -> str:
    """Given a key, return its comment and the end of its text, to tell it by."""
    found = _KEY.search(key)
    if found is None:
        return f"…{key[-_SHOWN:]}"
    end = f"…{found[2][-_SHOWN:]}"
    return f"{found[3]} ({end})" if found[3] else end
