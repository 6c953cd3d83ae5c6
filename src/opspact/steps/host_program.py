"""The programs that steps have hosts run, each of parts in `onhost` that become one text.

In: the names of parts. Out: the text as content, and the task that has a host run it.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from opspact.steps.base import Task, Template
from opspact.steps.content import Content
from opspact.steps.question import PYTHON
from opspact.structs import Struct

_BETWEEN = re.compile(r"^from opspact\.onhost\.\w+ import (?:[^\n(]+|\([^)]*\))\n", re.MULTILINE)
_FUTURE = "from __future__ import annotations\n"


class HostProgram(Struct):
    """A program: its parts in order, the last of which names it."""

    parts: tuple[str, ...]

    @property
    def content(self) -> Content:
        """Its text, the parts in one file."""
        return Content.of(self.text)

    @property
    def text(self) -> str:
        """Its text."""
        return _combined(self.parts)

    @property
    def source(self) -> str:
        """Its name in a project's `files/`."""
        return self.content.stored_as(f"{self.parts[-1]}.py")

    def task(self, name: str, *words: str) -> Task:
        """Given a task's name and the program's arguments, return the task that runs it; it says what it changed."""
        says = {"register": "opspact_closed", "changed_when": "'changed' in opspact_closed.stdout | default('')"}
        return Task(name, "ansible.builtin.command", self._arguments(words), says, in_loop={})

    def check_task(self, name: str, *words: str) -> Task:
        """Given a task's name and the program's arguments, return the task that runs it, in a dry run too."""
        only = {"changed_when": False, "check_mode": False}
        return Task(name, "ansible.builtin.command", self._arguments(words), only)

    def _arguments(self, words: Sequence[str]) -> dict[str, object]:
        text = Template("{{ lookup('ansible.builtin.file', '" + self.source + "') }}")
        return {"argv": [*PYTHON, "-", *words], "stdin": text}


ACCOUNT_ACCESS = HostProgram(
    (
        *("host_files", "accepted_keys"),
        *("account_files", "account_keys", "account_processes", "account_rights", "account_access"),
    )
)
"""Finds every way in which an account can be used, and closes them."""

HOST_ACCESS = HostProgram(("host_files", "accepted_keys", "sudo_rules", "host_access"))
"""Finds who else has access to a host: accounts, keys, rules, members of groups."""

KEY_FILES = HostProgram(("host_files", "accepted_keys", "ssh_folder", "key_files"))
"""Finds keys that sshd accepts for an account, and deletes those outside of the files that opspact writes."""

PATH = HostProgram(("path",))
"""Looks at a path as root, and follows no link that may be somebody else's."""

TABLE_ROWS = HostProgram(("table_queries", "table_rows"))
"""Compares the rows of a table with those wanted, and changes them."""

PROGRAMS = (ACCOUNT_ACCESS, HOST_ACCESS, KEY_FILES, PATH, TABLE_ROWS)


@cache
def _combined(parts: tuple[str, ...]) -> str:
    texts = (files("opspact.onhost").joinpath(f"{name}.py").read_text(encoding="utf-8") for name in parts)
    return _FUTURE + "".join(_BETWEEN.sub("", text.partition(_FUTURE)[2]) for text in texts)
