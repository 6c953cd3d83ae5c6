"""Who else has access to a host: what the program finds in files as Debian has them, and what strangers hide there."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from opspact.onhost import accepted_keys, host_access, sudo_rules
from opspact.onhost.host_access import AccessSurvey, is_line, key_of
from opspact.onhost.sudo_rules import groups_named, rule_lines

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
postgres:x:101:105:PostgreSQL administrator,,,:HOME/postgres:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
ops:x:1000:1000::HOME/ops:/bin/bash
"""
SHADOW = """\
root:!:20000:0:99999:7:::
daemon:*:20000:0:99999:7:::
sync:*:20000:0:99999:7:::
postgres:!:20000::::::
nobody:*:20000:0:99999:7:::
ops:*:20000:0:99999:7:::
"""
SUDOERS = """\
# This file MUST be edited with the 'visudo' command as root.
Defaults\tenv_reset
Defaults\tmail_badpass
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults\tuse_pty
#Defaults:%sudo env_keep += "http_proxy"
# User privilege specification
root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
GROUP = "root:x:0:\nsudo:x:27:\nadm:x:4:ops\ndocker:x:998:\nops:x:1000:\n"
BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + b"k" * 36).decode()
OTHER = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + b"e" * 36).decode()
WANTED: dict[str, list[str]] = {
    "accounts": ["ops"],
    **{name: [] for name in ("closed", "own_keys", "keys", "lines", "sudo", "files", "members", "directories")},
}
Files = Callable[[str, str], Path]


def mark(blob: str) -> str:
    return f"SHA256:{base64.b64encode(hashlib.sha256(base64.b64decode(blob)).digest()).decode().rstrip('=')}"


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the `/etc` of a host as Debian leaves it; homes are below `home` beside it."""
    (folder := tmp_path / "etc").mkdir()
    for module in (sudo_rules, host_access):
        monkeypatch.setattr(module, "ETC", str(folder))
    monkeypatch.setattr(accepted_keys, "SSHD", ())
    monkeypatch.setattr(host_access, "SSHD", ())
    monkeypatch.setattr(sudo_rules, "DEFAULTS", {*sudo_rules.DEFAULTS, f"@includedir {folder}/sudoers.d"})
    (folder / "passwd").write_text(PASSWD.replace("HOME", str(tmp_path / "home")))
    (folder / "shadow").write_text(SHADOW)
    (folder / "group").write_text(GROUP)
    (folder / "sudoers").write_text(SUDOERS.replace("/etc/", f"{folder}/"))
    (folder / "sudoers.d").mkdir()
    (folder / "sudoers.d/README").write_text("# This will cause sudo to read it\n")
    (folder / "nsswitch.conf").write_text("passwd: files systemd\ngroup: files systemd\nshadow: files\nhosts: dns\n")
    return folder


def said(**wanted: list[str]) -> dict[str, Any]:
    return AccessSurvey({**WANTED, **wanted}).result()


def found(**wanted: list[str]) -> list[tuple[str, str]]:
    return [(each["kind"], each["name"]) for each in said(**wanted)["found"]]


