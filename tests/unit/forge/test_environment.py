"""Pipelines say for which pull request they run; forks are recognised."""

import json
from pathlib import Path
from typing import Any

import pytest

from opspact.errors import Refused
from opspact.forge.environment import Named, own_token, target
from opspact.forge.forges import FORGES, ForgeKind, PullRequest

GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://git.example.com/api/v4",
    "CI_PROJECT_ID": "99",
    "CI_MERGE_REQUEST_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_IID": "5",
}


def github(folder: Path, head: str | None = "acme/ops", **event: Any) -> dict[str, str]:
    request = {"number": 5, "head": {"repo": head and {"full_name": head}}, "base": {"repo": {"full_name": "acme/ops"}}}
    file = folder / "event.json"
    file.write_text(json.dumps({"action": "synchronize", "pull_request": request, **event}))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_REPOSITORY": "acme/ops",
        "GITHUB_EVENT_PATH": str(file),
    }


def test_gitlab_names_the_project_that_the_merge_request_is_for() -> None:
    found = target(GITLAB, Named())
    assert (found.forge.kind, found.url, found.request) == (
        ForgeKind.GITLAB,
        "https://git.example.com/api/v4",
        PullRequest("42", "5"),
    )
    assert not found.is_fork
    assert target({**GITLAB, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "99"}, Named()).is_fork


def test_github_and_gitea_name_the_pull_request_in_their_event(tmp_path: Path) -> None:
    environment = github(tmp_path)
    assert target(environment, Named()).request == PullRequest("acme/ops", "5")
    assert not target(environment, Named()).is_fork
    gitea = {**environment, "GITEA_ACTIONS": "true", "GITHUB_API_URL": "https://git.example.com/api/v1"}
    assert (target(gitea, Named()).forge.kind, target(gitea, Named()).url) == (
        ForgeKind.GITEA,
        "https://git.example.com/api/v1",
    )
    for head in ("stranger/ops", None):
        assert target(github(tmp_path, head), Named()).is_fork


def test_what_the_caller_names_counts() -> None:
    named = Named(ForgeKind.GITEE, repository="acme/ops", number="6")
    assert target({}, named).request == PullRequest("acme/ops", "6")
    assert target({}, named).url == "https://gitee.com/api/v5"
    assert target(GITLAB, Named(number="7")).request == PullRequest("42", "7")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, Named()),
        ({"GITLAB_CI": "true"}, Named()),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/ops"}, Named()),
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": "/absent"}, Named()),
        (GITLAB, Named(number="5/../6")),
        ({}, Named(ForgeKind.GITHUB, repository="acme", number="5")),
        ({}, Named(ForgeKind.GITEA, repository="acme/ops", number="5")),
    ],
)
def test_where_nobody_says_which_pull_request_it_is_refused(environment: dict[str, str], named: Named) -> None:
    with pytest.raises(Refused):
        target(environment, named)


def test_an_event_of_a_push_has_no_pull_request(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        target(github(tmp_path, pull_request=None), Named())


def test_names_in_paths_are_quoted() -> None:
    path = PullRequest("a/../b", "5").path(FORGES[ForgeKind.GITLAB].comments)
    assert path == "/projects/a%2F..%2Fb/merge_requests/5/notes"


def test_a_token_of_our_own_comes_first() -> None:
    environment = {"GITHUB_TOKEN": "a", "OPSPACT_FORGE_TOKEN": "b"}
    assert own_token(FORGES[ForgeKind.GITHUB], environment) == "OPSPACT_FORGE_TOKEN"
    assert own_token(FORGES[ForgeKind.GITHUB], {"GITHUB_TOKEN": "a"}) == "GITHUB_TOKEN"
    assert own_token(FORGES[ForgeKind.GITLAB], {"GITHUB_TOKEN": "a"}) == ""
