"""An error raised on purpose, in words: what is wrong, where, the written line itself, and the way out.

Comes in: an error. Goes out: lines for people, one JSON object for scripts.
"""

from collections.abc import Iterable, Iterator

from opspact.errors import (
    Busy,
    LedgerBroken,
    LedgerUnavailable,
    NothingFound,
    OperationFailed,
    OpspactError,
    Place,
    Problem,
    Refused,
    Stale,
)
from opspact.report.document import document
from opspact.report.line_breaks import columns
from opspact.report.lines import Line, line
from opspact.text.counts import format_count

_KINDS: tuple[tuple[type[OpspactError], str], ...] = (
    (Stale, "stale"),
    (Busy, "busy"),
    (Refused, "refused"),
    (LedgerUnavailable, "ledger unavailable"),
    (LedgerBroken, "ledger broken"),
    (OperationFailed, "failed"),
    (NothingFound, "not found"),
)
_WINDOW = 100  # columns of a written line that are shown around its caret, where there is room
_GUTTER = 8


def kind_of(error: OpspactError) -> str:
    """Given an error, return the word for its kind."""
    return next((word for kind, word in _KINDS if isinstance(error, kind)), "failed")


def refusal_lines(error: OpspactError, *, width: int | None = None) -> list[Line]:
    """Given an error and the screen's width, return its lines: the message, every problem, and how many there are."""
    window = source_window(width)
    message = str(error.args[0]) if error.args else kind_of(error)
    found = [line(("opspact: ", "title"), (kind_of(error), "bad"), f": {message}")]
    match error:
        case Refused(problems=problems) if problems:
            found += [line(), *problem_lines(problems, window=window), summary_line(problems)]
        case LedgerBroken(breaks=breaks):
            found += [line(each.message, indent=2) for each in breaks]
    if error.hint:
        found.append(line(("hint: ", "quiet"), error.hint, indent=2, hang=6))
    return found


def refusal_json(error: OpspactError) -> str:
    """Given an error, return it as one JSON object."""
    problems = error.problems if isinstance(error, Refused) else ()
    breaks = error.breaks if isinstance(error, LedgerBroken) else ()
    content = {
        **_error_data(kind_of(error), str(error.args[0]) if error.args else kind_of(error), error.exit_code),
        "hint": error.hint,
        "problems": [
            {
                "code": str(problem.code),
                "file": problem.place.file,
                "line": problem.place.line,
                "column": problem.place.column,
                "where": problem.where,
                "message": problem.message,
                "help": problem.hint,
            }
            for problem in problems
        ],
    }
    if breaks:
        content["breaks"] = [{"sequence": each.sequence, "message": each.message} for each in breaks]
    return document("error", content)


def signal_json(message: str, exit_code: int) -> str:
    """Given which signal ended a command, and the exit code, return it as one JSON object of an error's shape."""
    return document("error", _error_data("terminated", message, exit_code))


def _error_data(kind: str, message: str, exit_code: int) -> dict[str, object]:
    return {"kind": kind, "message": message, "hint": "", "exit_code": int(exit_code), "problems": []}


def problem_lines(problems: Iterable[Problem], *, window: int = _WINDOW) -> Iterator[Line]:
    """Given problems, yield the lines of each: place, path, message, the written line with a caret, the hint.

    Of problems that name the same missing thing, the first is shown so, the places of the others below it.

    `window`: columns of the terminal that a written line may take.
    """
    for problem, *others in _by_what_is_missing(problems):
        where = f"{problem.where}: " if problem.where else ""
        code = (f"  [{problem.code}]", "quiet")
        yield line((f"{problem.place}: ", "title"), where, problem.message, code, hang=4)
        yield from source_lines(problem.place, problem.source, window)
        if problem.hint:
            yield line(("hint: ", "quiet"), problem.hint, indent=4, hang=6)
        if others:
            yield line(("also referenced at:", "quiet"), indent=4)
        for other in others:
            yield line(f"{other.place} {other.where}".rstrip(), (f"  [{other.code}]", "quiet"), indent=6, hang=2)
        yield line()


def _by_what_is_missing(problems: Iterable[Problem]) -> Iterable[list[Problem]]:
    """Return problems in groups: all that name one missing thing together, each other one alone."""
    groups: dict[object, list[Problem]] = {}
    for number, problem in enumerate(problems):
        groups.setdefault(problem.missing or number, []).append(problem)
    return groups.values()


def summary_line(problems: Iterable[Problem]) -> Line:
    """Given problems, return the line that counts them."""
    listed = list(problems)
    files = {problem.place.file for problem in listed}
    return line(
        (format_count(len(listed), "problem"), "bad"), f" in {format_count(len(files), 'file')}; nothing was done"
    )


def source_window(width: int | None) -> int:
    """Given the screen's width (None: unknown), return how many columns of it a written line may take."""
    return min(_WINDOW, width - _GUTTER) if width else _WINDOW


def source_lines(place: Place, written: str, window: int = _WINDOW) -> Iterator[Line]:
    """Given a place and its written line, yield the line and a caret below the column; of a long line the part around.

    `window`: columns of the terminal that a written line may take.
    """
    if not written.strip():
        return
    source, column = _around(written.rstrip(), place.column, window)
    yield line((f"{place.line:>5} | ", "quiet"), source, hang=_GUTTER)
    if 0 < column <= len(source) + 1:
        yield line(" " * 6, ("| ", "quiet"), " " * columns(source[: column - 1]), ("^", "bad"))


def _around(source: str, column: int, window: int) -> tuple[str, int]:
    """Given a written line and a column from 1, return the part worth showing, and the column in it.

    A Chinese letter takes two columns of a terminal.
    """
    start, end = 0, len(source)
    while columns(source[start:end]) > window:
        if column - 1 - start > end - column:
            start += 1
        else:
            end -= 1
    part = ("…" + source[start + 1 : end]) if start else source[:end]
    if end < len(source):
        part = part[:-1] + "…"
    return part, column - start
