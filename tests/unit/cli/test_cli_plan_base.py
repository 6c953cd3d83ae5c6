"""`opspact plan --base`: what a pull request does, from git objects alone."""

import json
from pathlib import Path

import pytest
from calling import Call, Contract

INSPECTION = """\
kind: inspection
name: look
clauses: [C1]
hosts: all
schedule: hourly at :05
items: [{units: {failed: 0}}]
"""


@pytest.fixture
def committed(contract: Contract) -> Contract:
    """The tiny contract with an inspection, committed."""
    contract.write("policies/look.yaml", INSPECTION)
    contract.git("init", "-q")
    contract.git("add", "-A")
    contract.git("commit", "-qm", "before")
    return contract


def test_obligations_and_findings_are_compared_beside_the_steps(committed: Contract, opspact: Call) -> None:
    committed.write("policies/look.yaml", INSPECTION.replace("hourly at :05", "hourly at :35"))
    reported = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)
    (change,) = reported["obligations"]

    assert (change["policy"], change["difference"], change["subjects"]) == ("inspection/look", "due", ["host/here"])
    assert (change["before"]["due"], change["after"]["due"]) == ("hourly at :05", "hourly at :35")
    assert (reported["findings"], reported["deadlines"]) == ({"new": [], "gone": [], "changed": []}, [])
    assert (reported["policies"]["changed"], reported["unchanged"]) == (["inspection/look"], False)


def test_a_refactoring_that_changes_nothing_says_so_in_one_line(committed: Contract, opspact: Call) -> None:
    committed.write("policies/inspections/moved.yaml", f"# all of it in a folder of its own\n{INSPECTION}")
    (committed.folder / "policies" / "look.yaml").unlink()
    text = opspact("plan", "--base", "HEAD").out
    reported = json.loads(opspact("plan", "--base", "HEAD", "--format", "json").out)

    assert len(text.splitlines()) == 1
    assert text.startswith("no changes from ")
    assert "texts" not in text
    assert reported["unchanged"]
    assert len(opspact("plan", "--base", "HEAD", "--format", "markdown").out.splitlines()) == 4


def test_what_has_other_words_and_changes_no_host_is_named_in_that_line(committed: Contract, opspact: Call) -> None:
    committed.write("policies/team.yaml", "kind: team\nname: nobody\n")
    committed.git("add", "-A")
    committed.git("commit", "-qm", "team")
    committed.write("policies/team.yaml", "kind: team\nname: nobody\ntext: {zh: 无, en: none}\n")
    text = opspact("plan", "--base", "HEAD").out

    assert text.startswith("no changes from ")
    assert "policies with other texts: team/nobody" in text


def test_a_plan_of_a_branch_leaves_the_work_tree_and_the_index_as_they_are(committed: Contract, opspact: Call) -> None:
    committed.git("checkout", "-qb", "branch")
    committed.write("policies/look.yaml", INSPECTION.replace("hourly at :05", "hourly at :35"))
    committed.git("commit", "-qam", "branch")
    committed.write("files/unfinished", "not committed\n")
    committed.write("policies/staged.yaml", "kind: team\nname: staged\n")
    committed.git("add", "policies/staged.yaml")
    before = _state(committed)

    assert opspact("plan", "--base", "main").code == 0
    assert _state(committed) == before


def _state(contract: Contract) -> tuple[object, ...]:
    files = {
        path.relative_to(contract.folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(contract.folder.rglob("*"))
        if path.is_file()
    }
    return (
        files,
        contract.git("--no-optional-locks", "status", "--porcelain=v2", "--branch"),
        contract.git("rev-parse", "HEAD"),
    )


@pytest.fixture
def mark(committed: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set a secret in the environment. Return a file that appears as soon as the repository has a program run."""
    found = tmp_path / "executed"
    program = tmp_path / "bin" / "program"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {found}\n")
    program.chmod(0o755)
    for name in ("ssh", "ansible-inventory", "ansible-playbook"):
        (program.parent / name).symlink_to(program)
    monkeypatch.setenv("CANARY", "sing-7f3a")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    committed.write(".gitattributes", "* filter=run diff=run\n")
    for setting in ("filter.run.clean", "filter.run.smudge", "diff.run.textconv", "core.fsmonitor", "core.sshCommand"):
        committed.git("config", setting, str(program))
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (committed.folder / ".git" / "hooks" / hook).symlink_to(program)
    committed.git("status")
    assert found.exists()  # it is a trap for who walks into it
    found.unlink()
    return found


def test_nothing_of_the_branch_is_executed_and_no_secret_is_read(
    committed: Contract, opspact: Call, mark: Path
) -> None:
    committed.write("inventory/hosts.yaml", "all: {hosts: {here: {}, backup1: {}}}\n")
    committed.write("policies/secret.yaml", _SECRET)
    said = [opspact("plan", "--base", "HEAD", "--format", form) for form in ("text", "json", "markdown")]

    assert [each.code for each in said] == [0, 0, 0]
    assert all("backup/daily" in each.out for each in said)
    assert not any("sing-7f3a" in each.out + each.err for each in said)
    assert not mark.exists()


_SECRET = """\
kind: backup
name: daily
hosts: here
what: {paths: [/etc]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
keep: {daily: 7}
rpo: 26h
rto: 4h
passphrase: secret:env:CANARY
"""
