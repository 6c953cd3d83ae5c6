"""Which pull request a pipeline runs for, as its environment says.

In: environment variables, what the caller names. Out: the forge, its address, the pull request, whether it comes from a
fork.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from opspact.errors import Refused
from opspact.forge.forges import FORGES, Forge, ForgeKind, PullRequest
from opspact.structs import Struct

_HINT = "name it with --forge, --repository and --number"


class Named(Struct):
    """What the caller names; empty: the environment says."""

    forge: ForgeKind | None = None
    url: str = ""
    repository: str = ""
    number: str = ""


class Target(Struct):
    """A pull request of a forge, and whether its commits come from another repository than it is for."""

    forge: Forge
    url: str
    request: PullRequest
    is_fork: bool


def target(environment: Mapping[str, str], named: Named) -> Target:
    """Given the environment and what the caller names, return the pull request. Raise Refused if none is named."""
    kind = named.forge or _kind(environment)
    if kind is None:
        raise Refused("this is not a pipeline of a forge that is known", hint=_HINT)
    forge = FORGES[kind]
    known = _known(kind, environment)
    repository, number = named.repository or known.repository, named.number or known.number
    if not (repository and number):
        raise Refused("this pipeline does not run for a pull request", hint=_HINT)
    if not number.isdecimal():
        raise Refused(f"{number!r} is not the number of a pull request")
    if kind is not ForgeKind.GITLAB and repository.count("/") != 1:
        raise Refused(f"{repository!r} is not a repository", hint="use OWNER/NAME")
    url = named.url or known.url or forge.url
    if not url:
        raise Refused(f"the address of {kind.value} is not known", hint="name its API with --url")
    return Target(forge, url, PullRequest(repository, number), known.is_fork)


def own_token(forge: Forge, environment: Mapping[str, str]) -> str:
    """Given a forge and the environment, return the name of the variable that has a token; empty: there is none."""
    return next((name for name in ("OPSPACT_FORGE_TOKEN", *forge.tokens) if environment.get(name)), "")


class _Known(Struct):
    url: str = ""
    repository: str = ""
    number: str = ""
    is_fork: bool = False


def _kind(environment: Mapping[str, str]) -> ForgeKind | None:
    if environment.get("GITLAB_CI"):
        return ForgeKind.GITLAB
    if environment.get("GITEA_ACTIONS") or environment.get("FORGEJO_ACTIONS"):  # they say GITHUB_ACTIONS as well
        return ForgeKind.GITEA
    return ForgeKind.GITHUB if environment.get("GITHUB_ACTIONS") else None


def _known(kind: ForgeKind, environment: Mapping[str, str]) -> _Known:
    match kind:
        case ForgeKind.GITLAB:
            project = environment.get("CI_MERGE_REQUEST_PROJECT_ID", "")
            source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", project)
            number = environment.get("CI_MERGE_REQUEST_IID", "")
            return _Known(environment.get("CI_API_V4_URL", ""), project, number, source != project)
        case ForgeKind.GITHUB | ForgeKind.GITEA:
            number, is_fork = _of_event(environment.get("GITHUB_EVENT_PATH", ""))
            return _Known(
                environment.get("GITHUB_API_URL", ""), environment.get("GITHUB_REPOSITORY", ""), number, is_fork
            )
        case ForgeKind.GITEE:
            return _Known()


def _of_event(path: str) -> tuple[str, bool]:
    """Return the number of the event's pull request, and whether it comes from a fork; a deleted one is a fork."""
    request = _part(_event(path), "pull_request")
    if not request:
        return "", False
    head, base = (str(_part(_part(request, side), "repo").get("full_name", "")) for side in ("head", "base"))
    return str(request.get("number", "")), not head or head != base


def _event(path: str) -> dict[str, object]:
    if not path:
        return {}
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read the pipeline's event in {path}") from error
    return event if isinstance(event, dict) else {}


def _part(data: Mapping[str, object], key: str) -> dict[str, object]:
    part = data.get(key)
    return part if isinstance(part, dict) else {}
