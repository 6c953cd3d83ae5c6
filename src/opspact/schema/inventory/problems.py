"""Collects what is wrong in one inventory file, each with its place and the written line.

Comes in: the file's path and text, then complaints. Goes out: problems for one `Refused`.
"""

import re
from dataclasses import dataclass, field

from opspact.errors import Place, Problem
from opspact.schema.codes import Code
from opspact.schema.inventory.hosts import MOST_HOSTS, read_host
from opspact.schema.yaml import limits
from opspact.text.unicode import covered, escaped

TELLS_A_SECRET = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


@dataclass(slots=True)
class ProblemCollector:
    """The problems of one file. `line` and `column` count from 1; 0 means the whole file."""

    file: str
    text: str = ""
    hosts_left: int = MOST_HOSTS
    problems: list[Problem] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)

    def add(self, code: Code, at: tuple[int, int], message: str, *, where: str = "", hint: str = "") -> None:
        """Given a code, a line and column, and what is wrong there, keep the problem."""
        line, column = at
        place = Place(self.file, line, column)
        problem = Problem(code, place, escaped(message), where=escaped(where), hint=hint, source=self.source(line))
        self.problems.append(problem)

    def hosts(self, text: str) -> tuple[tuple[str, ...], int | None]:
        """Given a host entry, return its names and port, and count what its ranges make.

        Raise Unreadable as read_host does, also when the inventory's ranges make too many hosts together.
        """
        names, port = read_host(text, self.hosts_left)
        if len(names) > 1:
            self.hosts_left -= len(names)
        return names, port

    def inside(self, at: tuple[int, int]) -> tuple[int, int]:
        """Given a place that may lie behind the end of the text, return it, or the end of the last line."""
        lines = self._split()
        return at if at[0] <= len(lines) or not lines else (len(lines), len(lines[-1]) + 1)

    def _split(self) -> list[str]:
        if not self._lines:
            self._lines = self.text.splitlines()
        return self._lines

    def line(self, line: int) -> str:
        """Given a line from 1, return it as written; nothing where there is none."""
        lines = self._split()
        return lines[line - 1] if 0 < line <= len(lines) else ""

    def source(self, line: int) -> str:
        """Given a line from 1, return it fit for showing; nothing when it may hold a password: that reaches no log."""
        written = self.line(line)
        return "" if TELLS_A_SECRET.search(written) else covered(written[: limits.SOURCE_CHARACTERS])
