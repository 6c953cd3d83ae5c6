"""One comment on a pull request, on each forge: made once, found again, never somebody else's, politely."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forge_server import ME, OTHER, PAGE, PATHS, TOKEN, ForgeServer, running, self_signed

from opspact.errors import OperationFailed, Refused
from opspact.forge.comment import Commenter, Outcome, marker_of
from opspact.forge.forges import FORGES, ForgeKind, PullRequest
from opspact.structs import replace
from opspact.values.secret import Secret

MARKER = "<!-- opspact plan: office -->"
PLAN = f"{MARKER}\n### opspact plan: office\n\n计划 `x`\n"


@pytest.fixture(params=list(ForgeKind))
def forge(request: pytest.FixtureRequest) -> Iterator[ForgeServer]:
    with running(request.param) as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    return []


def commenter(forge: ForgeServer, pauses: list[float], token: str = TOKEN) -> Commenter:
    of_kind = FORGES[forge.kind]
    client = replace(of_kind.client(forge.url, Secret(token)), pause=pauses.append)
    return Commenter(of_kind, client, PullRequest("42" if forge.kind is ForgeKind.GITLAB else "acme/ops", "5"))


def test_a_comment_is_made_once_and_then_updated(forge: ForgeServer, pauses: list[float]) -> None:
    forge.add("looks good to me")
    one = commenter(forge, pauses)

    outcomes = [one.post(text).outcome for text in (PLAN, PLAN, f"{PLAN}more\n", f"{PLAN}more\n")]

    assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED, Outcome.UPDATED, Outcome.UNCHANGED]
    assert forge.bodies() == ["looks good to me", f"{PLAN}more"]
    assert [each for each in forge.requests if not each.startswith("GET")] == [
        f"POST {PATHS[forge.kind][0]}",
        f"{'PUT' if forge.kind is ForgeKind.GITLAB else 'PATCH'} {PATHS[forge.kind][1]}1001",
    ]
    assert pauses == []


def test_it_is_found_behind_any_number_of_comments(forge: ForgeServer, pauses: list[float]) -> None:
    for number in range(2 * PAGE + 5):
        forge.add(f"comment {number}")
    commenter(forge, pauses).post(PLAN)
    for number in range(7 * PAGE):
        forge.add(f"comment {number}")
    before = len(forge.comments)

    assert commenter(forge, pauses).post(f"{PLAN}more").outcome is Outcome.UPDATED
    assert len(forge.comments) == before


def test_a_comment_of_somebody_else_that_begins_like_ours_is_left_alone(
    forge: ForgeServer, pauses: list[float]
) -> None:
    forge.add(f"{MARKER}\nall is well, merge it", OTHER)
    forge.add(f"> {MARKER}", ME)
    forge.add(f"{MARKER.replace('office', 'other')}\nanother contract", ME)
    assert commenter(forge, pauses).post(PLAN).outcome is Outcome.CREATED
    assert forge.bodies()[0] == f"{MARKER}\nall is well, merge it"


def test_a_forge_that_is_busy_is_asked_again_when_it_says(forge: ForgeServer, pauses: list[float]) -> None:
    forge.failures += [("GET", 429, {"Retry-After": "3"}), ("GET", 502, {}), ("GET", 0, {})]
    forge.failures += [("POST", 429, {"Retry-After": "100000"}), ("POST", 403, {"X-RateLimit-Remaining": "0"})]
    assert commenter(forge, pauses).post(PLAN).outcome is Outcome.CREATED
    assert pauses[0] == 3
    assert max(pauses) == 60, "nobody waits for ever"
    assert len(forge.comments) == 1


@pytest.mark.parametrize("status", [0, 502])
def test_a_comment_of_which_nobody_knows_is_not_made_twice(
    forge: ForgeServer, pauses: list[float], status: int
) -> None:
    forge.failures.append(("POST", status, {}))
    forge.carries_out = True
    assert commenter(forge, pauses).post(PLAN).outcome is Outcome.UNCHANGED
    assert len(forge.comments) == 1


def test_a_forge_that_stays_busy_is_given_up(forge: ForgeServer, pauses: list[float]) -> None:
    forge.failures += [("GET", 503, {})] * 99
    with pytest.raises(OperationFailed):
        commenter(forge, pauses).post(PLAN)
    assert len(forge.requests) == 5
    assert sum(pauses) < 300


def test_what_the_forge_refuses_is_said_without_the_token(forge: ForgeServer, pauses: list[float]) -> None:
    with pytest.raises(OperationFailed) as caught:
        commenter(forge, pauses, "wr0ng").post(PLAN)
    assert "401" in str(caught.value)
    forge.failures.append(("POST", 404, {}))
    with pytest.raises(OperationFailed) as refused:
        commenter(forge, pauses).post(PLAN)
    assert all(
        secret not in f"{error.value!r}{error.value.hint}" for error in (caught, refused) for secret in (TOKEN, "wr0ng")
    )


def test_the_token_goes_nowhere_else(forge: ForgeServer, pauses: list[float]) -> None:
    with running(forge.kind) as other:
        forge.failures.append(("GET", 302, {"Location": f"{other.url}/user"}))
        with pytest.raises(OperationFailed):
            commenter(forge, pauses).post(PLAN)
        assert other.requests == []
    for url in (
        "http://git.example.com/api",
        "ftp://git.example.com",
        "https://li:pw@git.example.com/",
        "https://[x",
        "git",
        "",
    ):
        with pytest.raises(Refused):
            FORGES[forge.kind].client(url, Secret(TOKEN))
    for token in ("", "two\nlines", "a token", "令牌"):
        with pytest.raises(Refused):
            FORGES[forge.kind].client(forge.url, Secret(token))


def test_a_forge_whose_certificate_nobody_vouches_for_is_not_asked(
    pauses: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed(tmp_path / "certificate")
    with running(ForgeKind.GITEA, certificate) as forge:
        with pytest.raises(OperationFailed) as caught:
            commenter(forge, pauses).post(PLAN)
        assert ("certificate is not trusted" in str(caught.value), forge.requests, pauses) == (True, [], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert commenter(forge, pauses).post(PLAN).outcome is Outcome.CREATED


def test_a_forge_that_is_not_there_is_said_without_the_token(pauses: list[float]) -> None:
    with running(ForgeKind.GITEE) as gone:
        pass
    with pytest.raises(OperationFailed) as caught:
        commenter(gone, pauses).post(PLAN)
    assert TOKEN not in str(caught.value)


def test_the_token_of_githubs_pipeline_has_no_user_and_finds_its_comment(pauses: list[float]) -> None:
    with running(ForgeKind.GITHUB) as forge:
        forge.knows_user = False
        forge.add(f"{MARKER}\nby a person")
        outcomes = [commenter(forge, pauses).post(text).outcome for text in (PLAN, PLAN)]
        assert outcomes == [Outcome.CREATED, Outcome.UNCHANGED]


def test_a_token_that_does_not_say_whose_it_is_posts_nothing(pauses: list[float]) -> None:
    with running(ForgeKind.GITEA) as forge:
        forge.knows_user = False
        with pytest.raises(OperationFailed):
            commenter(forge, pauses).post(PLAN)
        assert forge.comments == []


@pytest.mark.parametrize("text", ["", "### plan", f" {MARKER}\n", "<!-- opspact  -->x\n", f"{MARKER}\n" + "x" * 65_536])
def test_what_is_no_plan_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        marker_of(text)
