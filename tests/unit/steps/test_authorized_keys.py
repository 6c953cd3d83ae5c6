"""Looking at keys in a home that its owner controls: the look's own program on real folders, and each difference."""

import getpass
import json
import os
import subprocess
from pathlib import Path

import pytest
from all_steps import KEY, OTHER_KEY
from looked_at import FakeHost, Said

from opspact.steps.authorized_keys import AuthorizedKeys, is_key
from opspact.steps.base import Obstacle
from opspact.structs import replace

ME = getpass.getuser()
SECRET = "correct horse battery staple"


def ran(command: list[str], said: str = "") -> Said:
    done = subprocess.run(command, input=said, capture_output=True, text=True, timeout=60, check=False)
    return Said(done.stdout, done.returncode, done.stderr)


class Here:
    """This machine, looked at as a host is: the command is run by sh."""

    def run(self, command: str) -> Said:
        return ran(["/bin/sh", "-c", command])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    write(tmp_path, "authorized_keys", KEY)
    return tmp_path


def write(home: Path, name: str, *lines: str) -> Path:
    file = home / ".ssh" / name
    file.write_text("".join(f"{line}\n" for line in lines))
    file.chmod(0o600)
    return file


def step(home: Path, **values: object) -> AuthorizedKeys:
    return replace(AuthorizedKeys(account=ME, home=str(home), keys=(KEY,)), **values)


def checked(wanted: AuthorizedKeys) -> list[str]:
    return list(wanted.check(Here(), {}))


def short(text: str) -> str:
    return f"…{text.split()[1][-12:]}"


def test_keys_in_order_show_no_difference_however_they_are_spaced(home: Path) -> None:
    assert checked(step(home)) == []
    write(home, "authorized_keys", "# comment", "", f"  {KEY}  ")
    write(home, "authorized_keys2", KEY)
    assert checked(step(home)) == []


def test_keys_are_compared_line_by_line(home: Path) -> None:
    write(home, "authorized_keys", OTHER_KEY)
    (missing,) = checked(step(home, exclusive=False))
    assert f"zhang-wei ({short(KEY)})" in missing
    again, strange = checked(step(home))
    assert (again, short(OTHER_KEY) in strange) == (missing, True)


def test_a_second_file_counts_only_where_no_others_may_log_in(home: Path) -> None:
    second = write(home, "authorized_keys2", OTHER_KEY)
    (strange,) = checked(step(home))
    assert (str(second) in strange, short(OTHER_KEY) in strange) == (True, True)
    assert checked(step(home, exclusive=False)) == []


def test_modes_are_reported(home: Path) -> None:
    (home / ".ssh").chmod(0o777)
    (home / ".ssh" / "authorized_keys").chmod(0o644)
    of_folder, of_file = checked(step(home))
    assert [mode in of_folder for mode in (f"{home}/.ssh ", "0777", "0700")] == [True] * 3
    assert [mode in of_file for mode in ("0644", "0600")] == [True] * 2


