"""What came of a comment on a pull request.

Comes in: the outcome. Goes out: lines, JSON.
"""

from collections.abc import Iterator

from opspact.forge.comment import Posted
from opspact.forge.forges import PullRequest
from opspact.report.document import document
from opspact.report.lines import Line, line


def posted_lines(posted: Posted, request: PullRequest) -> Iterator[Line]:
    """Given what came of it, yield its line."""
    yield line((f"comment {posted.outcome.value}", "good"), f": {request.repository}, pull request {request.number}")


def skipped_lines() -> Iterator[Line]:
    """Yield the line that says why nothing was posted."""
    yield line(("no comment was made", "doubt"), ": the pull request comes from a fork, which gets no token")


def comment_json(posted: Posted | None) -> str:
    """Given what came of it (None: nothing was posted), return one JSON object."""
    outcome, comment = (posted.outcome.value, posted.comment) if posted else ("skipped", "")
    return document("comment", {"outcome": outcome, "comment": comment})
