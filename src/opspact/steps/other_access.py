"""Nobody has access to a host but those who are meant to: accounts, keys, rules of sudo, members of groups.

In: what is meant to be. Out: a step that only checks: whatever else is there belongs to others, and people remove it.
Why: docs/decisions/0035-other-access.md.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from opspact.steps.base import CheckedHost, Obstacle, Step, Task
from opspact.steps.host_program import HOST_ACCESS
from opspact.steps.question import ask_program
from opspact.structs import Struct, from_json
from opspact.values.secret import Secrets

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "account": "remove it by hand, or add {name} to others.accounts",
        "key": 'remove it by hand, or add "{name}" to others.keys',
        "line": "check the file by hand",
        "link": "replace the link with a file by hand",
        "rule": "remove it by hand, or add it to others.sudo",
        "member": 'remove it by hand, or add "{name}" to others.members',
    }
)
"""What people do about strangers of each kind. `{name}`: how they are written in the policy."""
_FAILURE = "cannot find out who else has access"


@dataclass(frozen=True, kw_only=True)
class OtherAccess(Step):
    """Beside these, nobody and nothing has access to the host.

    `accounts` may log in; `closed` ones, the keys of `own_keys` and the rules in `files` are looked at by steps of
    their own. `keys`: `ACCOUNT FINGERPRINT`; `lines`: `ACCOUNT LINE` of authorized_keys, KEY in place of the key;
    `sudo`: rules; `members`: `ACCOUNT in GROUP`; `directories`: sources of accounts and keys that nobody lists.
    """

    kind: ClassVar[str] = "other-access"
    rank: ClassVar[int] = 90
    question: ClassVar[str] = "does anybody have access who is not meant to?"

    accounts: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    own_keys: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    sudo: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The host as a whole."""
        return "host"

    def tasks(self) -> tuple[Task, ...]:
        """None: what others made is theirs to remove."""
        return ()

    def removal(self) -> tuple[Task, ...]:
        """None: there is nothing to remove."""
        return ()

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield everybody and everything else, each with what to do about it."""
        found = self.strangers(host)
        differences = [_difference(each) for each in found.found]
        if found.unknown and not differences:
            raise ValueError(f"{_FAILURE}: {'; '.join(found.unknown)}")
        yield from differences
        yield from (f"not known: {words}" for words in found.unknown)

    def strangers(self, host: CheckedHost) -> "Strangers":
        """Return everybody and everything else that has access. Raise ValueError when the host does not say."""
        said = ask_program(host, HOST_ACCESS.text, self._wanted(), failure=_FAILURE).stdout
        try:
            found = from_json(said, Strangers)
        except ValueError as error:
            raise ValueError(f"{_FAILURE}: unexpected answer") from error
        if not {each.kind for each in found.found} <= _REMEDIES.keys():
            raise ValueError(f"{_FAILURE}: unexpected answer")
        return found

    def _wanted(self) -> str:
        names = (*("accounts", "closed", "own_keys", "keys", "lines", "sudo", "files", "members", "directories"),)
        return json.dumps({name: getattr(self, name) for name in names})

    def present(self, host: CheckedHost) -> bool:  # noqa: ARG002 - strangers are not things that opspact places
        """A host without strangers has nothing of this."""
        return False


class Stranger(Struct):
    """One who has access and is not meant to. `name`: as it is written in a policy; empty: several are counted."""

    kind: str
    name: str
    words: str


class Strangers(Struct):
    """What a host says: who else has access, and what cannot be known."""

    found: tuple[Stranger, ...]
    unknown: tuple[str, ...]


def _difference(stranger: Stranger) -> Obstacle:
    remedy = f": {_REMEDIES[stranger.kind].format(name=stranger.name)}" if stranger.name else ""
    return Obstacle(f"{stranger.words}{remedy}", f"unknown {stranger.kind}")
