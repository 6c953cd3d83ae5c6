"""A table of a PostgreSQL database holds the rows that the policy lists.

In: a code table's policy. Out: a step.
"""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from zlib import compress

from opspact.steps.base import CheckedHost, Obstacle, Step, Task, Template
from opspact.steps.content import Content
from opspact.steps.host_program import TABLE_ROWS
from opspact.steps.question import PYTHON, ask_program
from opspact.steps.traits import KeepsState
from opspact.text.counts import format_count
from opspact.text.unicode import escaped
from opspact.values.secret import Secrets

_MOST_SHOWN = 20  # differences that are said; the digest is of all
_LONGEST = 60  # characters of a value that are said
_CUT = '…"'
_NO_PSQL = "missing program"


@dataclass(frozen=True, kw_only=True)
class TableRows(Step, KeepsState):
    """The table has these rows, every value exactly; `removes`: and no others.

    `content` has a line for each row: a JSON array of texts and nulls, in the order of `columns`. `zone` is that of
    instants that are written without one.
    """

    kind: ClassVar[str] = "table-rows"
    rank: ClassVar[int] = 85
    question: ClassVar[str] = "does it hold the rows of the policy, every value exactly?"

    database: str
    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    content: Content
    removes: bool = False
    zone: str = "UTC"

    @property
    def subject(self) -> str:
        """The database and the table."""
        return f"{self.database}/{self.table}"

    @property
    def source(self) -> str:
        """The name of its rows in the project's `files/`."""
        return self.content.stored_as(f"{self.database}.{self.table}.rows")

    def tasks(self) -> tuple[Task, ...]:
        """Change what differs, in one transaction that is undone when anything is against it."""
        program, rows = (
            Template("{{ lookup('ansible.builtin.file', '" + source + "') }}")
            for source in (TABLE_ROWS.source, self.source)
        )
        return (
            Task(
                f"Change rows of table {self.subject}",
                "ansible.builtin.command",
                {"argv": [*PYTHON, "-c", program, "change", self._specification], "stdin": rows},
                {"register": "opspact_rows", "changed_when": "'changed' in opspact_rows.stdout | default('')"},
            ),
        )

    def removal(self) -> tuple[Task, ...]:
        """Nothing: the rows are the customer's."""
        return ()

    def reason_to_keep(self, *, made: bool) -> str:  # noqa: ARG002 - the kinds' common signature
        """The rows stay, whoever wrote them."""
        return "its rows stay as they are"

    def check(self, host: CheckedHost, secrets: Secrets) -> Iterator[str]:  # noqa: ARG002 - the kinds' common signature
        """Yield the first rows that differ, and how many do."""
        match self._seen(host):
            case {"problem": str(problem), "found": str(found)} if problem:
                yield problem if found == _NO_PSQL else Obstacle(f"{problem}: fix it by hand", found)
            case {"differences": list(found), "count": int(count), "unlisted": int(unlisted), "digest": str(digest)}:
                said = [self._difference(it) for it in found[:_MOST_SHOWN]]
                if count > len(said) or any(_CUT in it for it in said):
                    said.append(f"{format_count(count, 'row')} in all, digest {digest[:12]}…")
                if unlisted == count and count and not self.removes:
                    remedy = "list them in the policy, delete them by hand, or set extra_rows: remove"
                    yield Obstacle(f"{'; '.join(said)}: {remedy}", "rows that are not listed")
                else:
                    yield from said
            case _:
                raise ValueError(f"cannot compare table {self.subject}: unexpected answer")

    def present(self, host: CheckedHost) -> bool:
        """Whether the table exists."""
        match self._seen(host):
            case {"exists": bool(exists)}:
                return exists
            case _:
                raise ValueError(f"cannot compare table {self.subject}: unexpected answer")

    def _seen(self, host: CheckedHost) -> object:
        packed = b64encode(compress(self.content.data)).decode()  # Linux takes 128 KiB in one argument, the program too
        failure = f"cannot compare table {self.subject}"
        outcome = ask_program(host, TABLE_ROWS.text, "compare", self._specification, packed, failure=failure)
        return json.loads(outcome.stdout)

    @property
    def _specification(self) -> str:
        """Return what the program is given beside the rows."""
        return json.dumps(
            {
                "database": self.database,
                "table": self.table,
                "key": self.key,
                "columns": self.columns,
                "removes": self.removes,
                "zone": self.zone,
            }
        )

    def _difference(self, found: object) -> str:
        """Return a difference in words."""
        match found:
            case ["missing", list(key), list(values)]:
                others = [f"{name} {_shown(wanted)}" for name, _, wanted in values if name not in self.key]
                return f"row {_key(key)} is missing{_in_brackets(others)}"
            case ["different", list(key), list(values)]:
                said = [f"{name} is {_shown(now)}, expected {_shown(wanted)}" for name, now, wanted in values]
                return f"row {_key(key)}: {', '.join(said)}"
            case ["unlisted", list(key), list(values)]:
                others = [f"{name} {_shown(now)}" for name, now, _ in values if name not in self.key]
                return f"row {_key(key)} is not listed{_in_brackets(others)}"
            case _:
                raise ValueError(f"cannot compare table {self.subject}: unexpected difference {found!r}")


def _key(values: list[object]) -> str:
    return " ".join(map(_shown, values))


def _in_brackets(said: list[str]) -> str:
    return f" ({', '.join(said)})" if said else ""


def _shown(value: object) -> str:
    """Return a value as it is shown: text in quotes, cut when it is long, what cannot be seen as escapes."""
    if not isinstance(value, str):
        return "null"
    return f'"{escaped(value)}"' if len(value) <= _LONGEST else f'"{escaped(value[:_LONGEST])}{_CUT}'
