"""What is said about a contract: what is wrong or doubtful, where it stands, and the way out.

Comes in: hits of rules, problems of what is written. Goes out: findings.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from opspact.errors import Place, Problem
from opspact.structs import Struct
from opspact.text.counts import format_count


class Severity(StrEnum):
    """How much a finding weighs.

    An `error` is a promise that cannot be kept as it is written, a `warning` one that may not be; a `note` is worth
    knowing and fails nothing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class FindingKey(Struct):
    """What names a finding: its id among those found together (`OP300#1`), and what it is and where."""

    id: str
    code: str
    policy: str
    place: Place


class Recurrence(Struct):
    """On how many days (weeks, months: `unit`) something is so, and the first day of it, in the contract's zone."""

    count: int
    first: date
    unit: str = "day"

    @property
    def times(self) -> str:
        """In words: `on 52 days`, `in 1 week`."""
        preposition = "on" if self.unit == "day" else "in"
        return f"{preposition} {format_count(self.count, self.unit)}"


class Finding(Struct):
    """One thing said about a contract.

    `place` is where it is written and `last_line` where that ends (0: on the line of the place). `source` is the
    written line, fit for showing. `policy` is `kind/name`; `subject` says which part of it, where several of its parts
    may have the same finding (`level I resolve`). `about`: the hosts of a finding of the contract as a whole, which may
    be about others tomorrow (empty elsewhere). `accepted` says who lives with it, until when and why. `repeats`: on how
    many days it is so, where it comes again and again. `id` is given when all is found; `caused_by` names the findings
    that it follows from directly.
    """

    code: str
    severity: Severity
    place: Place
    message: str
    help: str = ""
    clauses: tuple[str, ...] = ()
    policy: str = ""
    last_line: int = 0
    source: str = ""
    about: tuple[str, ...] = ()
    accepted: str = ""
    subject: str = ""
    repeats: Recurrence | None = None
    id: str = ""
    caused_by: tuple[FindingKey, ...] = ()

    @property
    def identity(self) -> tuple[str, Place, str]:
        """What distinguishes findings and numbers them: the code, where it is written, what is said."""
        return (self.code, self.place, self.message)

    @property
    def weight(self) -> tuple[int, str, Place, str]:
        """What findings are ordered by: the heaviest first, then by code, then as they are written."""
        return (list(Severity).index(self.severity), *self.identity)

    @property
    def key(self) -> FindingKey:
        """What other findings name it by."""
        return FindingKey(self.id, self.code, self.policy, self.place)


def from_problems(problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """Given problems of what is written, return them as findings with ids: each is an error.

    Of those that name the same missing thing, the first is the cause of the others.
    """
    found: list[Finding] = []
    first: dict[str, FindingKey] = {}
    numbers: Counter[str] = Counter()
    for problem in problems:
        numbers[problem.code] += 1
        cause = first.get(problem.missing)
        finding = Finding(
            code=str(problem.code),
            severity=Severity.ERROR,
            place=problem.place,
            message=f"{problem.where}: {problem.message}" if problem.where else problem.message,
            help=problem.hint,
            source=problem.source,
            id=f"{problem.code}#{numbers[problem.code]}",
            caused_by=(cause,) if cause else (),
        )
        if problem.missing:
            first.setdefault(problem.missing, finding.key)
        found.append(finding)
    return tuple(found)


def count(findings: Iterable[Finding], severity: Severity) -> int:
    """Return how many findings are of that severity."""
    return sum(finding.severity is severity for finding in findings)
