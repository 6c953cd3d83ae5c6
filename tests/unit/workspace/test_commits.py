"""What git holds is what the folder held; and nothing that a repository brings along is ever run."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from opspact.errors import Refused
from opspact.rollout.scaffold import starter
from opspact.schema.contract_files import read_tree
from opspact.schema.yaml import limits
from opspact.workspace import commits
from opspact.workspace.workspace import Workspace

Git = Callable[..., str]
IDENTITY = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
CONTRACT = {
    "policies/contract.yaml": b"kind: contract\n",
    "policies/办公/服务 一.yaml": "kind: 服务\n".encode(),
    'policies/odd "name"\tand\nlines.yaml': b"kind: team\n",
    "inventory/hosts.yaml": b"all:\n",
    "files/run.sh": b"#!/bin/sh\r\n",
    "files/empty": b"",
    "files/binary": bytes(range(256)) * 10,
    "runbooks/restore.md": b"# Restore\n",
}


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def git_in(folder: Path) -> Git:
    def git(*arguments: str) -> str:
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
            },
        }
        done = subprocess.run(["git", *arguments], cwd=folder, env=settings, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write(folder, CONTRACT)
    (folder / "files/run.sh").chmod(0o755)
    git = git_in(folder)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "first")
    return folder


def test_a_commit_holds_what_the_folder_held(repository: Path) -> None:
    commit = commits.commit_of(repository, "main")
    assert commits.tree_at(repository, commit) == read_tree(repository) == CONTRACT


def test_an_older_commit_holds_what_the_folder_held_then(repository: Path) -> None:
    first = commits.commit_of(repository, "HEAD")
    write(repository, {"policies/contract.yaml": b"kind: other\n", "policies/new.yaml": b"x\n"})
    (repository / "files/empty").unlink()
    git_in(repository)("add", "-A")
    git_in(repository)("commit", "-qm", "second")
    assert commits.tree_at(repository, first) == CONTRACT
    assert commits.tree_at(repository, commits.commit_of(repository, "HEAD")) == read_tree(repository)
    assert commits.commit_of(repository, "HEAD~1") == first


def test_hidden_files_and_what_is_no_part_of_the_contract_are_left_out(repository: Path) -> None:
    write(
        repository,
        {
            "policies/.gitkeep": b"x",
            "policies/a.yaml~": b"x",
            "files/.git-keep/x": b"x",
            "README.md": b"x",
            "src/a.py": b"x",
        },
    )
    git_in(repository)("add", "-A", "-f")
    git_in(repository)("commit", "-qm", "more")
    assert commits.tree_at(repository, commits.commit_of(repository, "HEAD")) == read_tree(repository) == CONTRACT


def test_a_hidden_policy_is_in_a_commit_as_on_disk_so_that_it_is_refused_there_too(repository: Path) -> None:
    write(repository, {"policies/.draft.yaml": b"x", "policies/.old/a.yaml": b"x"})
    git_in(repository)("add", "-A", "-f")
    git_in(repository)("commit", "-qm", "more")
    held = commits.tree_at(repository, commits.commit_of(repository, "HEAD"))
    assert held == read_tree(repository)
    assert held.keys() - CONTRACT.keys() == {"policies/.draft.yaml", "policies/.old/a.yaml"}


def test_a_contract_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    write(tmp_path, {"policies/other.yaml": b"not ours", "source.c": b""})
    contract = tmp_path / "deep" / "合同"
    write(contract, CONTRACT)
    git = git_in(tmp_path)
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    assert commits.tree_at(contract, commit) == CONTRACT
    assert commits.head(contract, read_tree(contract)) == commit
    write(tmp_path, {"source.c": b"changed"})
    assert commits.head(contract, read_tree(contract)) == commit


def test_a_commit_before_the_contract_was_there_holds_nothing(repository: Path) -> None:
    git = git_in(repository)
    empty = git("commit-tree", "-m", "empty", git("hash-object", "-t", "tree", "-w", "/dev/null"))
    assert commits.tree_at(repository, empty) == {}


def test_links_inside_the_contract_are_followed_as_on_disk(repository: Path) -> None:
    write(repository, {"shared/motd": b"under contract\n"})
    (repository / "files/motd").symlink_to("../shared/motd")
    (repository / "files/again").symlink_to("motd")
    git_in(repository)("add", "-A")
    git_in(repository)("commit", "-qm", "links")
    found = commits.tree_at(repository, commits.commit_of(repository, "HEAD"))
    assert found == read_tree(repository)
    assert found["files/again"] == b"under contract\n"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "nowhere", "self", "../policies"])
def test_links_that_lead_nowhere_or_out_are_refused_as_on_disk(repository: Path, target: str) -> None:
    write(repository.parent, {"outside": b"secret"})
    (repository / "files/self").symlink_to(target)
    git_in(repository)("add", "-A")
    git_in(repository)("commit", "-qm", "links")
    with pytest.raises(Refused, match="files/self"):
        read_tree(repository)
    with pytest.raises(Refused, match="files/self"):
        commits.tree_at(repository, commits.commit_of(repository, "HEAD"))


def test_a_name_that_is_not_utf8_is_refused_as_on_disk(repository: Path) -> None:
    (repository / "files" / os.fsdecode(b"b\xfcro")).write_bytes(b"x")
    git_in(repository)("add", "-A")
    git_in(repository)("commit", "-qm", "names")
    with pytest.raises(Refused, match="not UTF-8"):
        read_tree(repository)
    with pytest.raises(Refused, match="not UTF-8"):
        commits.tree_at(repository, commits.commit_of(repository, "HEAD"))


def test_a_file_that_is_too_large_is_never_read(repository: Path) -> None:
    write(repository, {"files/large": b"\0" * (limits.TREE_FILE_BYTES + 1)})
    git_in(repository)("add", "-A")
    git_in(repository)("commit", "-qm", "large")
    with pytest.raises(Refused, match="files/large: the file has 16,777,217 bytes"):
        commits.tree_at(repository, commits.commit_of(repository, "HEAD"))


# Dirty or not


@pytest.mark.parametrize(
    ("changes", "dirty"),
    [
        ({}, False),
        ({"policies/contract.yaml": b"kind: contract\n"}, False),
        ({"README.md": b"outside"}, False),
        ({"policies/.draft": b"hidden"}, False),
        ({"policies/contract.yaml": b"changed\n"}, True),
        ({"policies/new.yaml": b"untracked\n"}, True),
        ({"files/run.sh": b"#!/bin/sh\n"}, True),
    ],
)
def test_a_folder_is_dirty_when_its_contract_differs_from_the_commit(
    repository: Path, changes: dict[str, bytes], dirty: bool
) -> None:
    commit = commits.commit_of(repository, "HEAD")
    write(repository, changes)
    assert commits.head(repository, read_tree(repository)) == commit + ("+dirty" if dirty else "")


def test_a_repository_may_name_objects_by_sha_256(tmp_path: Path) -> None:
    git = git_in(tmp_path)
    git("init", "-q", "--object-format=sha256")
    write(tmp_path, {"policies/contract.yaml": b"kind: contract\n"})
    git("add", ".")
    git("commit", "-qm", "first")

    assert commits.head(tmp_path, read_tree(tmp_path)) == commits.commit_of(tmp_path, "HEAD")
    write(tmp_path, {"policies/contract.yaml": b"kind: contracts\n"})
    assert commits.head(tmp_path, read_tree(tmp_path)).endswith("+dirty")


def test_a_deleted_file_makes_it_dirty_and_so_does_an_ignored_one(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.local.yaml\n")
    write(repository, {"policies/mine.local.yaml": b"x"})
    assert commits.head(repository, read_tree(repository)).endswith("+dirty")
    (repository / "policies/mine.local.yaml").unlink()
    assert not commits.head(repository, read_tree(repository)).endswith("+dirty")
    (repository / "files/empty").unlink()
    assert commits.head(repository, read_tree(repository)).endswith("+dirty")


def test_outside_git_and_before_the_first_commit_there_is_no_commit(tmp_path: Path) -> None:
    write(tmp_path, CONTRACT)
    assert commits.head(tmp_path, read_tree(tmp_path)) == ""
    git_in(tmp_path)("init", "-q")
    assert not commits.head(tmp_path, read_tree(tmp_path))


@pytest.mark.parametrize("name", ["nowhere", "", "--help", "-h", "HEAD:policies", "a\0b", "main..main", "HEAD^{tree}"])
def test_what_names_no_commit_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(Refused, match="unknown git revision"):
        commits.commit_of(repository, name)


def test_a_shallow_clone_is_told_how_to_learn_of_older_commits(repository: Path, tmp_path: Path) -> None:
    git_in(tmp_path)("clone", "-q", "--depth", "1", repository.as_uri(), "shallow")
    with pytest.raises(Refused) as refused:
        commits.commit_of(tmp_path / "shallow", "HEAD~1")
    assert "--unshallow" in refused.value.hint


@pytest.fixture
def foreign(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the repository to another uid, as a volume in a container is; nobody has said that it is trusted."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    for path in (repository, repository / ".git"):
        os.chown(path, 1234, 1234)
    monkeypatch.setenv("HOME", str(repository.parent))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("SUDO_UID", raising=False)
    return repository


def test_a_repository_of_another_user_is_said_with_the_way_out(foreign: Path) -> None:
    with pytest.raises(Refused, match="belongs to another user") as refused:
        commits.commit_of(foreign, "main")
    assert f"git config --global --add safe.directory {foreign}" in refused.value.hint
    with pytest.raises(Refused, match="belongs to another user"):
        commits.head(foreign, read_tree(foreign))


def test_what_records_nothing_needs_no_commit(foreign: Path) -> None:
    shutil.rmtree(foreign / "policies")
    write(foreign, {path: text.encode() for path, text in starter(date(2026, 2, 1)).items()})
    workspace = Workspace(foreign, datetime(2026, 2, 17, tzinfo=UTC))
    assert workspace.compiled(recorded=False).work["localhost"].make
    with pytest.raises(Refused, match="belongs to another user"):
        workspace.compiled()


@pytest.mark.parametrize("way", ["--global", "environment"])
def test_a_repository_that_the_operator_trusts_is_read(
    foreign: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "environment":
        for name, value in (("COUNT", "1"), ("KEY_0", "safe.directory"), ("VALUE_0", str(foreign))):
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    else:
        subprocess.run(["git", "config", "--global", "--add", "safe.directory", str(foreign)], check=True)
    assert commits.head(foreign, read_tree(foreign)) == commits.commit_of(foreign, "main")


def _cut_head(git: Path) -> None:
    (git / "HEAD").write_text("")


def _newer_format(git: Path) -> None:
    (git / "config").write_text("[core]\n\trepositoryformatversion = 9\n")


def _elsewhere(git: Path) -> None:
    shutil.rmtree(git)
    git.write_text("gitdir: /nonexistent/worktrees/contract\n")


def _no_objects(git: Path) -> None:
    shutil.rmtree(git / "objects")
    (git / "objects").mkdir()


@pytest.mark.parametrize("damage", [_cut_head, _newer_format, _elsewhere, _no_objects])
def test_a_repository_that_cannot_be_read_is_not_taken_for_none(
    repository: Path, damage: Callable[[Path], None]
) -> None:
    damage(repository / ".git")
    with pytest.raises(Refused, match=r"git cannot read|git has no object"):
        commits.head(repository, read_tree(repository))


def test_no_revision_of_a_folder_outside_git_is_called_unknown(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # an empty folder hides a repository in a container
    with pytest.raises(Refused, match="is not in a git repository"):
        commits.commit_of(tmp_path, "main")
    assert commits.head(tmp_path, {}) == ""


def test_without_git_there_is_no_commit(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert commits.head(repository, {}) == ""
    with pytest.raises(Refused, match="git is not installed"):
        commits.commit_of(repository, "HEAD")


def test_the_repository_of_a_hook_that_calls_us_is_not_taken_for_the_folders(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git_in(other)("init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert commits.tree_at(repository, commits.commit_of(repository, "HEAD")) == CONTRACT


# A repository of a stranger


def test_nothing_that_a_repository_brings_along_is_run(repository: Path) -> None:
    """Every setting that makes git start a program names one that leaves a mark; none is left."""
    mark = repository / "mark"
    harm = repository / "harm.sh"
    harm.write_text(f'#!/bin/sh\necho "$0 $*" >> {mark}\ncat\n')
    harm.chmod(0o755)
    git = git_in(repository)
    write(repository, {".gitattributes": b"* filter=evil diff=evil merge=evil text\n"})
    git("add", ".gitattributes")
    git("commit", "-qm", "attributes")
    for setting in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "merge.evil.driver",
        "pager.rev-parse",
        "pager.ls-tree",
        "pager.cat-file",
        "credential.helper",
        "gpg.program",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
        "alias.ls-tree",
    ):
        git("config", setting, f"!{harm}" if setting.startswith("alias") else str(harm))
    git("config", "remote.origin.url", f"ext::{harm}")
    git("config", "protocol.ext.allow", "always")
    git("config", "extensions.partialClone", "origin")
    git("config", "remote.origin.promisor", "true")
    git("config", "filter.evil.required", "true")
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction", "pre-commit"):
        path = repository / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(harm.read_text())
        path.chmod(0o755)
    os.utime(repository / "policies/contract.yaml", (1, 1))  # git would have to compare it anew
    mark.unlink(missing_ok=True)
    commit = commits.commit_of(repository, "HEAD")
    assert commits.tree_at(repository, commit) == CONTRACT
    assert commits.head(repository, read_tree(repository)) == commit
    _lose_an_object(repository)
    with pytest.raises(Refused, match=r"git"):
        commits.tree_at(repository, commit)
    assert not mark.exists(), mark.read_text()


def _lose_an_object(repository: Path) -> None:
    """Delete one file's object: a partial clone would now fetch it."""
    name = git_in(repository)("rev-parse", "HEAD:files/binary")
    (repository / ".git" / "objects" / name[:2] / name[2:]).unlink()


def test_an_incomplete_clone_is_refused_in_words(repository: Path) -> None:
    commit = commits.commit_of(repository, "HEAD")
    _lose_an_object(repository)
    with pytest.raises(Refused, match="git"):
        commits.tree_at(repository, commit)