def test_nothing_there_is_a_difference_and_without_keys_none(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        assert len(checked(step(place))) == 1
        assert checked(step(place, keys=())) == []
        assert (step(place).present(Here()), step(place).is_removed(Here())) == (False, True)


@pytest.mark.parametrize("name", ["authorized_keys", "authorized_keys2"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_a_link_leads_to_is_never_shown(home: Path, name: str, exclusive: bool) -> None:
    (home / "secret").write_text(f"{SECRET}\n{OTHER_KEY}\n")
    (home / ".ssh" / name).unlink(missing_ok=True)
    (home / ".ssh" / name).symlink_to(home / "secret")
    reported = checked(step(home, exclusive=exclusive))
    assert bool(reported) is (exclusive or name == "authorized_keys")
    assert not any(word in " ".join(reported) for word in ("staple", OTHER_KEY[-12:]))
    assert all("symbolic link" in words for words in reported)


def test_a_folder_that_is_a_link_is_named_and_not_entered(home: Path, tmp_path: Path) -> None:
    (home / ".ssh").rename(tmp_path / "elsewhere")
    (home / ".ssh").symlink_to(tmp_path / "elsewhere")
    (obstacle,) = (each for each in checked(step(home, exclusive=False)) if isinstance(each, Obstacle))
    assert (obstacle.found, f"{home}/.ssh " in obstacle) == ("symbolic link", True)
    assert step(home).is_removed(Here()) is False


@pytest.mark.parametrize("name", ["authorized_keys", "authorized_keys2"])
def test_a_pipe_holds_nobody_up(home: Path, name: str) -> None:
    (home / ".ssh" / name).unlink(missing_ok=True)
    os.mkfifo(home / ".ssh" / name)
    assert any("pipe" in words for words in checked(step(home)))
    assert step(home).present(Here()) is (name == "authorized_keys2")


def test_lines_that_are_no_keys_are_counted_and_never_quoted(home: Path) -> None:
    write(home, "authorized_keys2", SECRET, "ssh-ed25519 c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", OTHER_KEY)
    key, lines = checked(step(home))
    assert all(f"{home}/.ssh/authorized_keys2" in each for each in (key, lines))
    assert (short(OTHER_KEY) in key, "2 lines" in lines) == (True, True)
    assert "staple" not in key + lines


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("name", ["authorized_keys", "authorized_keys2"])
def test_a_file_of_somebody_elses_is_named_and_never_read(home: Path, name: str) -> None:
    os.chown(write(home, name, SECRET, OTHER_KEY), 1, 1)
    reported = " ".join(checked(step(home)))
    assert ("daemon" in reported, "not read" in reported) == (True, True)
    assert not any(word in reported for word in ("staple", OTHER_KEY[-12:]))
    assert step(home).is_removed(Here()) is False


def test_a_file_too_large_to_be_keys_is_a_difference(home: Path) -> None:
    write(home, "authorized_keys", "#" * 1048577)
    (difference,) = checked(step(home))
    assert f"{home}/.ssh/authorized_keys is too large" in difference


def test_a_directory_in_a_files_place_is_an_obstacle(home: Path) -> None:
    (home / ".ssh" / "authorized_keys").unlink()
    (home / ".ssh" / "authorized_keys").mkdir()
    (obstacle,) = checked(step(home))
    assert isinstance(obstacle, Obstacle)
    assert obstacle.found == "directory"
    assert step(home).is_removed(Here()) is True


def test_ours_are_gone_when_only_others_keys_are_left(home: Path) -> None:
    assert (step(home).present(Here()), step(home).is_removed(Here())) == (True, False)
    write(home, "authorized_keys", OTHER_KEY)
    assert (step(home).present(Here()), step(home).is_removed(Here())) == (True, True)


@pytest.mark.parametrize(
    "said",
    [
        Said("nonsense"),
        Said("{}"),
        Said("[]"),
        Said(rc=127, stderr="sh: 1: python3: not found"),
        Said(json.dumps({".ssh": 5, "authorized_keys": None, "authorized_keys2": None})),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_verdict(home: Path, said: Said) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(step(home).check(FakeHost(said), {}))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (KEY, True),
        (OTHER_KEY, True),
        (f'restrict,command="echo it is" {KEY}', True),
        (SECRET, False),
        (f"ssh-rsa {KEY.split()[1]}", False),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE=", False),
        ("c3NoLWVkMjU1MTk", False),
        ("", False),
    ],
)
def test_a_key_is_known_by_its_type_inside_its_text(line: str, key: bool) -> None:
    assert is_key(line) is key


# What the tasks do, by the very shell that they give to the account.


def carried_out(wanted: AuthorizedKeys, *, remove: bool = False) -> list[str]:
    """Run the tasks' scripts here as they are, without runuser; return what each said."""
    said = []
    for task in wanted.removal() if remove else wanted.tasks():
        argv = task.arguments["argv"]
        assert isinstance(argv, list)
        if "/bin/sh" not in argv:  # the program that has tests of its own
            continue
        stdin = str(task.arguments["stdin"])
        done = ran(argv[argv.index("/bin/sh") :], stdin)
        said.append(f"{done.rc} {done.stdout}{done.stderr}".strip())
    return said


@pytest.mark.parametrize("exclusive", [True, False])
def test_keys_are_written_once_into_a_private_file(tmp_path: Path, exclusive: bool) -> None:
    wanted = step(tmp_path, exclusive=exclusive, keys=(KEY, OTHER_KEY))
    assert all("changed" in words for words in carried_out(wanted))
    assert checked(wanted) == []
    assert set(carried_out(wanted)) == {"0"}
    assert sorted(path.name for path in (tmp_path / ".ssh").iterdir()) == ["authorized_keys"]
    assert step(tmp_path).keys[0] in (tmp_path / ".ssh" / "authorized_keys").read_text()


def test_others_keys_stay_beside_ours_and_ours_go_alone(home: Path) -> None:
    file = home / ".ssh" / "authorized_keys"
    file.write_text(f"# mine\n{OTHER_KEY}")
    carried_out(step(home, exclusive=False))
    assert file.read_text() == f"# mine\n{OTHER_KEY}\n{KEY}\n"
    carried_out(step(home, exclusive=False), remove=True)
    assert file.read_text() == f"# mine\n{OTHER_KEY}\n"
    assert set(carried_out(step(home, exclusive=False), remove=True)) == {"0"}


def test_where_no_others_may_log_in_links_and_pipes_give_way_and_their_targets_stay(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("theirs\n")
    (home / ".ssh" / "authorized_keys").unlink()
    (home / ".ssh" / "authorized_keys").symlink_to(target)
    os.mkfifo(home / ".ssh" / "authorized_keys2")
    assert carried_out(step(home))[0].startswith("0 changed")
    assert (checked(step(home)), target.read_text()) == ([], "theirs\n")
    (home / ".ssh").rename(tmp_path / "elsewhere")
    (home / ".ssh").symlink_to(tmp_path / "elsewhere")
    carried_out(step(home))
    assert (checked(step(home)), (tmp_path / "elsewhere").is_dir()) == ([], True)


@pytest.mark.parametrize("name", [".ssh", ".ssh/authorized_keys"])
def test_beside_others_keys_a_link_is_refused_and_a_removal_deletes_it_unfollowed(home: Path, name: str) -> None:
    (home / name).rename(home / "elsewhere")
    (home / name).symlink_to(home / "elsewhere")
    (said,) = carried_out(step(home, exclusive=False, keys=(OTHER_KEY,)))
    assert said.startswith(f"1 {home}/{name} is a symbolic link: ")
    carried_out(step(home, exclusive=False), remove=True)
    assert step(home).is_removed(Here()) is True
    assert (home / "elsewhere").exists()
