"""Whether an account was used, as the journal has it from one mark of ours to another.

Comes in: where the journal's part begins, an account. Goes out: logins, commands; `unknown` where the
journal has a gap. Part of the program `emergency_access`.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

JOURNAL = "/run/systemd/journal/socket"
MARKER = "opspact-emergency-access"
SSHD_NAMES = ("sshd", "sshd-session")  # since OpenSSH 9.8 a session is another program
LOGIN_NAMES = (*SSHD_NAMES, "login", "su", "systemd-logind")
READ = (MARKER, "systemd-journald", "sudo", *LOGIN_NAMES)
FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,OPSPACT_GRANT,N_DROPPED,_UID"
SETTLED = 5.0  # seconds until what is written to the journal can be read there
MOST_LOGINS = 50  # that are named
LOGIN = re.compile(r"Accepted (\S+) for (\S+) from (\S+) port \d+ ssh2(?:: \S+ (SHA256:\S+).*)?")
SESSION = re.compile(r"pam_unix\(([^:)]+):session\): session opened for user (\S+?)(?:\(uid=\d+\))? by .*")
COMMAND = re.compile(r"\s*(\S+) : (?!\(command continued\)).*COMMAND=.*", re.DOTALL)


def leave_mark(words: str, grant: str) -> str:
    """Write a line into the journal; return where it stands there, empty when it did not arrive."""
    text = f"MESSAGE={words}\nSYSLOG_IDENTIFIER={MARKER}\nOPSPACT_GRANT={grant}\nPRIORITY=5\n"
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(text.encode(), JOURNAL)
    deadline = time.monotonic() + SETTLED
    while time.monotonic() < deadline:
        for entry in entries("--lines=20", f"OPSPACT_GRANT={grant}"):
            if entry.get("MESSAGE") == words:
                return str(entry.get("__CURSOR", ""))
        time.sleep(0.1)
    return ""


def entries(*words: str) -> Iterator[dict[str, Any]]:
    """Yield entries of the journal; nothing where it cannot be read."""
    command = ("journalctl", "--quiet", "--no-pager", "--all", "--output=json", f"--output-fields={FIELDS}", *words)
    with (
        contextlib.suppress(OSError),
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        ) as journal,
    ):
        for line in journal.stdout or ():
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    yield found


def use_since(mark: str, account: str, *, end: str) -> dict[str, Any]:
    """Given where a grant begins in the journal and its account, return how it was used: `used` (yes, no or unknown).

    `end` becomes the mark up to which the journal is read: one that does not arrive there shows that nothing else does.
    """
    grant = end.partition(" ")[0]
    last = leave_mark(end, grant)
    logins: list[dict[str, str]] = []
    count, commands, gap = 0, 0, "" if mark and last else "the journal did not take its beginning or its end"
    is_first = True
    for entry in entries(f"--cursor={mark}", *(f"SYSLOG_IDENTIFIER={name}" for name in READ)) if not gap else ():
        if is_first and entry.get("__CURSOR") != mark:
            gap = "the journal does not go back to its beginning any more"
        is_first = False
        if entry.get("__CURSOR") == last:
            break
        if entry.get("N_DROPPED"):
            gap = gap or "the journal dropped lines meanwhile"
        found = login_in(entry, account)
        if found:
            count += 1
            logins += [found] if count <= MOST_LOGINS else []
        commands += is_command(entry, account)
    else:
        gap = gap or "the journal was not read to its end"
    used = "yes" if count or commands else ("unknown" if gap else "no")
    return {
        "used": used,
        "logins": logins,
        "login_count": count,
        "sudo_commands": commands,
        "gap": gap,
        "words": in_words(used, count, commands=commands, gap=gap),
    }


def login_in(entry: dict[str, Any], account: str) -> dict[str, str] | None:
    """Return the login of an account that an entry tells of; None: another. Only processes of root are believed."""
    name, text = entry.get("SYSLOG_IDENTIFIER"), message_of(entry)
    if entry.get("_UID") != "0" or name not in LOGIN_NAMES:
        return None
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(entry.get("__REALTIME_TIMESTAMP", 0)) / 1e6))
    found = LOGIN.fullmatch(text) if name in SSHD_NAMES else None
    if found and found[2] == account:
        return {"at": at, "how": found[1], "from": found[3], "key": found[4] or ""}
    session = SESSION.fullmatch(text)
    if session and session[2] == account and name not in SSHD_NAMES:
        return {"at": at, "how": session[1], "from": "", "key": ""}
    return None


def is_command(entry: dict[str, Any], account: str) -> bool:
    """Whether an entry is of a command that the account ran by sudo."""
    found = COMMAND.fullmatch(message_of(entry)) if entry.get("SYSLOG_IDENTIFIER") == "sudo" else None
    return found is not None and found[1] == account


def message_of(entry: dict[str, Any]) -> str:
    """Return the text of an entry; bytes that are no UTF-8 come as numbers."""
    text = entry.get("MESSAGE")
    if isinstance(text, list) and all(isinstance(each, int) for each in text):
        return bytes(text).decode("utf-8", "replace")
    return text if isinstance(text, str) else ""


def in_words(used: str, count: int, *, commands: int, gap: str) -> str:
    """Return how it was used, in words."""
    if used == "unknown":
        return f"whether it was used is unknown, since {gap}"
    if used == "no":
        return "it was not used"
    also = f", though {gap}" if gap else ""
    logins = f"{count} login{'' if count == 1 else 's'}"
    return f"it was used: {logins}, {commands} command{'' if commands == 1 else 's'} by sudo{also}"
