"""The hooks of `ci/templates`, by real commits and pushes: what they refuse, and the words that the pusher reads."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from calling import Contract, Said

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
HOOKS = ROOT / "ci/templates/plain-git/hooks"
NOTE = """\
kind: service
name: note
clauses: [C1]
hosts: here
owner: operators
files: [{path: /srv/note, content: "%s"}]
"""
KNOWN = """\
kind: known_drift
name: note
steps: ["file /srv/note"]
hosts: all
reason: somebody writes it by hand
by: operators
until: {until}
"""


@dataclass(frozen=True)
class Repositories:
    """A clone with the contract, and the bare repository to which it pushes, which has the hook."""

    clone: Contract
    bare: Path

    def git(self, *arguments: str) -> Said:
        command = ["git", "-C", str(self.clone.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), timeout=60)
        return Said(done.returncode, done.stdout, done.stderr)

    def committed(self, text: str, *, message: str = "change") -> None:
        self.clone.write("policies/note.yaml", text)
        assert self.git("commit", "--quiet", "--all", "--no-verify", "--message", message).code == 0

    def refs(self) -> str:
        return subprocess.run(["git", "-C", self.bare, "show-ref"], capture_output=True, text=True, check=False).stdout


def environment() -> dict[str, str]:
    """Return the environment of a person at a terminal: `opspact` is on the PATH."""
    who = {f"GIT_{role}_{what}": "li@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **who, "PATH": path, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture(params=["sha1", "sha256"])
def repositories(contract: Contract, tmp_path: Path, request: pytest.FixtureRequest) -> Repositories:
    bare = tmp_path / "contract.git"
    contract.write("policies/note.yaml", NOTE % "first")
    form = f"--object-format={request.param}"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", form, bare], check=True, env=environment())
    made = Repositories(contract, bare)
    for words in (
        ("init", "-q", "-b", "main", form),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "first"),
        ("remote", "add", "origin", str(bare)),
        ("push", "--quiet", "origin", "main"),
    ):
        assert made.git(*words).code == 0
    shutil.copy2(HOOKS / "pre-receive", bare / "hooks")
    return made


def test_a_push_is_refused_with_the_finding_at_the_pushers_terminal(repositories: Repositories) -> None:
    before = repositories.refs()
    repositories.committed((NOTE % "second").replace("owner:", "ownr:"))
    said = repositories.git("push", "origin", "main")

    assert said.code != 0
    assert "remote: policies/note.yaml:5:1: " in said.err
    assert 'remote:   hint: did you mean "owner"?' in said.err.replace("    hint", "  hint")
    assert "pre-receive hook declined" in said.err
    assert repositories.refs() == before


def test_what_check_accepts_is_taken_from_the_quarantine_of_the_push(repositories: Repositories) -> None:
    repositories.committed(NOTE % "second")
    said = repositories.git("push", "origin", "main:change")

    assert said.code == 0, said.err
    assert "remote: ok: tiny: " in said.err
    assert "refs/heads/change" in repositories.refs()
    assert repositories.git("push", "origin", ":change").code == 0  # a branch that is deleted has nothing to check


def test_of_several_branches_each_is_checked(repositories: Repositories) -> None:
    repositories.committed(NOTE % "good")
    repositories.git("branch", "good")
    repositories.committed("kind: nothing\nname: x\n")
    assert repositories.git("push", "origin", "good", "main:bad").code != 0
    assert "refs/heads/good" not in repositories.refs()  # a push is refused as a whole


def test_other_places_than_branches_tags_and_approvals_are_refused(repositories: Repositories) -> None:
    said = repositories.git("push", "origin", "main:refs/notes/opspact/plan")
    assert said.code != 0
    assert "refs/notes/opspact/plan is neither a branch nor a tag nor an approval" in said.err
    assert repositories.git("push", "origin", "main:refs/tags/v1").code == 0


def test_a_warning_is_shown_and_refuses_no_push(repositories: Repositories) -> None:
    ends = date.today() + timedelta(days=3)  # noqa: DTZ011 - check warns before that day, by its own clock
    known = KNOWN.format(until=ends)
    repositories.committed(f"{NOTE % 'second'}---\n{known}")
    said = repositories.git("push", "origin", "main:change")
    assert (said.code, "warning: " in said.err) == (0, True), said.err


def test_a_commit_that_would_replace_the_ledger_is_refused(repositories: Repositories) -> None:
    repositories.clone.write(".opspact/ledger.sqlite3", "another")
    assert repositories.git("add", "--force", ".opspact").code == 0
    repositories.committed(NOTE % "second")
    said = repositories.git("push", "origin", "main:change")
    assert (said.code != 0, "holds .opspact, which would replace the ledger" in said.err) == (True, True)


def test_a_tag_with_the_name_of_the_protected_branch_hides_no_change(repositories: Repositories) -> None:
    shutil.copy2(HOOKS / "post-receive", repositories.bare / "hooks")
    repositories.committed(NOTE % "second")
    repositories.git("tag", "main")
    assert repositories.git("push", "origin", "refs/tags/main").code == 0
    said = repositories.git("push", "origin", "HEAD:refs/heads/change")
    assert (said.code, "~ file /srv/note" in said.err) == (0, True), said.err


def test_a_commit_is_checked_as_it_is_staged(repositories: Repositories) -> None:
    shutil.copy2(HOOKS / "pre-commit", repositories.clone.folder / ".git/hooks")
    repositories.clone.write("policies/note.yaml", (NOTE % "second").replace("owner:", "ownr:"))
    repositories.git("add", "--all")
    repositories.clone.write("policies/note.yaml", NOTE % "second")  # the file is right, what is staged is not
    refused = repositories.git("commit", "--message", "change")
    assert refused.code != 0
    assert "policies/note.yaml:5:1: " in refused.err

    repositories.git("add", "--all")
    repositories.clone.write("policies/note.yaml", "not even YAML: [\n")  # and the other way round
    assert repositories.git("commit", "--message", "change").code == 0


@pytest.mark.parametrize("repositories", ["sha1"], indirect=True)
def test_the_hook_of_the_pre_commit_framework_checks_what_is_staged(repositories: Repositories) -> None:
    programs = Path(sys.executable).parent
    manifest = ROOT / ".pre-commit-hooks.yaml"
    subprocess.run([programs / "pre-commit", "validate-manifest", manifest], check=True)
    hook = manifest.read_text(encoding="utf-8").replace("language: python", "language: system")  # it is installed here
    indented = "".join(f"      {line}\n" for line in hook.splitlines())
    repositories.clone.write(".pre-commit-config.yaml", f"repos:\n  - repo: local\n    hooks:\n{indented}")
    subprocess.run([programs / "pre-commit", "install"], check=True, cwd=repositories.clone.folder, env=environment())
    repositories.clone.write("policies/note.yaml", (NOTE % "second").replace("owner:", "ownr:"))
    repositories.git("add", "--all")
    repositories.clone.write("policies/note.yaml", NOTE % "second")
    refused = repositories.git("commit", "--message", "change")
    assert refused.code != 0
    assert "policies/note.yaml:5:1: " in refused.out + refused.err

    repositories.git("add", "--all")
    assert repositories.git("commit", "--message", "change").code == 0


@pytest.mark.parametrize("repositories", ["sha1"], indirect=True)
def test_a_plan_is_there_for_approvers_even_when_a_host_is_down(repositories: Repositories) -> None:
    repositories.clone.write(
        "inventory/hosts.yaml", "all: {hosts: {here: {ansible_host: 127.0.0.1, ansible_port: 9}}}\n"
    )
    repositories.committed(NOTE % "second")
    shutil.copy2(HOOKS / "deploy", repositories.bare / "hooks")
    assert repositories.git("push", "origin", "main").code == 0
    command = [str(repositories.bare / "hooks/deploy"), "main"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), timeout=120)

    assert done.returncode == 3, done.stdout + done.stderr
    assert "refs/notes/opspact/plan" in repositories.refs()
    assert not list((repositories.bare / "opspact").glob("*.applied"))
