"""What opspact needs of a family's package manager. `apt` beside this file is Debian's.

In: names of packages. Out: tasks for Ansible, and what a host's package manager answers.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from opspact.steps.base import CheckedHost, Task
from opspact.structs import Struct


class Removal(Struct):
    """What removing a package would do to others: these would be removed with it, those installed in its place."""

    along: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


class PackageManager(Protocol):
    """A module that speaks of packages to hosts of one family. Questions without an answer raise ValueError."""

    NAME: str
    """What it is called in messages."""

    FILES: str
    """The shell that prints the paths of the files of the package `$1`, one a line; not 0 when nobody knows."""

    def install(self, packages: Sequence[str]) -> Task:
        """Given packages, return the task that installs them in one go."""

    def remove(self, packages: Sequence[str]) -> tuple[Task, ...]:
        """Given packages, return the tasks that remove them in one go, unless that would touch others."""

    def is_installed(self, host: CheckedHost, package: str) -> bool:
        """Whether a host has the package."""

    def removal(self, host: CheckedHost, package: str) -> Removal:
        """Return what removing the package would do to others, without doing it and without waiting for a lock."""

    def canonical_paths(self, paths: Collection[str]) -> frozenset[str]:
        """Given paths as packages and units name them, return each under the one name that its file has."""
