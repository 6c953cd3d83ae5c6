"""`opspact comment`: from a pipeline's environment to the comment."""

import io
import json
from pathlib import Path

import pytest
from calling import Call
from forge_server import TOKEN, ForgeServer, running

from opspact.forge.comment import marker_of
from opspact.forge.forges import ForgeKind
from opspact.report.plan_markdown import plan_marker

PLAN = "<!-- opspact plan: tiny -->\n### opspact plan\n"


def in_pipeline(monkeypatch: pytest.MonkeyPatch, forge: ForgeServer, source: str = "42") -> None:
    given = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": forge.url,
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": source,
        "CI_MERGE_REQUEST_IID": "5",
    }
    for name in ("GITHUB_ACTIONS", "GITLAB_TOKEN", "OPSPACT_FORGE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)


def test_a_plan_becomes_the_comment_of_a_merge_request(
    opspact: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.md").write_text(PLAN, encoding="utf-8")
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "token").chmod(0o600)
    with running(ForgeKind.GITLAB) as forge:
        in_pipeline(monkeypatch, forge)
        assert opspact("comment", str(tmp_path / "plan.md")).code == 2, "no token"
        given = ("comment", str(tmp_path / "plan.md"), "--token", f"secret:file:{tmp_path}/token")
        assert opspact(*given).out.startswith("comment created")
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        monkeypatch.setattr("sys.stdin", io.StringIO(PLAN))
        said = opspact("comment", "--format", "json")
        assert json.loads(said.out)["outcome"] == "unchanged"
        assert forge.bodies() == [PLAN.strip()]
        monkeypatch.setenv("GITLAB_TOKEN", "wr0ng")
        refused = opspact("comment", str(tmp_path / "plan.md"))
        assert (refused.code, "wr0ng" in refused.err + refused.out) == (3, False)
        literal = opspact("comment", str(tmp_path / "plan.md"), "--token", TOKEN)
        assert (literal.code, TOKEN in literal.err + literal.out) == (2, False)


def test_a_pull_request_from_a_fork_gets_the_plan_and_nobody_is_asked(
    opspact: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.md").write_text(PLAN, encoding="utf-8")
    with running(ForgeKind.GITLAB) as forge:
        in_pipeline(monkeypatch, forge, source="99")
        monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
        said = opspact("comment", str(tmp_path / "plan.md"))
        assert (said.code, said.out, forge.requests) == (0, PLAN, [])
        assert "from a fork" in said.err
        assert json.loads(opspact("comment", str(tmp_path / "plan.md"), "--format", "json").out)["outcome"] == "skipped"


@pytest.mark.parametrize("contract", ["tiny", "办公-->自动化", "a" * 190])
def test_the_marker_of_a_plan_is_known(contract: str) -> None:
    assert marker_of(f"{plan_marker(contract)}### plan\n") == plan_marker(contract).strip()


def test_what_is_no_plan_is_refused(opspact: Call, tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text("### plan\n", encoding="utf-8")
    assert opspact("comment", str(tmp_path / "plan.md")).code == 2
    assert opspact("comment", str(tmp_path / "absent.md")).code == 2
