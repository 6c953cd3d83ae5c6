"""What the program for closing accounts finds, on files of this machine: keys, rules, crontabs; links lead nowhere."""

import ast
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opspact.onhost import accepted_keys, account_access, account_files, account_keys, account_processes, account_rights
from opspact.onhost.account_access import of_groups, of_jobs, of_login, of_user_units
from opspact.onhost.account_files import Account, Opening
from opspact.onhost.account_keys import key_paths, of_keys, of_other_accounts
from opspact.onhost.account_processes import cron_account, of_services, processes_of
from opspact.onhost.account_rights import doas_names, of_rules, rule_names
from opspact.steps.host_program import ACCOUNT_ACCESS

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
    monkeypatch.setattr(accepted_keys, "SSHD", ("/bin/sh",))
    monkeypatch.setattr(accepted_keys, "run_program", lambda *command: said if command[1] == "-T" else "")
    assert key_paths(account()) == [
        *("/home/li-na/.ssh/authorized_keys", "/home/li-na/.ssh/authorized_keys2", "/etc/keys/li-na"),
        f"/var/home/li-na/{os.getuid()}/k%y",
    ]


def test_keys_in_a_home_are_counted_and_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepted_keys, "SSHD", ())
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
    monkeypatch.setattr(accepted_keys, "SSHD", ())
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
        ('"li-na" ALL=(ALL) ALL', True),
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


def test_the_program_is_one_text_of_the_standard_library_that_defines_nothing_twice() -> None:
    parsed = ast.parse(ACCOUNT_ACCESS.content.data, feature_version=(3, 9))
    nodes = list(ast.walk(parsed))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
    defined = [node.name for node in parsed.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    defined += [str(node.targets[0].id) for node in parsed.body if isinstance(node, ast.Assign)]  # type: ignore[attr-defined]
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("permit nopass li-na as root cmd /usr/bin/true", True),
        ("permit persist keepenv 1", True),
        ("permit wang as li-na", False),
        ("deny li-na", False),
        ("# permit li-na", False),
    ],
)
def test_whom_a_rule_of_doas_names(line: str, *, expected: bool) -> None:
    assert doas_names(line, account()._replace(uid=1)) is expected


def test_files_that_give_rights_are_named_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_rights, "ETC", tmp_path)
    for path, text in {
        "sudoers": "User_Alias OPS = wang, \\\n  li-na\n",
        "sudoers.d/own": "li-na, \\\n wang ALL=(ALL) ALL\n",
        "sudoers.d/opspact-crew": "li-na ALL=(ALL) ALL\n",
        "sudoers.d/not.read": "li-na ALL=(ALL) ALL\n",
        "doas.conf": "permit nopass li-na\n",
        "polkit-1/rules.d/10.rules": 'if (subject.user == "li-na") return polkit.Result.YES;\n',
        "polkit-1/rules.d/20.rules": '// "li-na" was here\nif (subject.user == "li-nan") {}\n',
        "polkit-1/localauthority/50-local.d/own.pkla": "Identity=unix-user:li-na\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = [each.words.partition(f": {tmp_path}/") for each in of_rules(account())]
    assert [(what, where.partition(";")[0]) for what, _, where in found] == [
        ("sudo rules name it", "sudoers"),
        ("sudo rules name it", "sudoers.d/own"),
        ("doas rules name it", "doas.conf"),
        ("polkit rules name it", "polkit-1/localauthority/50-local.d/own.pkla"),
        ("polkit rules name it", "polkit-1/rules.d/10.rules"),
    ]


SHOWN = """\
User=li-na
Id=sync@li-na.service

User=
Id=cron.service

User=wang
Id=web.service
"""


def test_services_that_run_as_it_are_named_wherever_their_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_processes, "UNITS", (tmp_path,))
    monkeypatch.setattr(account_processes, "SYSTEMD", tmp_path)
    monkeypatch.setattr(account_processes, "CRON", tmp_path / "none")
    monkeypatch.setattr(account_processes, "run_program", lambda *_: SHOWN)
    (tmp_path / "own.service").write_text("[Service]\nUser=li-na\n")
    (tmp_path / "other.service.d").mkdir()
    (tmp_path / "other.service.d" / "user.conf").write_text(f"[Service]\nUser = {os.getuid()}\n")
    assert [each.words.split()[2] for each in of_services(account())] == [
        *("other.service", "own.service", "sync@li-na.service"),
    ]


