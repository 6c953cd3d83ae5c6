"""This host's journal, read to its end from where the last review stopped, with proof of what is missing in it.

Comes in: a cursor and numbers, as kept by the run before. Goes out: entries that are wanted, gaps by name. Part of the
program `log_review`.

Nothing is filtered by journalctl, since every entry has a number (`i=`) in its sequence (`s=`): one that is missing was
there once.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opspact.onhost.database_logins import DATABASE_ACCOUNTS
from opspact.onhost.journal_entries import Entry, Export, Fields, plain_fields
from opspact.onhost.journal_gaps import (
    MISSED,
    SHUTDOWN,
    STARTED,
    STOPPED,
    SUPPRESSED,
    Coverage,
    Gap,
    entries_text,
)
from opspact.onhost.spool import CannotRun

MOST_GAPS = 40
MOST_SEQUENCES = 64
JOURNAL_FOLDERS = "/var/log/journal"
JOURNAL_SOCKET = "/run/systemd/journal/socket"
MARKER = "opspact-log-review"
ASKED_FIELDS = (
    *("MESSAGE", "MESSAGE_ID", "SYSLOG_IDENTIFIER", "_UID", "_PID", "_EXE", "_SYSTEMD_UNIT", "_TRANSPORT"),
    *("N_DROPPED", "OPSPACT_REVIEW"),
)
TOOLS = "useradd|usermod|userdel|groupadd|groupmod|groupdel|gpasswd|newusers|passwd|chpasswd|chage|chsh|chfn"
SERVERS = "|".join(DATABASE_ACCOUNTS)
WANTED_NAMES = re.compile(f"(?:sshd(?:-session|-auth)?|sudo|su|login|{TOOLS}|{SERVERS}|{MARKER})".encode())
WANTED_TEXTS = re.compile(rb"(?:pam_|PAM )")
WANTED_IDS = re.compile(b"|".join((STARTED, STOPPED, SUPPRESSED, MISSED, SHUTDOWN)))
WANTED = re.compile(
    rb"\n(?:SYSLOG_IDENTIFIER=" + WANTED_NAMES.pattern + rb"\n|MESSAGE=" + WANTED_TEXTS.pattern + rb"|MESSAGE_ID=(?:"
    rb"" + WANTED_IDS.pattern + rb")\n)"
)
HEAD = re.compile(rb"__CURSOR=(s=([0-9a-f]+);i=([0-9a-f]+);b=([0-9a-f]+);[^\n]*)\n__REALTIME_TIMESTAMP=([0-9]+)\n")


def is_wanted(fields: Fields) -> bool:
    """Whether an entry that is no block of plain lines is one that a review looks at."""
    return bool(
        WANTED_NAMES.fullmatch(fields.get("SYSLOG_IDENTIFIER", b""))
        or WANTED_TEXTS.match(fields.get("MESSAGE", b""))
        or WANTED_IDS.fullmatch(fields.get("MESSAGE_ID", b""))
    )


def is_of_the_system(fields: Fields) -> bool:
    """Whether journald says so itself, or logind that the host shuts down: no account but root can write that."""
    is_driver = fields.get("_TRANSPORT") == b"driver"
    return fields.get("_UID") == b"0" and (is_driver or fields.get("MESSAGE_ID") == SHUTDOWN)


def is_equal_entry(one: str, other: str) -> bool:
    """Whether two cursors are of one entry. Where journald copies it to the disk its number is another."""
    return one == other or one.partition(";b=")[2] == other.partition(";b=")[2] != ""


class Journal:
    """The journal from where the last review stopped; `kept` is what that left, empty for the first."""

    def __init__(self, kept: dict[str, Any], *, since: int, folder: str = "") -> None:
        self.known = str(kept.get("cursor", ""))
        self.coverage = Coverage(kept)
        self.cursor = self.known.encode()
        self.number_read = 0
        self.first_at = 0
        self.broken = 0
        self.folder = folder
        self.begin = [f"--cursor={self.known}"] if self.known else [f"--since=@{since}"]
        self.marker = f"{os.getpid()}-{os.urandom(8).hex()}"
        self.saw_marker = False

    def entries(self) -> Iterator[Entry]:
        """Yield the entries that are wanted, to the end. Raise CannotRun where there is nothing to be read at all."""
        problem = self._mark() if not self.folder else ""
        command = ["journalctl", "--output=export", "--all", "--no-pager", "--quiet", *self.begin]
        command += [f"--output-fields={','.join(ASKED_FIELDS)}", *([f"--directory={self.folder}"] * bool(self.folder))]
        complaints = os.memfd_create("complaints")
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_LOG_LEVEL": "warning"}
        try:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, env=environment) as child:
                assert child.stdout is not None
                export, is_read = Export(child.stdout), False
                try:
                    yield from self._entries(export)
                    is_read = True
                finally:
                    if not is_read:
                        child.kill()
                status = child.wait()
                self.broken += export.broken
            said = os.pread(complaints, 2000, 0).decode("utf-8", "replace").strip()
        except OSError as error:
            raise CannotRun(f"journalctl cannot be started: {error}") from error
        finally:
            os.close(complaints)
        self._finish(problem, " ".join(said.split()) or (f"exit status {status}" if status else ""))

    def _entries(self, export: Export) -> Iterator[Entry]:
        seen = self.coverage
        for block, fields in export.blocks():
            head = HEAD.match(block)
            if head is None:
                self.broken += 1
                continue
            cursor, sequence, digits, boot, time_ = head.groups()
            number, at = int(digits, 16), int(time_)
            if not self.number_read and self._begin(cursor.decode(), sequence, number=number, at=at):
                seen.next[sequence], seen.number = number + 1, number
                continue
            seen.count(sequence, number, at)
            self.number_read += 1
            self.cursor = cursor
            if boot != seen.boot or at < seen.at:
                seen.advance(at, boot)
            if (fields is None and not WANTED.search(block)) or (fields is not None and not is_wanted(fields)):
                seen.at = at
                continue
            entry = Entry(at, plain_fields(block) if fields is None else fields)
            if is_of_the_system(entry.fields):
                seen.read_message(entry)
            else:
                self.saw_marker |= self._is_marker(entry.fields)
                yield entry
            seen.at = at

    def _begin(self, cursor: str, sequence: bytes, *, number: int, at: int) -> bool:
        """Take the first entry; return whether it is the last one of the run before."""
        if self.first_at:
            return False
        self.first_at = at
        if not self.known or is_equal_entry(cursor, self.known):
            return bool(self.known)
        expected = max(self.coverage.next.pop(sequence, number), self.coverage.number + 1)
        count = number - expected if number > expected else None
        text = "the journal no longer holds the entries that follow the last review"
        kind = "vacuum"
        if not any(Path(JOURNAL_FOLDERS).glob("*/*.journal")) and not self.folder:
            kind, text = "not kept", "the journal is kept in memory alone, and what was in it is gone"
        self.coverage.add_gap(kind, self.coverage.at, until=at, count=count, message=text)
        self.coverage.is_running = None
        return False

    def _is_marker(self, fields: Fields) -> bool:
        return fields.get("OPSPACT_REVIEW") == self.marker.encode() and fields.get("_UID") == b"0"

    def _mark(self) -> str:
        """Write an entry of our own and have journald bring it to the disk; return what went wrong."""
        text = (
            f"MESSAGE=The logs of this host are reviewed.\nSYSLOG_IDENTIFIER={MARKER}\nOPSPACT_REVIEW={self.marker}\n"
        )
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as door:
                door.sendto(text.encode(), JOURNAL_SOCKET)
            done = subprocess.run(
                ["journalctl", "--sync"], capture_output=True, errors="replace", check=False, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        return " ".join(done.stderr.split())[:300] if done.returncode else ""

    def _finish(self, problem: str, said: str) -> None:
        seen = self.coverage
        if not self.number_read and not self.first_at:
            raise CannotRun(f"the journal of this host holds nothing that can be read: {said or problem or 'no entry'}")
        if not self.saw_marker and not self.folder:
            text = f"journald does not keep what is written now{f': {problem}' if problem else ''}"
            seen.add_gap("stopped", seen.at, until=seen.at, message=text)
        elif self.saw_marker:
            seen.is_running = True
        if self.broken or said:
            text = f"{entries_text(self.broken)} cannot be read{f'; journalctl: {said[:300]}' if said else ''}"
            seen.add_gap("unreadable", seen.at, until=seen.at, count=self.broken or None, message=text)

    def gaps(self) -> list[Gap]:
        """Return what is missing, in the order of time; of very many, the first ones and how many more there are."""
        found = sorted([*self.coverage.gaps, *self.coverage.missing()], key=lambda gap: gap.until)
        if len(found) > MOST_GAPS:
            rest = found[MOST_GAPS - 1 :]
            text = f"{len(rest)} more gaps"
            found[MOST_GAPS - 1 :] = [Gap("more", rest[0].since, rest[-1].until, None, text)]
        return found

    def kept(self) -> dict[str, Any]:
        """Return what the next review begins with."""
        seen = self.coverage
        newest = sorted(seen.next.items(), key=lambda one: one[1])[-MOST_SEQUENCES:]
        return {
            "cursor": self.cursor.decode(),
            "at": seen.at,
            "boot": seen.boot.decode(),
            "is_running": seen.is_running,
            "stopped_at": seen.stopped_at,
            "number": seen.number,
            "sequences": {name.decode(): number for name, number in newest},
        }
