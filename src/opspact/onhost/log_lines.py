"""What lines of the journal say of logins, commands and accounts, as sshd, sudo, PAM and the shadow tools write them.

Comes in: entries of the journal. Goes out: activities. Part of the program `log_review`.

Anybody may write any line under any name (`logger -t sshd`): what counts is the account that journald saw write it.
Names that strangers try may look like the rest of the line: patterns are anchored at its end.
"""

from __future__ import annotations

import contextlib
import pwd
import re
from collections.abc import Iterator
from typing import NamedTuple

from opspact.onhost.activity import Activity
from opspact.onhost.database_logins import DATABASE_ACCOUNTS, database_logins
from opspact.onhost.journal import MARKER, TOOLS
from opspact.onhost.journal_entries import Entry

LONGEST_NAME = 64
LONGEST_COMMAND = 300  # characters of a command that are kept
LONGEST_JOINED = 2**16  # characters of the records of one command
FULL_RECORD = 957  # characters in a record of sudo that continues another, and in the user's name
MOST_PENDING = 1000  # commands whose records may still go on
SSHD_NAMES = frozenset({"sshd", "sshd-session", "sshd-auth"})  # since OpenSSH 9.8 a session is another program
QUIET_SERVICES = frozenset({"cron", "systemd-user", "sudo", "sudo-i", "runuser", "runuser-l"})
CONSOLE_SERVICES = frozenset({"login", "gdm-password", "gdm-autologin", "lightdm", "lightdm-autologin", "sddm", "xdm"})
CONSOLE = "console"  # where such a login comes from
NO_ATTEMPTS = frozenset({"publickey", "none"})  # ssh offers every key that it has: no attempt of anybody
TOOL_NAMES = frozenset(TOOLS.split("|")) - {"passwd", "chpasswd"}  # PAM speaks for these
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.@$:%/+-]{1,64}")
SUDO_PROGRAM = re.compile(r"/usr/(?:local/)?bin/sudo(?:\.ws|-rs)?|/usr/lib/cargo/bin/sudo")
ACCEPTED = re.compile(r"Accepted (\S+) for (\S+) from (\S+) port \d+ ssh2(?:: \S+ (SHA256:\S+).*)?")
FAILED = re.compile(r"Failed (\S+) for (?:invalid user )?(.*) from (\S+) port \d+ ssh2(?:: .*)?", re.DOTALL)
DROPPED = re.compile(
    r"(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user (.*) (\S+) port \d+"
    r" \[preauth\]",
    re.DOTALL,
)
PAM_FAILED = re.compile(
    r"(?:pam_\w+\(([^:)]+):auth\): authentication failure|PAM (\d+) more authentication failures?)"
    r"; logname=.*? uid=\d+ euid=\d+ tty=\S* ruser=(.*?) rhost=(\S*)(?:\s+user=(.*))?",
    re.DOTALL,
)
PAM_OPENED = re.compile(r"pam_unix\(([^:)]+):session\): session opened for user (\S+?)(?:\(uid=\d+\))? by .*")
TOOL_PASSWORD = re.compile(r"password for '(.*)' changed by '.*'")  # passwd -d, -l, -u and others, without PAM
PAM_PASSWORD = re.compile(r"pam_\w+\(([^:)]+):chauthtok\): password changed for (\S+)")
SUDO_CONTINUED = re.compile(r"\s*(\S+) : \(command continued\) (.*)", re.DOTALL)
SUDO_RECORD = re.compile(r"\s*(\S+) :\s+(.*)", re.DOTALL)  # sudo-rs leaves a gap where it has no TTY


class SudoRecord(NamedTuple):
    """What sudo wrote of a command so far: when, `command` or `unproven`, the text, whether that ends within a word."""

    at: int
    kind: str
    text: str
    is_cut: bool


def shortened(text: str, most: int) -> str:
    """Given text from strangers, return it on one line, without signs that steer a terminal, and not longer than so."""
    shown = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def named(name: str) -> str:
    """Given a name that a stranger may have chosen, return it as it is shown: in quotes unless it looks like a name."""
    if not name or PLAIN_NAME.fullmatch(name):
        return name
    quoted = shortened(name, LONGEST_NAME).replace('"', "'")
    return f'"{quoted}"'


