"""`opspact plan`: what would change, from which base, in which form; it changes nothing."""

import json

import pytest
from calling import Call, Contract


@pytest.fixture
def in_git(contract: Contract) -> Contract:
    contract.git("init", "--quiet")
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "first")
    return contract


def test_without_any_apply_everything_is_to_be_added(contract: Contract, opspact: Call) -> None:
    said = opspact("plan")

    assert said.code == 0
    assert f"    + file {contract.kept}\n" in said.out
    assert "  policies/note.yaml:7 (service/note; clauses C1)\n" in said.out
    assert said.out.splitlines()[-1].startswith("1 to add on 1 of 1 host; plan ")
    assert not (contract.folder / ".opspact").exists()


@pytest.mark.usefixtures("in_git")
def test_the_exit_code_tells_of_changes_on_wish(opspact: Call) -> None:
    assert opspact("plan", "--exit-code").code == 1
    assert opspact("plan", "--exit-code", "--base", "HEAD").code == 0


def test_between_commits_the_difference_of_contents_and_fields_is_shown(in_git: Contract, opspact: Call) -> None:
    in_git.write("files/note", "first line\nother line\n")
    text = (in_git.folder / "policies/note.yaml").read_text()
    in_git.write("policies/note.yaml", text.replace("files/note}", 'files/note, mode: "0600"}'))
    said = opspact("plan", "--base", "HEAD")

    assert f"    ~ file {in_git.kept}: content differs, mode: 0644 → 0600\n" in said.out
    assert "        -second line\n        +other line\n" in said.out


def test_a_policy_that_left_is_planned_to_be_taken_away(in_git: Contract, opspact: Call) -> None:
    (in_git.folder / "policies/note.yaml").unlink()
    said = opspact("plan", "--base", "HEAD")

    assert f"    - file {in_git.kept}\n" in said.out
    assert "1 to remove" in said.out


def test_json_has_digest_hosts_and_groups(in_git: Contract, opspact: Call) -> None:
    told = json.loads(opspact("plan", "--format", "json").out)

    assert list(told)[:2] == ["schema", "version"]
    assert (told["schema"], told["live"], told["base"]) == ("opspact/plan", False, "nothing")
    assert told["head"] == in_git.git("rev-parse", "HEAD")
    assert len(told["digest"]) == 64
    (host,) = told["hosts"]
    assert (host["name"], host["change"], host["remove"]) == ("here", [], [])
    entry = {"step": f"file {in_git.kept}", "why": "", "policy": "service/note"}
    assert host["add"] == [{**entry, "file": "policies/note.yaml", "line": 7, "clauses": ["C1"]}]
    assert told["clauses"] == ["C1"]
    (group,) = told["groups"]
    assert group["hosts"] == ["here"]
    assert (group["add"][0]["file"], group["add"][0]["line"], group["add"][0]["clauses"]) == (
        "policies/note.yaml",
        7,
        ["C1"],
    )


def test_a_plan_that_asked_no_host_does_not_say_that_one_was_reached(opspact: Call) -> None:
    (asked_nobody,) = json.loads(opspact("plan", "--format", "json").out)["hosts"]
    (looked_at,) = json.loads(opspact("plan", "--live", "--format", "json").out)["hosts"]

    assert "reach" not in asked_nobody
    assert looked_at["reach"] == "reached"


def test_what_left_the_policies_is_told_with_its_place_in_the_base(in_git: Contract, opspact: Call) -> None:
    (in_git.folder / "policies/note.yaml").unlink()
    place = "policies/note.yaml:7 (service/note; clauses C1), at the base"
    (entry,) = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)["hosts"][0]["remove"]
    text = opspact("plan", "--base", "HEAD").out
    markdown = opspact("plan", "--base", "HEAD", "--format", "markdown").out

    assert (entry["file"], entry["line"], entry["clauses"]) == ("policies/note.yaml", 7, ["C1"])
    assert f"  {place}\n    - file {in_git.kept}\n" in text
    assert f"- `-` `file {in_git.kept}` — `{place}`\n" in markdown
    assert "\nClauses touched: `C1`\n" in markdown


def test_markdown_is_fit_for_a_pull_request(in_git: Contract, opspact: Call) -> None:
    in_git.write("files/note", "```\n")
    said = opspact("plan", "--base", "HEAD", "--format", "markdown")

    assert said.out.startswith("### opspact plan\n")
    assert (
        f"- `~` `file {in_git.kept}`: `content differs` — `policies/note.yaml:7 (service/note; clauses C1)`" in said.out
    )
    assert "  ````diff\n" in said.out


def test_the_plan_is_written_to_a_file_too(contract: Contract, opspact: Call) -> None:
    said = opspact("plan", "--out", "plan.json")

    assert said.code == 0
    assert json.loads((contract.folder / "plan.json").read_text())["digest"][:12] in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--base", "no-such-branch"], "'no-such-branch'"),
        (["--base", "HEAD", "--live"], "cannot be used together"),
        (["--limit", "nobody"], "'nobody' is neither a host nor a group"),
        (["--format", "xml"], '--format: expected one of text, json, markdown, got "xml"'),
        (["--out", "/dev/null/plan"], "cannot write"),
        (["--out", "/proc/plan"], "cannot write"),
        (["--out", ""], "--out: expected a file name, got '.'"),
    ],
)
@pytest.mark.usefixtures("in_git")
def test_what_cannot_be_planned_is_said(opspact: Call, arguments: list[str], words: str) -> None:
    said = opspact("plan", *arguments)

    assert said.code == 2
    assert words in said.err
    assert said.out == ""


def test_a_base_that_cannot_be_compiled_is_named(in_git: Contract, opspact: Call) -> None:
    in_git.write("policies/wrong.yaml", "kind: tem\nname: x\n")
    in_git.git("add", ".")
    in_git.git("commit", "--quiet", "--message", "wrong")
    (in_git.folder / "policies/wrong.yaml").unlink()
    said = opspact("plan", "--base", "HEAD")

    assert said.code == 2
    assert "cannot compare with the base HEAD: " in said.err


def test_refusals_are_json_too_when_json_was_asked_for(opspact: Call) -> None:
    said = opspact("plan", "--limit", "nobody", "--format", "json")
    told = json.loads(said.out)

    assert said.code == 2
    assert (told["schema"], told["kind"], told["exit_code"]) == ("opspact/error", "refused", 2)
    assert "neither a host nor a group" in told["message"]


def test_without_git_a_base_is_refused_as_that(
    in_git: Contract, opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(in_git.folder / "nothing-here"))
    for command in ("plan", "check"):
        said = opspact(command, "--base", "HEAD")

        assert said.code == 2
        assert "git is not installed" in said.err
        assert "unknown git revision" not in said.err


@pytest.mark.usefixtures("in_git")
def test_without_git_a_plan_says_that_what_was_there_cannot_be_read(
    opspact: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "git is not installed" not in opspact("plan").out
    monkeypatch.setenv("PATH", "")
    text, data = opspact("plan"), opspact("plan", "--format", "json")

    assert text.code == 0
    assert text.out.startswith("git is not installed: ")
    assert json.loads(data.out)["base"] == "nothing"
    assert data.err.startswith("git is not installed: ")
