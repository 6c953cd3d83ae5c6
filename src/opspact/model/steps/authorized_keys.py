"""Who may log in to an account by key.

Comes in: an account and people's public keys. Goes out: a step. Called by compile.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from opspact.model.secret import Secrets
from opspact.model.steps.base import InTheWay, LookedAt, Outcome, Step, Task
from opspact.model.steps.content import Content
from opspact.model.steps.stat import not_a_directory, not_a_file, ownership, stat

_DIRECTORY = 7  # the exit status that tells of a directory where a file of keys would be
_SHOWN = 12  # characters from a key's end: enough to find it, short enough to read


@dataclass(frozen=True, kw_only=True)
class AuthorizedKeys(Step):
    """The keys may log in; `exclusive`: and no others. `keys` are lines as in authorized_keys."""

    kind: ClassVar[str] = "authorized-keys"
    rank: ClassVar[int] = 60
    adoptable: ClassVar[bool] = False  # a key that a policy names leaves with it, whoever put it there

    account: str
    home: str
    keys: tuple[str, ...]
    exclusive: bool = True

    @property
    def subject(self) -> str:
        """The account; and which key, where others may be beside it."""
        return self.account if self.exclusive else f"{self.account} {' '.join(map(_name, self.keys))}"

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

    @property
    def content(self) -> Content:
        """What the file holds when no other keys may be in it."""
        return Content.of("".join(f"{key}\n" for key in self.keys))

    @property
    def stored(self) -> Mapping[str, Content]:
        """The file of keys, when it is written whole."""
        return {self.content.stored_as(self.path): self.content} if self.exclusive else {}

    def tasks(self) -> tuple[Task, ...]:
        """Write the whole file and leave no second one, or add our lines to it."""
        ours = {"owner": self.account, "group": self.account}
        folder = Task(
            f"Make directory {self.folder}",
            "ansible.builtin.file",
            {"path": self.folder, "state": "directory", **ours, "mode": "0700"},
        )
        if self.exclusive:
            content = {"src": self.content.stored_as(self.path), "dest": self.path, **ours, "mode": "0600"}
            return (
                folder,
                Task(f"Let these keys alone log in as {self.account}", "ansible.builtin.copy", content),
                Task(f"Delete {self.other_path}", "ansible.builtin.file", {"path": self.other_path, "state": "absent"}),
            )
        return (
            folder,
            *(
                Task(
                    f"Let key {_name(key)} log in as {self.account}",
                    "ansible.builtin.lineinfile",
                    {"path": self.path, "line": key, "create": True, **ours, "mode": "0600"},
                )
                for key in self.keys
            ),
        )

    def removal(self) -> tuple[Task, ...]:
        """Take our keys out; what others put there stays."""
        return tuple(
            Task(
                f"Take key {_name(key)} from {self.account}",
                "ansible.builtin.lineinfile",
                {"path": self.path, "line": key, "state": "absent"},
            )
            for key in self.keys
        )

    def look(self, host: LookedAt, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield keys that are missing, and, when exclusive, keys that no policy names, in whichever file."""
        seen = stat(host, self.path)
        if seen is not None and not seen.is_file:
            yield _about(self.path, not_a_file(host, self.path, seen))
        elif seen is not None:
            yield from ownership(seen, owner=self.account, group=self.account, mode="0600")
            yield from self._folder_is_private(host)
            yield from self._differing(self._lines(host))
        elif self.keys:
            yield f"{self.path} does not exist"
            yield from self._folder_is_one(host)
        if self.exclusive:
            yield from self._no_second_file(host)

    def _no_second_file(self, host: LookedAt) -> Iterator[str]:
        """Yield the keys that may log in by the second file, and what stands where it would be deleted."""
        second = self._read(host, self.other_path)
        if second.rc == _DIRECTORY:
            words = "is a directory; opspact deletes no directory: move it away by hand"
            yield InTheWay(f"{self.other_path} {words}", "directory")
        for line in _keys_in(second, self.other_path):
            if line not in self.keys:
                yield f"a key that no policy names may log in, by {self.other_path}: {_name(line)}"

    def _folder_is_one(self, host: LookedAt) -> Iterator[str]:
        folder = stat(host, self.folder)
        if folder is not None and folder.type != "directory":
            yield _about(self.folder, not_a_directory(folder))

    def _folder_is_private(self, host: LookedAt) -> Iterator[str]:
        """Yield why sshd would not believe the file: it asks whether others may write where it lies."""
        folder = stat(host, self.folder)
        if folder is not None:
            said = ownership(folder, owner=self.account, group=self.account, mode="0700")
            yield from (f"{self.folder} {difference}" for difference in said)

    def _differing(self, lines: Collection[str]) -> Iterator[str]:
        for key in self.keys:
            if key not in lines:
                yield f"key {_name(key)} is missing"
        for line in lines:
            if self.exclusive and line not in self.keys:
                yield f"a key that no policy names may log in: {_name(line)}"

    def present(self, host: LookedAt) -> bool:
        """Whether any key may log in already."""
        return bool(self._lines(host))

    def gone(self, host: LookedAt) -> bool:
        """Whether none of our keys may log in any more."""
        return not set(self.keys) & set(self._lines(host))

    def _lines(self, host: LookedAt) -> tuple[str, ...]:
        return _keys_in(self._read(host, self.path), self.path)

    def _read(self, host: LookedAt, path: str) -> Outcome:
        script = f"if [ -d %s ]; then exit {_DIRECTORY}; elif [ -e %s ]; then cat -- %s; fi"
        return host.run(script, path, path, path)


def _keys_in(outcome: Outcome, path: str) -> tuple[str, ...]:
    """Given what reading a file gave, return the lines in it that are keys. Raise ValueError when it was not read."""
    if outcome.rc == _DIRECTORY:
        return ()
    if outcome.rc != 0:
        raise ValueError(f"cannot read {path}: {outcome.stderr.strip() or f'exit status {outcome.rc}'}")
    lines = (line.strip() for line in outcome.stdout.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _about(path: str, words: str) -> str:
    """Given a path and the words on what stands there, return both; what is in the way stays so."""
    text = f"{path} {words}"
    return InTheWay(text, words.stands) if isinstance(words, InTheWay) else text


def _name(key: str) -> str:
    """Return a key's comment, or the end of its text, to tell it by."""
    fields = key.split()
    comment = " ".join(fields[2:]) if len(fields) > 2 and fields[0].startswith(("ssh-", "ecdsa-", "sk-")) else ""  # noqa: PLR2004 - type, text, comment
    return f"{comment} (…{fields[1][-_SHOWN:]})" if comment else f"…{key[-_SHOWN:]}"