class Lines:
    """Reads entries one after the other; commands of sudo come once all of their records are there."""

    def __init__(self) -> None:
        self.commands: dict[tuple[str, str], SudoRecord] = {}  # by process and user
        self.servers: dict[str, str] = {}  # accounts of database servers, by the name under which these write
        for name, account in DATABASE_ACCOUNTS.items():
            with contextlib.suppress(KeyError):
                self.servers[name] = str(pwd.getpwnam(account).pw_uid)

    def read(self, entry: Entry) -> Iterator[Activity]:
        """Yield what an entry says."""
        name, account, text = entry.text("SYSLOG_IDENTIFIER"), entry.text("_UID"), entry.text("MESSAGE")
        if entry.text("_SYSTEMD_UNIT").startswith("opspact-") or name == MARKER:
            return  # what we do ourselves, by our timers
        if name == "sudo" and (kind := self._witness(entry, text)):
            yield from self._sudo(entry, text, kind)
        if account and account == self.servers.get(name):
            yield from database_logins(entry.at, name, text=text)
        if account != "0":
            return
        if name in SSHD_NAMES:
            yield from ssh_activities(entry.at, text)
        yield from system_activities(entry.at, name, text=text)

    def rest(self) -> Iterator[Activity]:
        """Yield the commands that no further record can belong to, at the end of the journal."""
        for process in list(self.commands):
            yield from self._end(process)

    def _witness(self, entry: Entry, text: str) -> str:
        """Return what a record of sudo is: `command`, written by root or by sudo's own program for that account.

        `unproven`: for that account, by a program that had ended before journald could look at it. Empty: forged.
        """
        if entry.text("_UID") == "0":
            return "command"
        found = SUDO_RECORD.fullmatch(text)
        try:
            uid = str(pwd.getpwnam(found[1]).pw_uid) if found else ""
        except KeyError:
            return ""
        program = entry.text("_EXE")
        if uid != entry.text("_UID") or (program and not SUDO_PROGRAM.fullmatch(program)):
            return ""
        return "command" if program else "unproven"

    def _sudo(self, entry: Entry, text: str, kind: str) -> Iterator[Activity]:
        process = entry.text("_PID")
        if more := SUDO_CONTINUED.fullmatch(text):
            key = (process, more[1])
            before = self.commands.get(key, SudoRecord(entry.at, kind, "COMMAND=…", is_cut=False))
            joined = f"{before.text}{'' if before.is_cut else ' '}{more[2]}"[:LONGEST_JOINED]
            proven = kind if before.kind == "command" else before.kind
            self.commands[key] = SudoRecord(before.at, proven, joined, is_cut_word(more[2], more[1]))
            return
        found = SUDO_RECORD.fullmatch(text)
        if not found or "COMMAND=" not in text:
            return
        key = (process, found[1])
        yield from self._end(key)
        if len(self.commands) >= MOST_PENDING:
            yield from self._end(next(iter(self.commands)))
        self.commands[key] = SudoRecord(entry.at, kind, found[2], is_cut=False)

    def _end(self, key: tuple[str, str]) -> Iterator[Activity]:
        if key not in self.commands:
            return
        record = self.commands.pop(key)
        before, _, command = record.text.partition("COMMAND=")
        target = re.search(r"\bUSER=(\S+)", before)
        reason = "" if not before or re.match(r"[A-Z]+=", before) else before.partition(" ; ")[0]
        kind, method = ("refused", reason) if reason else (record.kind, target[1] if target else "")
        yield Activity(record.at, kind, key[1], method=method, detail=command)


def is_cut_word(part: str, user: str) -> bool:
    """Whether a record of sudo that goes on ends within a word.

    sudo splits a command at a blank, which it drops; a word that fills a whole record (980 characters with what stands
    before it, sudoers(5), syslog_maxlen) is split where that ends.
    """
    return " " not in part and len(part) >= FULL_RECORD - len(user)


def ssh_activities(at: int, text: str) -> Iterator[Activity]:
    """Yield what a line of sshd says of a login."""
    if found := ACCEPTED.fullmatch(text):
        yield Activity(at, "login", found[2], found[3], method=found[1], detail=found[4] or "")
    elif (found := FAILED.fullmatch(text)) and found[1] not in NO_ATTEMPTS:
        yield Activity(at, "failed", found[2], found[3], method=found[1])
    elif found := DROPPED.fullmatch(text):
        yield Activity(at, "dropped", found[1], found[2], method="ssh")


def system_activities(at: int, name: str, *, text: str) -> Iterator[Activity]:
    """Yield what PAM or one of the tools that change accounts says; `name` is the program's."""
    if found := PAM_FAILED.match(text):
        service = found[1] or name
        kind = "witness" if service == "sshd" or service in SSHD_NAMES else "failed"
        user = found[5] or found[3] or ""
        yield Activity(at, kind, user, found[4] or "", method=service, times=int(found[2] or 1))
    elif found := PAM_OPENED.fullmatch(text):
        if found[1] in CONSOLE_SERVICES:
            yield Activity(at, "login", found[2], CONSOLE, method=found[1])
        if found[1] not in QUIET_SERVICES:
            yield Activity(at, "session", found[2], method=found[1])
    elif found := PAM_PASSWORD.match(text):
        yield Activity(at, "change", found[2], detail=f"the password of {found[2]} was changed", method=found[1])
    elif name == "passwd" and (found := TOOL_PASSWORD.fullmatch(text)):
        what = f"the password of {found[1]} was changed, locked, unlocked or removed"
        yield Activity(at, "change", found[1], detail=what, method=name)
    elif name in TOOL_NAMES and not text.startswith("pam_"):
        yield Activity(at, "change", "", detail=text, method=name)
