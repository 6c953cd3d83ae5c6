"""`opspact plan`: what would change, from which base, in which form; it changes nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from calling import Call, Contract


@pytest.fixture
def in_git(contract: Contract) -> Contract:
    contract.git("init", "--quiet")
    contract.git("add", ".")
    contract.git("commit", "--quiet", "--message", "first")
    return contract


def test_without_any_apply_everything_is_to_be_added(contract: Contract, opspact: Call) -> None:
    said = opspact("plan", "--format", "json")
    (host,) = json.loads(said.out)["hosts"]

    assert said.code == 0
    assert [(each["step"], each["file"], each["line"]) for each in host["add"]] == [
        (f"file {contract.kept}", "policies/note.yaml", 7)
    ]
    assert not (contract.folder / ".opspact").exists()


@pytest.mark.usefixtures("in_git")
def test_the_exit_code_tells_of_changes_on_wish(opspact: Call) -> None:
    assert opspact("plan", "--exit-code").code == 1
    assert opspact("plan", "--exit-code", "--base", "HEAD").code == 0


def test_json_has_digest_hosts_and_groups(in_git: Contract, opspact: Call) -> None:
    reported = json.loads(opspact("plan", "--format", "json").out)

    assert list(reported)[:2] == ["schema", "version"]
    assert (reported["schema"], reported["live"], reported["base"]) == ("opspact/plan", False, "nothing")
    assert reported["head"] == in_git.git("rev-parse", "HEAD")
    assert len(reported["digest"]) == 64
    (host,) = reported["hosts"]
    assert (host["name"], host["change"], host["remove"]) == ("here", [], [])
    entry = {"step": f"file {in_git.kept}", "why": "", "policy": "service/note"}
    assert host["add"] == [{**entry, "file": "policies/note.yaml", "line": 7, "clauses": ["C1"]}]
    assert reported["clauses"] == ["C1"]
    (group,) = reported["groups"]
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
    (entry,) = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)["hosts"][0]["remove"]

    assert (entry["file"], entry["line"], entry["clauses"]) == ("policies/note.yaml", 7, ["C1"])


def test_the_plan_is_written_to_a_file_too(contract: Contract, opspact: Call) -> None:
    said = opspact("plan", "--out", "plan.json")

    assert said.code == 0
    assert json.loads((contract.folder / "plan.json").read_text())["digest"][:12] in said.out


def test_a_base_that_cannot_be_compiled_is_named(in_git: Contract, opspact: Call) -> None:
    in_git.write("policies/wrong.yaml", "kind: tem\nname: x\n")
    in_git.git("add", ".")
    in_git.git("commit", "--quiet", "--message", "wrong")
    (in_git.folder / "policies/wrong.yaml").unlink()
    reported = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)

    assert (reported["exit_code"], "HEAD" in reported["message"]) == (2, True)


def test_refusals_are_json_too_when_json_was_asked_for(opspact: Call) -> None:
    said = opspact("plan", "--limit", "nobody", "--format", "json")
    reported = json.loads(said.out)

    assert said.code == 2
    assert (reported["schema"], reported["kind"], reported["exit_code"]) == ("opspact/error", "refused", 2)


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


def test_a_live_plan_shows_how_a_text_file_differs_when_asked(contract: Contract, opspact: Call) -> None:
    contract.kept.write_text("first line\nby hand\n")
    contract.kept.chmod(0o644)
    shown = [text.strip() for text in opspact("plan", "--live", "--diff").out.splitlines()]

    assert {"-by hand", "+second line"} <= set(shown)
    assert "-by hand" not in opspact("plan", "--live").out
    assert "```diff" in opspact("plan", "--live", "--diff", "--format", "markdown").out


def test_a_plan_without_a_host_that_is_not_reached_is_a_finding(contract: Contract, opspact: Call) -> None:
    contract.write("inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 127.0.0.1, ansible_port: 1}}}\n")
    said = opspact("plan", "--live", "--format", "json")

    assert json.loads(said.out)["summary"]["unreachable"] == 1
    assert said.code == opspact("verify").code == 1


def test_the_difference_is_in_the_json_of_a_plan_when_asked(contract: Contract, opspact: Call) -> None:
    def change(*options: str) -> Any:
        (host,) = json.loads(opspact("plan", "--live", "--format", "json", *options).out)["hosts"]
        return host["change"][0]

    contract.kept.write_text("first line\nby hand\n")
    contract.kept.chmod(0o644)
    assert {"-by hand", "+second line"} <= set(change("--diff")["diff"].splitlines())
    assert not {"diff", "diff_hidden"} & set(change())
    contract.kept.chmod(0o600)
    assert change("--diff")["diff_hidden"]
    assert "diff" not in change("--diff")


@pytest.mark.usefixtures("in_git")
def test_so_is_the_difference_between_commits(contract: Contract, opspact: Call) -> None:
    contract.write("files/note", "first line\nanother line\n")
    (host,) = json.loads(opspact("plan", "--base", "HEAD", "--format", "json", "--diff").out)["hosts"]

    assert "+another line" in host["change"][0]["diff"].splitlines()


def test_a_file_that_is_not_there_yet_is_shown_as_added(opspact: Call) -> None:
    shown = [text.strip() for text in opspact("plan", "--live", "--diff").out.splitlines()]

    assert {"+first line", "+second line"} <= set(shown)


@pytest.mark.parametrize(
    ("content", "mode"),
    [
        (b"first line\nonly-for-root\n", 0o600),
        (b"first line\n\xff\xfe only-for-root\n", 0o644),
        (b"only-for-root\0\n", 0o644),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nonly-for-root\n-----END OPENSSH PRIVATE KEY-----\n", 0o644),
        (b"only-for-root\n" * 20_000, 0o644),
    ],
)
def test_nothing_is_shown_of_secret_binary_and_large_files(
    contract: Contract, opspact: Call, *, content: bytes, mode: int
) -> None:
    contract.kept.write_bytes(content)
    contract.kept.chmod(mode)
    said, data = opspact("plan", "--live", "--diff"), opspact("plan", "--live", "--diff", "--format", "json")

    assert "difference not shown" in said.out
    assert "only-for-root" not in said.out + said.err + data.out


def test_a_link_in_place_of_a_file_is_not_followed(contract: Contract, opspact: Call, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("only-for-root\n")
    contract.kept.symlink_to(other)

    assert "only-for-root" not in opspact("plan", "--live", "--diff").out


@pytest.mark.slow
def test_an_apply_that_asks_nobody_shows_the_difference_in_its_log(contract: Contract, opspact: Call) -> None:
    contract.kept.write_text("first line\nby hand\n")
    contract.kept.chmod(0o644)
    said = opspact("apply", "--yes", "--diff")

    assert said.code == 0
    assert {"-by hand", "+second line"} <= {text.strip() for text in said.err.splitlines()}
    assert contract.kept.read_text() == "first line\nsecond line\n"
