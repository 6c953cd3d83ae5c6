"""The secrets that steps name and that are not available here: without them apply is refused.

Comes in: the problems of reading them. Goes out: lines.
"""

from collections.abc import Iterator, Sequence

from opspact.errors import Problem
from opspact.report.lines import Line, line
from opspact.text.counts import format_count


def missing_secret_lines(problems: Sequence[Problem]) -> Iterator[Line]:
    """Given what is wrong with secrets, yield a line for each under one heading; nothing when nothing is wrong."""
    if not problems:
        return
    yield line()
    yield line((f"{format_count(len(problems), 'secret')} not available", "bad"), ": apply would be refused")
    for problem in problems:
        yield line((f"{problem.place}  ", "title"), problem.message, indent=2)
        if problem.hint:
            yield line(("hint: ", "quiet"), problem.hint, indent=4, hang=6)
