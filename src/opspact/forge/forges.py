"""What differs between forges: paths, how a token is given, how a page says that another one follows.

In: a repository, a number, a token. Out: requests and what their answers mean. Sources: the API documentation of GitLab
(notes), GitHub (issue comments), Gitea (issue comments) and Gitee (v5, pulls/comments).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import quote

from opspact.errors import Refused
from opspact.forge.http_client import Answer, Client
from opspact.structs import Struct
from opspact.values.secret import Secret

PAGE = 100  # the most that each of them gives at once


class ForgeKind(StrEnum):
    """The forges that opspact can talk to."""

    GITLAB = "gitlab"
    GITHUB = "github"
    GITEA = "gitea"
    GITEE = "gitee"


class Forge(Struct):
    """A kind of forge. `comments` and `comment` are paths; `update` is the method that changes a comment.

    `url`: where its public instance has the API (empty: there is none). `tokens`: variables that usually have a token.
    """

    kind: ForgeKind
    url: str
    tokens: tuple[str, ...]
    comments: str
    comment: str
    update: str

    def client(self, url: str, token: Secret) -> Client:
        """Given the API's address and a token, return the client. Raise Refused for what is no address, or no token."""
        text = token.reveal()
        if not (text.isascii() and text.isprintable()) or not text or " " in text:
            raise Refused("the token contains characters that no token has", hint="give the token alone, on one line")
        return Client(url, *_given(self.kind, text))


class PullRequest(Struct):
    """A pull request (GitLab: merge request): its repository (`owner/name`; GitLab: or its number) and number."""

    repository: str
    number: str

    def path(self, template: str, comment: str = "") -> str:
        """Given a path of a forge, return it with repository, number and comment in it."""
        owner, _, name = self.repository.partition("/")
        parts = {"project": self.repository, "owner": owner, "name": name, "number": self.number, "comment": comment}
        return template.format(**{key: quote(value, safe="") for key, value in parts.items()})


_OF_ISSUES = {
    "comments": "/repos/{owner}/{name}/issues/{number}/comments",
    "comment": "/repos/{owner}/{name}/issues/comments/{comment}",
    "update": "PATCH",
}
FORGES: Mapping[ForgeKind, Forge] = MappingProxyType(
    {
        ForgeKind.GITLAB: Forge(
            ForgeKind.GITLAB,
            "https://gitlab.com/api/v4",
            ("GITLAB_TOKEN",),
            "/projects/{project}/merge_requests/{number}/notes",
            "/projects/{project}/merge_requests/{number}/notes/{comment}",
            "PUT",
        ),
        ForgeKind.GITHUB: Forge(ForgeKind.GITHUB, "https://api.github.com", ("GITHUB_TOKEN", "GH_TOKEN"), **_OF_ISSUES),
        ForgeKind.GITEA: Forge(ForgeKind.GITEA, "", ("GITEA_TOKEN", "GITHUB_TOKEN"), **_OF_ISSUES),
        ForgeKind.GITEE: Forge(
            ForgeKind.GITEE,
            "https://gitee.com/api/v5",
            ("GITEE_TOKEN",),
            "/repos/{owner}/{name}/pulls/{number}/comments",
            "/repos/{owner}/{name}/pulls/comments/{comment}",
            "PATCH",
        ),
    }
)


def _given(kind: ForgeKind, token: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers, and what is added to the query, by which a forge learns the token."""
    match kind:
        case ForgeKind.GITLAB:
            return {"PRIVATE-TOKEN": token}, {}
        case ForgeKind.GITHUB:
            about = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
            return {"Authorization": f"Bearer {token}", **about}, {}
        case ForgeKind.GITEA:
            return {"Authorization": f"token {token}"}, {}
        case ForgeKind.GITEE:  # documents no header
            return {}, {"access_token": token}


_NEXT = re.compile(r'<[^<>]*>[^,]*;\s*rel="?next"?')


def has_next(answer: Answer, page: int, *, count: int) -> bool:
    """Given a page's answer, its number and how many comments it has, return whether another page follows.

    Only that is read: the next page's address is ours, so that no answer says where the token goes.
    """
    headers = answer.headers
    if "x-next-page" in headers:
        return bool(headers["x-next-page"].strip())
    if headers.get("total_page", "").isdecimal():
        return page < int(headers["total_page"])
    if "link" in headers:
        return bool(_NEXT.search(headers["link"]))
    return count >= PAGE