@pytest.mark.parametrize(
    ("uid", "group", "is_its"),
    [
        (4001, "1:name=systemd:/user.slice/user-4001.slice/session-3.scope", True),
        (0, "0::/user.slice/user-4001.slice/session-3.scope", True),  # `sudo -i`
        (4001, "0::/system.slice/cron.service", True),
        (4001, "0::/system.slice/web.service", False),  # a service that people must change
        (4001, "", True),
        (0, "0::/user.slice/user-400.slice/session-3.scope", False),
        (0, "0::/system.slice/cron.service", False),
    ],
)
def test_processes_of_its_sessions_are_its_and_those_of_services_are_not(
    uid: int, group: str, *, is_its: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_processes, "PROCESSES", tmp_path)
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "status").write_text(f"Name:\tsleep\nState:\tS (sleeping)\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
    (tmp_path / "77" / "cgroup").write_text(f"{group}\n")
    found = processes_of(account()._replace(uid=4001), {"web.service"})
    assert found == ({77: "sleep"} if is_its else {})


def test_keys_of_the_person_are_found_in_other_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepted_keys, "SSHD", ())
    shared = tmp_path / "shared"
    monkeypatch.setattr(account_keys, "key_patterns", lambda _: [".ssh/authorized_keys", str(shared)])
    homes = {name: tmp_path / name for name in ("root", "wang", "li-na")}
    for home in homes.values():
        (home / ".ssh").mkdir(parents=True)
        (home / ".ssh" / "authorized_keys").write_text("ssh-ed25519 BBBB wang\n")
    with (homes["root"] / ".ssh" / "authorized_keys").open("a") as file:
        file.write('from="192.0.2.1" ssh-ed25519 AAAA li-na\n')
    (homes["wang"] / ".ssh" / "authorized_keys").write_text("# ssh-ed25519 AAAA li-na\n")
    shared.write_text("ssh-ed25519 AAAA\n")
    entries = [f"{name}:x:{number}:0::{home}:/bin/sh" for number, (name, home) in enumerate(homes.items())]
    monkeypatch.setattr(account_keys, "lines_of", lambda _: entries)
    assert [each.words.partition(";")[0] for each in of_other_accounts("li-na", {b"AAAA"})] == [
        f"a key of its person logs in to root: {tmp_path}/root/.ssh/authorized_keys",
        f"a key of its person logs in to any account: {shared}",
    ]
    assert list(of_other_accounts("li-na", set())) == []


def test_what_cannot_be_closed_is_named_and_the_rest_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = []

    def fails() -> None:
        raise PermissionError(1, "Operation not permitted", "authorized_keys")

    def keys(_: Account) -> Iterator[Opening]:
        yield Opening("1 key can log in: /a", fails)
        yield Opening("1 key can log in: /b", lambda: closed.append("/b"))

    def broken(_: Account) -> Iterator[Opening]:
        raise OSError(5, "sshd: no such option")
        yield

    monkeypatch.setattr(account_access, "AREAS", (broken, keys, lambda _: [Opening("by hand")]))
    assert account_access.close_all(account()) == 1
    said = capsys.readouterr()
    assert (said.out, closed) == ("changed\n", ["/b"])
    assert said.err.splitlines() == [
        "sshd: no such option",
        "1 key can log in: /a: authorized_keys: Operation not permitted",
    ]


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
    monkeypatch.setattr(account_processes, "UNITS", (own, transient))
    monkeypatch.setattr(account_processes, "TRANSIENT", transient)
    for path in (own / "theirs.service", transient / "later.service", transient / "once.service"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("[Service]\nUser=li-na\n")
    (own / "other.service").write_text("[Service]\nUser=wang\n")
    (transient / "later.timer").write_text("[Timer]\nOnCalendar=daily\n")
    monkeypatch.setattr(account_processes, "SYSTEMD", tmp_path / "none")
    monkeypatch.setattr(account_processes, "CRON", tmp_path / "none")
    assert [each.words.split()[2] for each in of_services(account())] == ["later.service", "theirs.service"]
