"""Signatures of commits as git makes them, read from its objects alone: git itself agrees, and cannot be led astray."""

import subprocess
from pathlib import Path

import pytest
from signing import make_key, public_line

from opspact.errors import Refused
from opspact.workspace.commit_signature import CommitSignature, commit_signature
from opspact.workspace.commits import new_commits


class Repository:
    """A repository whose commits are signed by a key, unless it is said otherwise."""

    def __init__(self, folder: Path, names: str, key: Path) -> None:
        self.folder, self.key = folder, key
        subprocess.run(["git", "init", "-q", "-b", "main", f"--object-format={names}", folder], check=True)

    def git(self, *words: str, given: str | None = None) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "gpg.format=ssh")
        command = ["git", "-C", str(self.folder), *who, "-c", f"user.signingKey={self.key}", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout.strip()

    def commit(self, message: str, *options: str) -> str:
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", message, *options)
        return self.git("rev-parse", "HEAD")

    def new(self, base: str, head: str = "HEAD") -> dict[str, CommitSignature]:
        found = new_commits(self.folder, base, self.git("rev-parse", head))
        return {name: commit_signature(name, data) for name, data in found.items()}


@pytest.fixture(params=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository", request.param, make_key(tmp_path))


def verifies(found: CommitSignature, key: Path) -> bool:
    """Ask ssh-keygen itself."""
    folder = key.parent
    (folder / "signers").write_text(f'li-na namespaces="git" {public_line(key)}\n')
    (folder / "signature").write_text(found.signature)
    files = ["-f", f"{folder}/signers", "-s", f"{folder}/signature"]
    command = ["ssh-keygen", "-Y", "verify", "-I", "li-na", "-n", "git", *files]
    return subprocess.run(command, input=found.content, check=False).returncode == 0


@pytest.mark.parametrize("message", ["one", "", "gpgsig is a header\n\n gpgsig too\n", "多\n\n\n行"])
def test_a_signed_commit_has_the_signature_and_just_the_bytes_that_git_signed(
    repository: Repository, message: str
) -> None:
    base = repository.commit("base")
    name = repository.commit(message, "-S")
    (found,) = repository.new(base).values()
    assert (found.commit, verifies(found, repository.key)) == (name, True)


def test_merges_and_tags_that_were_merged_are_read_as_well(repository: Repository) -> None:
    base = repository.commit("base")
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit("side")
    repository.git("tag", "-s", "-m", "a tag", "v1")
    repository.git("checkout", "-q", "main")
    main = repository.commit("main", "-S")
    repository.git("merge", "-q", "--no-ff", "-S", "-m", "merge", "v1")
    merge = repository.git("rev-parse", "HEAD")

    found = repository.new(base)

    assert {name for name, each in found.items() if verifies(each, repository.key)} == {main, merge}
    assert (set(found), found[side].signature) == ({main, merge, side}, "")
    assert b"mergetag" in found[merge].content


def test_a_commit_that_was_amended_has_no_signature_of_the_old_one(repository: Repository) -> None:
    base = repository.commit("base")
    signed = repository.git("cat-file", "commit", repository.commit("one", "-S"))
    altered = repository.git("hash-object", "-t", "commit", "-w", "--stdin", given=f"{signed}, altered\n")
    (found,) = repository.new(base, altered).values()
    assert found.signature
    assert not verifies(found, repository.key)


def test_a_second_signature_or_one_of_the_other_kind_is_not_the_first(repository: Repository) -> None:
    base = repository.commit("base")
    repository.commit("one", "-S")
    text = repository.git("cat-file", "commit", "HEAD")
    own = "gpgsig-sha256" if "gpgsig-sha256" in text else "gpgsig"
    other = {"gpgsig": "gpgsig-sha256", "gpgsig-sha256": "gpgsig"}[own]
    for added, holds in ((f"{other} x\n y\n", True), (f"{own} x\n", False), (f"{own}-none x\n", True)):
        made = text.replace(f"{own} ", f"{added}{own} ", 1)
        name = repository.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=f"{made}\n")
        assert verifies(repository.new(base, name)[name], repository.key) is holds, added


def test_replaced_objects_and_grafts_hide_no_commit(repository: Repository) -> None:
    base = repository.commit("base")
    hidden, signed = repository.commit("hidden"), repository.commit("signed", "-S")
    assert repository.new(base).keys() == {hidden, signed}

    repository.git("replace", "--graft", signed, base)
    (repository.folder / ".git/info").mkdir(exist_ok=True)
    (repository.folder / ".git/info/grafts").write_text(f"{signed} {base}\n")

    assert repository.new(base).keys() == {hidden, signed}


def test_of_a_shallow_clone_nobody_can_say_which_commits_are_new(repository: Repository, tmp_path: Path) -> None:
    repository.commit("base")
    repository.commit("hidden")
    head = repository.commit("signed", "-S")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=2", f"file://{repository.folder}", shallow], check=True)
    with pytest.raises(Refused, match="does not have all commits"):
        new_commits(shallow, head, head)


def test_the_head_alone_is_read_where_nothing_is_before_it(repository: Repository) -> None:
    repository.commit("base")
    head = repository.commit("one", "-S")
    assert repository.new("").keys() == {head}
