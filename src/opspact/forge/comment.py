"""The one comment that opspact keeps up to date on a pull request: found again by its marker and its author.

In: Markdown whose first line is a marker. Out: whether the comment was made, updated, or was as it should be.
"""

import re
from collections.abc import Iterator
from enum import StrEnum

from opspact.errors import OperationFailed, Refused
from opspact.forge.forges import PAGE, Forge, ForgeKind, PullRequest, has_next
from opspact.forge.http_client import Answer, Client, Unanswered
from opspact.structs import Struct

LARGEST = 65_536
"""Characters that every forge takes; GitHub takes no more."""

_MARKER = re.compile(r"<!-- opspact [^\n<>]{1,200} -->\Z")
_MOST_PAGES = 500
_TRIES = 3
_CREATED = range(200, 300)
_NOT_ALLOWED = (401, 403, 404)


class Outcome(StrEnum):
    """What came of it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Posted(Struct):
    """What came of it, and the comment's number."""

    outcome: Outcome
    comment: str


class _Comment(Struct):
    number: str
    text: str


def marker_of(markdown: str) -> str:
    """Given Markdown, return its first line, the marker. Raise Refused when it has none, or is too long to post."""
    marker = markdown.partition("\n")[0].rstrip("\r")
    if not _MARKER.match(marker):
        raise Refused(
            "the text does not begin with a marker by which its comment is found again",
            hint="use the output of `opspact plan --base REF --format markdown`",
        )
    if len(markdown) > LARGEST:
        raise Refused(f"the text has {len(markdown):,} characters; forges take {LARGEST:,}")
    return marker


class Commenter(Struct):
    """Who comments on one pull request of a forge."""

    forge: Forge
    client: Client
    request: PullRequest

    def post(self, markdown: str) -> Posted:
        """Given Markdown, make the own comment with its marker say that. Raise OperationFailed when it does not.

        A request that got no answer may have been carried out: the comments are read again before another one is made.
        """
        marker = marker_of(markdown)
        for attempt in range(1, _TRIES + 1):
            try:
                return self._post(markdown, marker)
            except Unanswered as error:
                if attempt == _TRIES:
                    raise OperationFailed(f"the comment may not be there: {error}", hint="run it again") from error
                self.client.pause(float(2**attempt))
        raise AssertionError  # the loop returns or raises

    def _post(self, markdown: str, marker: str) -> Posted:
        own = next(self._own(marker), None)
        if own is None:
            path = self.request.path(self.forge.comments)
            made = self._checked(self.client.ask("POST", path, body={"body": markdown}), "cannot be made")
            return Posted(Outcome.CREATED, _text(made.data, "id"))
        if _normal(own.text) == _normal(markdown):
            return Posted(Outcome.UNCHANGED, own.number)
        path = self.request.path(self.forge.comment, own.number)
        self._checked(self.client.ask(self.forge.update, path, body={"body": markdown}), "cannot be updated")
        return Posted(Outcome.UPDATED, own.number)

    def _own(self, marker: str) -> Iterator[_Comment]:
        """Yield the comments with the marker that we made: anybody can write a comment that begins like ours."""
        author = self._author()
        for found in self._comments():
            user = found.get("author", found.get("user"))
            body = _text(found, "body")
            if body.partition("\n")[0].rstrip("\r") == marker and _is_author(user, author):
                yield _Comment(_text(found, "id"), body)

    def _author(self) -> str:
        """Return the number of the token's user; empty: the token is that of GitHub's pipeline, which has none."""
        answer = self.client.ask("GET", "/user")
        if answer.status == 200 and (number := _text(answer.data, "id")):  # noqa: PLR2004 - as HTTP has it
            return number
        if self.forge.kind is ForgeKind.GITHUB and answer.status == 403:  # noqa: PLR2004 - as above
            return ""
        self._checked(answer, "is not looked for: the token does not say whose it is")
        raise OperationFailed("the forge does not say whose the token is", hint="let the token read its own user")

    def _comments(self) -> Iterator[dict[str, object]]:
        """Yield the comments of the pull request, from all pages."""
        seen: set[str] = set()
        path = self.request.path(self.forge.comments)
        for page in range(1, _MOST_PAGES + 1):
            query = {"per_page": str(PAGE), "page": str(page)}
            answer = self._checked(self.client.ask("GET", path, query), "cannot be looked for")
            if not isinstance(answer.data, list):
                raise OperationFailed("the forge's answer is not a list of comments", hint="check --url")
            listed = [each for each in answer.data if isinstance(each, dict)]
            new = [each for each in listed if _text(each, "id") not in seen]
            yield from new
            seen |= {_text(each, "id") for each in new}
            if not new or not has_next(answer, page, count=len(listed)):
                return
        raise OperationFailed(f"there are more than {_MOST_PAGES:,} pages of comments")

    def _checked(self, answer: Answer, what: str) -> Answer:
        if answer.status in _CREATED:
            return answer
        said = _text(answer.data, "message") or _text(answer.data, "error") or "no reason given"
        hint = "check the token, its scope, the repository and the number" if answer.status in _NOT_ALLOWED else ""
        raise OperationFailed(f"the comment {what}: status {answer.status}, {said[:200]}", hint=hint)


def _is_author(user: object, author: str) -> bool:
    """Return whether a comment's user is the token's; without one, whether it is a program, as a pipeline is."""
    return _text(user, "id") == author if author else _text(user, "type") == "Bot"


def _text(data: object, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return str(value) if isinstance(value, str | int) else ""


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
