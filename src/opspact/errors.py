"""Every error raised on purpose, named after the decision that it causes, with its exit code.

Comes in: nothing of ours. Goes out: exceptions that `cli.main` turns into words and an exit code.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from opspact.structs import Struct


class ExitCode(IntEnum):
    """What the program's end says to scripts (docs/reference/commands.md)."""

    CLEAN = 0
    FINDINGS = 1
    REFUSED = 2
    OPERATION_FAILED = 3
    NOTHING_FOUND = 4
    SIGNAL = 128


class Place(Struct, order=True):
    """Where something is written: a path inside the contract, a line and a column, both from 1 (0: the whole file)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, without the parts that are 0."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class Problem(Struct):
    """One thing wrong with what is written.

    `code` is stable (`OP001`); `where` is the path inside the document (`backups[1].keep.weekly`); `source` is the
    written line itself; `hint` says the way out. `missing`: what is named there and does not exist (`host backup1`),
    so that all places that name it are shown together; else empty.
    """

    code: str
    place: Place
    message: str
    where: str = ""
    hint: str = ""
    source: str = ""
    missing: str = ""

    def __str__(self) -> str:
        """Return the problem in one line: place, path, message, hint."""
        path = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {path}{self.message}{hint}"


class OpspactError(Exception):
    """Base of every error raised on purpose; `hint` says what the reader can do about it."""

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Refused(OpspactError):  # noqa: N818 - named after the decision
    """The input or the call is wrong; nothing was done. Carries all problems at once, in the order of their places."""

    def __init__(self, message: str, problems: Iterable[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.place, problem.where, problem.message)))

    def __str__(self) -> str:
        """Return the message and every problem, a line each."""
        return "\n".join([super().__str__(), *map(str, self.problems)])


class Stale(Refused):
    """A plan does not fit the state that it was made for; it must be created again."""


class Busy(Refused):
    """Somebody else holds the lock; come back when they are done."""


class OperationFailed(OpspactError):  # noqa: N818 - named after the decision
    """The work was begun and did not succeed everywhere; what was done is in the ledger."""

    exit_code = ExitCode.OPERATION_FAILED


class NothingFound(OpspactError):  # noqa: N818 - named after the decision
    """Nothing was there to do where something was expected."""

    exit_code = ExitCode.NOTHING_FOUND


class LeaseLost(OperationFailed):
    """Another run has taken what this run held; this run may write nothing about it any more.

    `hosts` are those whose lease was taken, each with the run that has it (empty: nobody known); without hosts, the run
    itself was taken over.
    """

    def __init__(self, message: str, hosts: Mapping[str, str] | None = None, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.hosts = dict(hosts or {})


class ChainBreak(Struct):
    """One thing wrong with the ledger: the sequence number it concerns (0: no single event), and the words for it."""

    sequence: int
    message: str


class LedgerBroken(OpspactError):  # noqa: N818 - named after the decision
    """The ledger's chain does not hold: an event was changed, removed, inserted or swapped. Carries every break."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, message: str, breaks: Iterable[ChainBreak] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.breaks = tuple(breaks)

    def __str__(self) -> str:
        """Return the message and every break, a line each."""
        return "\n".join([super().__str__(), *(found.message for found in self.breaks)])


class LedgerUnavailable(OpspactError):  # noqa: N818 - named after the decision
    """The ledger cannot be read or written now: disk full, read-only, server away."""

    exit_code = ExitCode.OPERATION_FAILED


class LedgerUnreadable(LedgerUnavailable):
    """The ledger that a command wants to read cannot be used now; nothing was done."""

    exit_code = ExitCode.REFUSED


class LedgerBusy(LedgerUnavailable):
    """Somebody else kept the ledger locked for longer than we wait; trying again later is right."""


class LedgerInvalid(Refused):
    """What was named as the ledger is none that this version can use: other data, a newer schema, a missing driver."""


class PlaceUnavailable(Refused):
    """A place where heads of the ledger are kept cannot be read or written now."""


class AlreadyRecorded(Refused):
    """The ledger holds an event with this key already: it was recorded before, perhaps by another process."""
