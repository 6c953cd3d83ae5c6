"""What the program for closing accounts finds, on files of this machine: keys, rules, crontabs; links lead nowhere."""

import errno
import os
from pathlib import Path

import pytest

from opspact.onhost import account_access, account_files
from opspact.onhost.account_access import (
    Account,
    Opening,
    close_all,
    cron_account,
    key_paths,
    of_groups,
    of_jobs,
    of_keys,
    of_login,
    of_services,
    of_user_units,
    rule_names,
)

KEY = "# a comment\n\nssh-ed25519 AAAA one\nssh-ed25519 AAAA two\n"
SHADOW = ["li-na", "!$y$j9T", "20000", "0", "99999", "7", "", "1", ""]


def account(home: str = "/home/li-na", *, shell: str = "/usr/sbin/nologin", shadow: list[str] | None = None) -> Account:
    me = os.getuid()
    return Account("li-na", me, os.getgid(), home, shell, local=True, password="x", shadow=shadow or SHADOW, twins=[])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def words(found: Account) -> list[str]:
    return [each.words for each in of_login(found)]


def test_a_closed_entry_is_not_open() -> None:
    assert words(account()) == []


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (1, "$y$j9T", "its password is not locked"),
        (1, "", "its password is not locked"),
        (7, "", "it is not expired"),
        (7, "99999", "it is not expired"),
    ],
)
def test_a_password_and_a_day_to_come_are_open(place: int, value: str, expected: str) -> None:
    shadow = [*SHADOW[:place], value, *SHADOW[place + 1 :]]
    assert words(account(shadow=shadow)) == [expected]


def test_a_shell_is_open() -> None:
    assert words(account(shell="/bin/sh")) == ["shell is /bin/sh, expected /usr/sbin/nologin"]


def test_keys_are_sought_where_sshd_seeks_them_but_not_in_files_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "port 22\nauthorizedkeysfile .ssh/authorized_keys /etc/keys/%u /var/%h/%U/k%%y /etc/ssh/all none\n"
    monkeypatch.setattr(account_access, "SSHD", ("/bin/sh",))
    monkeypatch.setattr(account_access, "run", lambda *command: said if command[1] == "-T" else "")
    assert key_paths(account()) == [
        *("/home/li-na/.ssh/authorized_keys", "/home/li-na/.ssh/authorized_keys2", "/etc/keys/li-na"),
        f"/var/home/li-na/{os.getuid()}/k%y",
    ]


def test_keys_in_a_home_are_counted_and_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_access, "SSHD", ())
    (tmp_path / ".ssh").mkdir()
    for name in ("authorized_keys", "authorized_keys2"):
        (tmp_path / ".ssh" / name).write_text(KEY if name.endswith("s") else "# none\n")
    (found,) = of_keys(account(str(tmp_path)))
    assert found.words == f"2 keys can log in: {tmp_path}/.ssh/authorized_keys"
    found.close()
    assert names(tmp_path / ".ssh") == ["authorized_keys2"]


def test_a_link_in_a_home_is_deleted_and_what_is_behind_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_access, "SSHD", ())
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "authorized_keys").write_text(KEY)
    (home := tmp_path / "home").mkdir()
    (home / ".ssh").symlink_to(elsewhere)
    for opening in of_keys(account(str(home))):
        assert "symbolic link" in opening.words
        opening.close()
    assert (names(home), names(elsewhere)) == ([], ["authorized_keys"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("17 * * * * root run-parts /etc/cron.hourly", "root"),
        ("@daily li-na /usr/bin/true", "li-na"),
        ("*/5 1-3 * * 1,5 li-na true", "li-na"),
        ("# 17 * * * * li-na true", ""),
        ("SHELL=/bin/sh", ""),
    ],
)
def test_who_runs_a_line_of_cron(line: str, expected: str) -> None:
    assert cron_account(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("li-na ALL=(ALL:ALL) NOPASSWD: ALL", True),
        ("wang,li-na\thost=/bin/true", True),
        ("User_Alias OPS = wang, li-na", True),
        ("#1 ALL=(ALL) ALL", True),
        ("%li-na ALL=(ALL) ALL", False),
        ("wang ALL=(li-na) ALL", False),
        ("# li-na ALL=(ALL) ALL", False),
        ("Defaults:li-na !authenticate", False),
    ],
)
def test_whom_a_rule_of_sudo_names(line: str, *, expected: bool) -> None:
    assert rule_names(line, account()._replace(uid=1)) is expected


def test_a_primary_group_that_gives_privilege_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid])  # noqa: ARG005 - as called
    assert [each.words for each in of_groups(account()._replace(gid=0))] == ["its primary group is root"]
    assert list(of_groups(account()._replace(gid=65534))) == []


def test_at_jobs_and_a_crontab_are_named_and_put_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_access, "SPOOL", tmp_path / "cron")
    monkeypatch.setattr(account_files, "KEPT", tmp_path / "kept")
    for name in ("crontabs/li-na", "atjobs/a0000101c2d3e4", "atjobs/.SEQ"):
        (file := tmp_path / "cron" / name).parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{name}\n")
    found = list(of_jobs(account()))
    assert [each.words for each in found] == [
        f"it has a crontab: {tmp_path}/cron/crontabs/li-na",
        f"it has an at job: {tmp_path}/cron/atjobs/a0000101c2d3e4",
    ]
    for each in found:
        each.close()
    assert list(of_jobs(account())) == []
    assert sorted(path.read_text() for path in (tmp_path / "kept/li-na").iterdir()) == [
        "atjobs/a0000101c2d3e4\n",
        "crontabs/li-na\n",
    ]


def test_timers_of_the_account_that_run_without_a_login_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_access, "LINGER", tmp_path / "linger")
    (wants := tmp_path / "home/.config/systemd/user/timers.target.wants").mkdir(parents=True)
    (wants / "beat.timer").symlink_to("../beat.timer")
    here = account(str(tmp_path / "home"))
    assert list(of_user_units(here)) == []
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger/li-na").touch()
    (found,) = of_user_units(here)
    assert found.words == "its systemd units run without a login: beat.timer"
    found.close()
    assert list(of_user_units(here)) == []


def test_units_of_root_s_that_start_as_the_account_are_named_wherever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, transient = tmp_path / "own", tmp_path / "transient"
    monkeypatch.setattr(account_access, "UNITS", (own, transient))
    monkeypatch.setattr(account_access, "TRANSIENT", transient)
    for path in (own / "theirs.service", transient / "later.service", transient / "once.service"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("[Service]\nUser=li-na\n")
    (own / "other.service").write_text("[Service]\nUser=wang\n")
    (transient / "later.timer").write_text("[Timer]\nOnCalendar=daily\n")
    named = [each.words for each in of_services(account()) if str(tmp_path) in each.words]
    assert [words.split(": ")[1].partition(";")[0] for words in named] == [
        f"{own}/theirs.service",
        f"{transient}/later.service",
    ]


def test_what_cannot_be_closed_names_its_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/var/spool/cron/crontabs/li-na")

    monkeypatch.setattr(account_access, "AREAS", (lambda _: [Opening("it has a crontab", fail)],))
    assert close_all(account()) == 1
    assert capsys.readouterr().err == "/var/spool/cron/crontabs/li-na: Read-only file system\n"
