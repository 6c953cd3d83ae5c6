"""Places of signed heads: nothing there is lost, and what nobody can read is said."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opspact.errors import PlaceUnavailable, Refused
from opspact.fleet.head_branch import FILE, HeadBranch
from opspact.fleet.head_place import HeadFile, HostFileName, append_command, parse_places
from opspact.model.names import HEAD_BRANCH


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=li-na", "-c", "user.email=li-na@example.com")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "README").write_text("ours\n")
    git(folder, "add", "README")
    git(folder, "commit", "--quiet", "-m", "begin")
    (folder / "README").write_text("being edited\n")
    return folder


def test_a_place_is_read_as_it_is_written(tmp_path: Path, repository: Path) -> None:
    written = [
        f"file:{tmp_path}/heads",
        f"git:{repository}",
        "git:https://li:pw@git.example.com/x#b",
        "host:db1:/srv/h",
    ]
    places = parse_places([*written, written[0]])
    assert places == (
        HeadFile(tmp_path / "heads"),
        HeadBranch(str(repository), HEAD_BRANCH),
        HeadBranch("https://li:pw@git.example.com/x", "b"),
        HostFileName("db1", "/srv/h"),
    )
    assert str(places[2]) == "git:https://git.example.com/x#b", "a password is not shown"


@pytest.mark.parametrize("text", ["", "heads", "file:", "host:db1", "host:db1:heads", "git:#b", "git:x#a..b", "git:-x"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_places([text])


def test_a_file_gets_lines_and_ends_one_that_a_crash_left(tmp_path: Path) -> None:
    place = HeadFile(tmp_path / "heads")
    assert place.lines() == []
    place.append("one")
    with place.path.open("a") as file:
        file.write("torn")
    place.append("two")
    assert place.lines() == ["one", "torn", "two"]
    assert place.path.read_text().endswith("two\n")


def test_many_writers_lose_no_line_of_a_file(tmp_path: Path) -> None:
    place = HeadFile(tmp_path / "heads")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: place.append(f"{number} " + "x" * 2000), range(64)))
    assert sorted(int(line.split()[0]) for line in place.lines()) == list(range(64))


def test_a_file_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    for place in (HeadFile(tmp_path), HeadFile(tmp_path / "absent" / "heads")):
        with pytest.raises(PlaceUnavailable):
            place.lines()
        with pytest.raises(PlaceUnavailable):
            place.append("one")


def test_a_branch_gets_a_commit_for_each_line_and_no_work_tree_is_touched(repository: Path) -> None:
    before = git(repository, "status", "--porcelain=v2", "--branch")
    place = HeadBranch(str(repository), "heads/office")
    assert place.lines() == []

    place.append("one")
    place.append("two")

    assert place.lines() == ["one", "two"]
    assert git(repository, "log", "--format=%an", "heads/office").split() == ["opspact", "opspact"]
    assert git(repository, "show", f"heads/office:{FILE}") == "one\ntwo\n"
    assert git(repository, "status", "--porcelain=v2", "--branch") == before
    git(repository, "fsck", "--strict")


def test_what_else_is_on_the_branch_stays(repository: Path) -> None:
    place = HeadBranch(str(repository), "mixed")
    git(repository, "branch", "mixed")
    place.append("one")
    assert git(repository, "ls-tree", "--name-only", "mixed").split() == ["README", FILE]


def test_two_at_once_lose_no_line_of_a_branch(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    place = HeadBranch(str(tmp_path / "bare"), HEAD_BRANCH)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(place.append, ["one", "two"]))
    assert sorted(place.lines()) == ["one", "two"]


def test_a_repository_that_refuses_or_is_not_there_is_said(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    hook = tmp_path / "bare/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(PlaceUnavailable) as caught:
        HeadBranch(str(tmp_path / "bare"), HEAD_BRANCH).append("one")
    assert "not today" in str(caught.value)
    assert HeadBranch(str(tmp_path / "bare"), HEAD_BRANCH).lines() == []
    for absent in (str(tmp_path / "absent"), "ext::sh -c 'touch /tmp/opspact-never'"):
        with pytest.raises(PlaceUnavailable) as unreachable:
            HeadBranch(absent, HEAD_BRANCH).lines()
        assert "correct access rights" not in str(unreachable.value)
    assert not Path("/tmp/opspact-never").exists()


def test_a_git_that_calls_us_names_its_own_repository_in_vain(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True, env={"PATH": "/usr/bin:/bin"})
    place = HeadBranch(str(tmp_path / "bare"), HEAD_BRANCH)
    place.append("one")
    assert place.lines() == ["one"]


def test_the_command_for_hosts_appends_a_line_and_ends_one_that_a_crash_left(tmp_path: Path) -> None:
    file = tmp_path / "it's $HOME"
    for line in ("it's \\n %s", "two"):
        subprocess.run(["/bin/sh", "-c", append_command(str(file), line)], check=True)
    file.write_text(file.read_text() + "torn")
    subprocess.run(["/bin/sh", "-c", append_command(str(file), "three")], check=True)
    assert file.read_text().splitlines() == ["it's \\n %s", "two", "torn", "three"]

    nowhere = append_command(str(tmp_path / "no/where"), "x")
    assert subprocess.run(["/bin/sh", "-c", nowhere], check=False, capture_output=True).returncode != 0