def add(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{line}\n")


@pytest.mark.usefixtures("etc")
def test_a_host_as_debian_leaves_it_has_no_strangers() -> None:
    assert said() == {"found": [], "unknown": []}
    assert found(accounts=[]) == [("account", "ops")]


@pytest.mark.parametrize(
    ("lines", "is_found"),
    [
        (("toor:x:0:0::/root:/bin/bash", "toor:!:20000::::::"), True),
        (("toor:x:0:0::/root:/usr/sbin/nologin", "toor:!:20000::::1:1:"), True),
        (("toor:x:00:0::/root:/bin/sh", ""), True),
        (("eve:x:1007:1007::/home/eve:/bin/bash", "eve:!:20000::::::"), True),
        (("eve:x:1007:1007::/home/eve:", "eve:!:20000::::::"), True),
        (("eve:x:1007:1007::/home/eve:/usr/sbin/nologin", "eve:$y$j9T$x:20000::::::"), False),
        (("eve:x:1007:1007::/home/eve:/bin/bash", "eve:!:20000:::::1:"), False),
        (("batch:x:990:990::/var/lib/batch:/bin/sh", "batch:$y$j9T$x:20000::::::"), True),
        (("batch:x:990:990::/var/lib/batch:/bin/sh", "batch::20000::::::"), True),
        (("batch:x:990:990::/var/lib/batch:/bin/sh", "batch:x9Zr7:20000::::::"), True),
        (("batch:x:990:990::/var/lib/batch:/bin/sh", "batch:!:20000::::::"), False),
        (("batch:x:990:990::/var/lib/batch:/bin/sh", ""), False),
        (("batch::990:990::/var/lib/batch:/bin/sh", ""), True),
    ],
)
def test_an_account_that_can_log_in_is_found(etc: Path, lines: tuple[str, str], is_found: bool) -> None:
    entry, shadow = lines
    add(etc / "passwd", entry)
    add(etc / "shadow", shadow)
    name = entry.partition(":")[0]
    assert found() == ([("account", name)] if is_found else [])
    assert found(accounts=["ops", name]) == found(closed=[name]) == []


def test_a_key_is_found_in_whichever_account_and_a_system_account_with_one_can_log_in(etc: Path) -> None:
    home = etc.parent / "home"
    add(home / "ops/.ssh/authorized_keys", f"ssh-ed25519 {BLOB} ops@pc")
    add(home / "postgres/.ssh/authorized_keys2", f'no-pty,command="a \\" b" ssh-ed25519 {OTHER} \x1b[31meve')
    assert found() == [
        ("account", "postgres"),
        ("key", f"postgres {mark(OTHER)}"),
        ("key", f"ops {mark(BLOB)}"),
    ]
    assert found(accounts=["ops", "postgres"], keys=[f"ops {mark(BLOB)}", f"postgres {mark(OTHER)}"]) == []
    assert found(accounts=["ops", "postgres"], keys=[f"ops {mark(OTHER)}"], own_keys=["postgres"]) == [
        ("key", f"ops {mark(BLOB)}")
    ]
    assert not any("\x1b" in each["words"] for each in said()["found"])


def test_a_line_that_is_no_key_and_a_link_are_named(etc: Path) -> None:
    home = etc.parent / "home"
    add(home / "ops/.ssh/authorized_keys", "# a comment\n\nssh-ed25519 !!!")
    (home / "postgres").mkdir()
    (home / "postgres/.ssh").symlink_to(home / "ops/.ssh")
    assert [kind for kind, _ in found()] == ["link", "link", "line"]


@pytest.mark.parametrize(
    ("line", "blob"),
    [
        (f"ssh-ed25519 {BLOB}", BLOB),
        (f'command="ssh-ed25519 {BLOB} x" ssh-ed25519 {OTHER}', OTHER),
        (f'command="x ssh-ed25519 {BLOB} " ssh-ed25519 {OTHER} eve', OTHER),
        (f'a\\" ssh-ed25519 {OTHER} " ssh-ed25519 {BLOB}', OTHER),
        (f"restrict,pty \t ssh-ed25519 {OTHER}\tx", OTHER),
        (f"cert-authority ssh-ed25519 {OTHER}", OTHER),
        (f'command="x ssh-ed25519 {BLOB}', ""),
        (f"#{BLOB}", ""),
    ],
)
def test_the_key_of_a_line_is_the_one_that_sshd_finds(line: str, blob: str) -> None:
    key = key_of(line.encode())
    assert (key[2].decode() if key else "") == blob


def test_a_line_of_a_backup_client_is_known_by_its_form_alone() -> None:
    form = 'restrict,command="borg serve" KEY opspact app1 daily'
    assert is_line(f'restrict,command="borg serve" ssh-ed25519 {BLOB} opspact app1 daily'.encode(), form)
    for line in (
        f'restrict,command="sh" ssh-ed25519 {BLOB} opspact app1 daily',
        f"ssh-ed25519 {BLOB} opspact app1 daily",
        f'restrict,command="borg serve" ssh-ed25519 {BLOB} opspact app2 daily',
        f'restrict,command="borg serve" x,command="sh" ssh-ed25519 {BLOB} opspact app1 daily',
    ):
        assert not is_line(line.encode(), form)


def test_rules_are_found_in_whatever_is_read_and_those_of_known_files_are_not(etc: Path) -> None:
    add(etc / "sudoers", f"ops ALL=(ALL:ALL)   NOPASSWD:\tALL # by hand\n#include {etc}/more")
    add(etc / "sudoers.d/eve", "User_Alias OPS = nobody, \\\n  eve\nOPS ALL=(ALL) ALL\n#1007 ALL=(ALL) ALL")
    add(etc / "sudoers.d/opspact-logins", "li-na ALL=(root) NOPASSWD: /usr/bin/id")
    add(etc / "sudoers.d/not.read", "eve ALL=(ALL) ALL")
    add(etc / "sudoers.d/nor~", "eve ALL=(ALL) ALL")
    add(etc / "more", "Defaults !authenticate")
    add(etc / "doas.conf", "# x\npermit nopass eve\ndeny all")
    rules = [name for kind, name in found(files=[f"{etc}/sudoers.d/opspact-logins"]) if kind == "rule"]
    assert rules == [
        *("User_Alias OPS = nobody, eve", "OPS ALL=(ALL) ALL", "#1007 ALL=(ALL) ALL"),
        *("ops ALL=(ALL:ALL) NOPASSWD: ALL", "Defaults !authenticate", f"@include {etc}/more"),
        "doas: permit nopass eve",
    ]
    assert found(files=[f"{etc}/sudoers.d/opspact-logins"], sudo=rules) == []
    assert ("rule", "li-na ALL=(root) NOPASSWD: /usr/bin/id") in found(sudo=rules)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("# harmless \\\neve ALL=(ALL) ALL\n", ["eve ALL=(ALL) ALL"]),
        ('Defaults passprompt="# \\" x" # y\n', ['Defaults passprompt="# \\" x"']),
        ("eve ALL=(ALL) /bin/a \\# b\n", ["eve ALL=(ALL) /bin/a \\# b"]),
        ('Defaults x="open # eve\n', ['Defaults x="open # eve']),
        ("eve ALL=(#0) ALL\n", ["eve ALL=(#0) ALL"]),
        ("eve ALL=\\\n", ["eve ALL="]),
        ("eve \\\n ALL=ALL\\", ["eve ALL=ALL"]),
    ],
)
def test_a_comment_ends_where_it_does_for_sudo(tmp_path: Path, text: str, rules: list[str]) -> None:
    (tmp_path / "rules").write_text(text)
    assert list(rule_lines(str(tmp_path / "rules"))) == rules


