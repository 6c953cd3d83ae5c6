"""The vocabulary of a written inventory: what each source file says, statement after statement.

Comes in: nothing. Goes out: plain tuples that `inventory_yaml` and `inventory_ini` make and `resolve.inventory`
replays. Named tuples, because an inventory of twenty thousand hosts makes forty thousand of them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from opspact.errors import Place
from opspact.structs import Struct


class Unreadable(Exception):  # noqa: N818 - named after what it says; never leaves the readers
    """One thing cannot be understood; the reader that catches it knows where it stands."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Vaulted(Struct):
    """A value that ansible-vault encrypted (`!vault`). It stays so: only Ansible, on the way to a host, opens it."""

    ciphertext: str


class Unsafe(str):
    """A text that Ansible must never read as a template (`!unsafe`); otherwise an ordinary string."""

    __slots__ = ()


class GroupNamed(NamedTuple):
    """The file names a group, with or without anything in it."""

    group: str
    line: int
    column: int


class VariableSet(NamedTuple):
    """The file sets a variable of a group."""

    group: str
    name: str
    value: object
    line: int
    column: int


class ChildAdded(NamedTuple):
    """The file makes one group the child of another."""

    group: str
    child: str
    line: int
    column: int


class HostsAdded(NamedTuple):
    """The file puts hosts (a range is already many names) into a group; `variables` are each host's own."""

    group: str
    names: tuple[str, ...]
    port: int | None
    variables: Mapping[str, object]
    line: int
    column: int


Statement = GroupNamed | VariableSet | ChildAdded | HostsAdded


class Source(Struct):
    """One inventory file and its statements, in the order in which Ansible obeys them."""

    file: str
    statements: tuple[Statement, ...]

    def place(self, statement: Statement) -> Place:
        """Return where the statement stands."""
        return Place(self.file, statement.line, statement.column)


class InventorySource(Struct):
    """Everything that an inventory folder says about its hosts.

    `group_variables` and `host_variables` hold what the files under `group_vars/` and `host_vars/` say together, later
    files over earlier ones; only groups and hosts that the sources name are in them.
    """

    folder: str
    sources: tuple[Source, ...]
    group_variables: Mapping[str, Mapping[str, object]]
    host_variables: Mapping[str, Mapping[str, object]]
