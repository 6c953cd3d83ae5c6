"""Lines of sshd, sudo, PAM and the tools that change accounts, of both releases, and as strangers forge them."""

import pytest

from opspact.onhost.activity import Activity
from opspact.onhost.journal_entries import Entry
from opspact.onhost.log_lines import Lines, named

KEY = "SHA256:6sW6NbR1k3kZqk7mJr5r0n1q8kqXn6t5vYxUq5m8c2E"

PAM = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={}"


def entry(name: str, message: str, *, uid: str = "0", pid: str = "7", **fields: str) -> Entry:
    given = {"SYSLOG_IDENTIFIER": name, "MESSAGE": message, "_UID": uid, "_PID": pid, **fields}
    return Entry(1, {each: text.encode("utf-8", "surrogateescape") for each, text in given.items()})


def read(*entries: Entry) -> list[tuple[str, ...]]:
    lines = Lines()
    found = [one for each in entries for one in lines.read(each)] + list(lines.rest())
    return [(one.kind, one.user, one.address, one.method, one.detail) for one in found]


@pytest.mark.parametrize("name", ["sshd", "sshd-session", "sshd-auth"])
@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            f"Accepted publickey for ops from 198.51.100.1 port 5 ssh2: ED25519 {KEY}",
            ("login", "ops", "198.51.100.1", "publickey", KEY),
        ),
        ("Accepted password for li from 2001:db8::1 port 5 ssh2", ("login", "li", "2001:db8::1", "password", "")),
        ("Failed password for root from 192.0.2.9 port 5 ssh2", ("failed", "root", "192.0.2.9", "password", "")),
        (
            "Failed password for invalid user admin from 192.0.2.9 port 5 ssh2",
            ("failed", "admin", "192.0.2.9", "password", ""),
        ),
        (
            "Failed password for invalid user x from 9.9.9.9 port 1 ssh2 from 192.0.2.9 port 5 ssh2",
            ("failed", "x from 9.9.9.9 port 1 ssh2", "192.0.2.9", "password", ""),
        ),
        (
            "Failed password for invalid user  from 192.0.2.9 port 5 ssh2",
            ("failed", "", "192.0.2.9", "password", ""),
        ),
        (
            "Connection closed by authenticating user ops 192.0.2.9 port 5 [preauth]",
            ("dropped", "ops", "192.0.2.9", "ssh", ""),
        ),
        (
            PAM.format("192.0.2.9  user=ops"),
            ("witness", "ops", "192.0.2.9", "sshd", ""),
        ),
        (
            "pam_unix(sshd:session): session opened for user ops(uid=1000) by (uid=0)",
            ("session", "ops", "", "sshd", ""),
        ),
        ("pam_unix(sshd:session): session opened for user ops by (uid=0)", ("session", "ops", "", "sshd", "")),
    ],
)
def test_a_line_of_sshd_is_read(name: str, message: str, found: tuple[str, ...]) -> None:
    assert read(entry(name, message)) == [found]


@pytest.mark.parametrize(
    "message",
    [
        "Failed publickey for ops from 192.0.2.9 port 5 ssh2: RSA SHA256:x",
        "Failed none for invalid user ops from 192.0.2.9 port 5 ssh2",
        "Accepted password for x from 9.9.9.9 port 1 ssh2 and more",
        "Invalid user x from 192.0.2.9 port 5",
        "Server listening on 0.0.0.0 port 22.",
    ],
)
def test_other_lines_of_sshd_say_nothing_of_logins(message: str) -> None:
    assert read(entry("sshd", message)) == []


@pytest.mark.parametrize("name", ["sshd", "useradd", "su", "postgres"])
def test_what_others_write_under_such_a_name_counts_for_nothing(name: str) -> None:
    lines = (
        "Accepted password for root from 9.9.9.9 port 1 ssh2",
        "new user: name=eve, UID=0, GID=0, home=/, shell=/bin/sh, from=none",
        "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
        "[1-1] LOG:  connection authorized: user=oa database=oa",
    )
    assert read(*(entry(name, line, uid="1000") for line in lines)) == []


def test_several_failures_in_one_line_of_pam_are_counted() -> None:
    (one,) = Lines().read(
        entry("sshd", "PAM 4 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.9 ")
    )
    assert (one.kind, one.times, one.address) == ("witness", 4, "192.0.2.9")


def test_a_user_name_cannot_forge_the_address_that_pam_saw() -> None:
    line = (
        "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=192.0.2.9"
        "  user=a rhost=9.9.9.9"
    )
    assert read(entry("vsftpd", line)) == [("failed", "a rhost=9.9.9.9", "192.0.2.9", "vsftpd", "")]