def test_members_of_groups_with_rules_or_as_good_as_root_are_found(etc: Path) -> None:
    text = (
        (etc / "group")
        .read_text()
        .replace("sudo:x:27:", "sudo:x:27:ops,eve")
        .replace("docker:x:998:", "docker:x:998:ops")
    )
    (etc / "group").write_text(f"{text}web:x:1010:ops\n")
    add(etc / "sudoers.d/web", "%web ALL=(ALL) ALL")
    add(etc / "passwd", "eve:x:1007:27::/home/eve:/usr/sbin/nologin")
    members = [name for kind, name in found() if kind == "member"]
    assert members == ["ops in sudo", "eve in sudo", "ops in docker", "ops in web"]
    assert [kind for kind, _ in found(members=members)] == ["rule"]


def test_groups_are_named_by_name_and_number() -> None:
    assert groups_named(["%a,%#27 ALL=(ALL) ALL", "User_Alias X = %b", "x ALL=/bin/date +%s"]) == {"a", "#27", "b"}


@pytest.mark.parametrize("base", ["passwd", "group", "shadow", "sudoers"])
def test_accounts_kept_elsewhere_are_not_known(etc: Path, base: str) -> None:
    add(etc / "nsswitch.conf", f"{base}: files [NOTFOUND=continue] sss")
    (words,) = said()["unknown"]
    assert f"{base} is looked up in sss" in words
    assert said(directories=["sss"])["unknown"] == []


@pytest.mark.usefixtures("etc")
def test_keys_that_a_command_gives_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = (
        "authorizedkeysfile .ssh/authorized_keys /etc/keys/all\nauthorizedkeyscommand /bin/x\ntrustedusercakeys none\n"
    )
    monkeypatch.setattr(host_access, "SSHD", ("/bin/sh",))
    monkeypatch.setattr(host_access, "run_program", lambda *_: answer)
    (words,) = said()["unknown"]
    assert "AuthorizedKeysCommand" in words
    assert said(directories=["AuthorizedKeysCommand"])["unknown"] == []


def test_settings_for_some_accounts_alone_are_noticed(etc: Path) -> None:
    add(etc / "ssh/sshd_config", "Include sshd_config.d/*.conf\nPort 22")
    add(etc / "ssh/sshd_config.d/a.conf", "UseDNS no")
    assert not host_access.differs_by_account()
    add(etc / "ssh/sshd_config.d/a.conf", "Match User eve")
    assert host_access.differs_by_account()


def test_a_host_without_a_shadow_file_is_not_known(etc: Path) -> None:
    (etc / "shadow").unlink()
    with pytest.raises(OSError, match="shadow"):
        said()


def test_of_very_many_strangers_some_are_named_and_the_others_counted(etc: Path) -> None:
    for number in range(60):
        add(etc / "passwd", f"u{number}:x:{2000 + number}:{2000 + number}::/home/u:/bin/sh")
    assert said()["found"][-1] == {"kind": "account", "name": "", "words": "10 more like that"}