def test_the_records_of_a_long_command_are_one_command() -> None:
    begin = "     ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/echo aaa"
    found = read(
        entry("sudo", begin),
        entry("sudo", "    eve : PWD=/ ; USER=root ; COMMAND=/usr/bin/id", pid="8"),
        entry("sudo", "     ops : (command continued) bbb"),
        entry("sudo", "     ops : (command continued) ccc"),
    )
    assert found == [
        ("command", "ops", "", "root", "/usr/bin/echo aaa bbb ccc"),
        ("command", "eve", "", "root", "/usr/bin/id"),
    ]


def test_a_word_that_is_longer_than_a_record_is_put_together() -> None:
    """Split as sudo 1.9 does it: at blanks, which are dropped, and in words that fill a whole record."""
    word = "a" * 2000
    found = read(
        entry("sudo", "     ops : PWD=/ ; USER=root ; COMMAND=/bin/echo --password"),
        entry("sudo", f"     ops : (command continued) {word[:954]}"),
        entry("sudo", f"     ops : (command continued) {word[954:1908]}"),
        entry("sudo", f"     ops : (command continued) {word[1908:]}"),
        entry("sudo", "     ops : (command continued) end"),
    )
    assert found == [("command", "ops", "", "root", f"/bin/echo --password {word} end")]


def test_what_sudo_refused_comes_with_the_reason() -> None:
    line = "  eve : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id"
    assert read(entry("sudo", line)) == [("refused", "eve", "", "user NOT in sudoers", "/usr/bin/id")]


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        ("/usr/bin/logger", []),
        ("/home/nobody/sudo", []),
        ("/usr/bin/sudo", ["command"]),
        ("/usr/lib/cargo/bin/sudo", ["command"]),
        ("", ["unproven"]),
    ],
)
def test_sudo_commands_count_where_sudo_itself_wrote_them(program: str, kinds: list[str]) -> None:
    line = " nobody : PWD=/ ; USER=root ; COMMAND=/usr/bin/id"
    found = read(entry("sudo", line, uid="65534", **({"_EXE": program} if program else {})))
    assert found == [(kind, "nobody", "", "root", "/usr/bin/id") for kind in kinds]
    assert read(entry("sudo", line.replace("nobody", "root"), uid="65534", _EXE="/usr/bin/sudo")) == []


def test_a_command_of_sudo_rs_without_a_terminal_is_no_refused_one() -> None:
    line = "nobody :  PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/id -u"
    found = read(entry("sudo", line, uid="65534", _EXE="/usr/lib/cargo/bin/sudo"))
    assert found == [("command", "nobody", "", "root", "/usr/bin/id -u")]


def test_changes_of_accounts_are_read_as_their_tools_say_them() -> None:
    line = "new user: name=eve, UID=1002, GID=1002, home=/home/eve, shell=/bin/bash, from=none"
    assert read(entry("useradd", line)) == [("change", "", "", "useradd", line)]
    line = "pam_unix(passwd:chauthtok): password changed for eve"
    assert read(entry("passwd", line)) == [("change", "eve", "", "passwd", "the password of eve was changed")]
    said = "the password of eve was changed, locked, unlocked or removed"
    assert read(entry("passwd", "password for 'eve' changed by 'root'")) == [("change", "eve", "", "passwd", said)]


@pytest.mark.parametrize("service", ["login", "gdm-password"])
def test_a_session_at_the_console_is_a_login(service: str) -> None:
    line = f"pam_unix({service}:session): session opened for user root(uid=0) by LOGIN(uid=0)"
    assert read(entry("login", line)) == [
        ("login", "root", "console", service, ""),
        ("session", "root", "", service, ""),
    ]


def test_what_our_own_jobs_do_is_left_out() -> None:
    line = "pam_unix(su:session): session opened for user postgres(uid=100) by (uid=0)"
    assert read(entry("su", line, _SYSTEMD_UNIT="opspact-inspection-daily.service")) == []
    assert read(entry("su", line, _SYSTEMD_UNIT="ssh.service")) == [("session", "postgres", "", "su", "")]


def test_names_of_strangers_are_shown_in_quotes_and_without_signs_that_steer_a_terminal() -> None:
    assert (named("ops"), named("admin$"), named("")) == ("ops", "admin$", "")
    assert named('a "b"\x1b[2J\n\u202e') == "\"a 'b'\\u001b[2J\\u000a\\u202e\""
    assert len(named("x" * 5000)) < 70
    assert Activity(1, "failed", "x").times == 1


def test_databases_that_are_being_restored_have_one_name() -> None:
    account = Lines().servers["postgres"]
    if not account:
        pytest.skip("there is no account postgres")
    said = (
        "[3-1] 2026-11-29 [7] postgres@x LOG:  connection authorized: user=postgres database={} application_name=psql"
    )
    found = [
        read(entry("postgres", said.format(name), uid=account))
        for name in ("opspact_restore_03ff12405fbe", "opspact_restore_mine", "oa")
    ]
    assert [each[0][4] for each in found] == ["opspact_restore_*", "opspact_restore_mine", "oa"]
