"""The jobs of cron and at that people made on a host: where each is written, when it runs, as whom.

In: nothing. Out: plain data; of a command its program alone, because secrets are written in commands. A part of the
program that says what a host has (`host_state`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from posixpath import basename, isdir

from opspact.onhost.package_files import conffiles_of, has_changed, package_records
from opspact.onhost.sudo_rules import ETC, text_of

SPOOL = "/var/spool/cron"
PERIODS = ("hourly", "daily", "weekly", "monthly")
READ_BY_CRON = re.compile(r"[A-Za-z0-9_-]+")
SETTING = re.compile(r"\s*(?:\w+|\"\w+\"|'\w+')\s*=")
TIMES = re.compile(r"\s*(@\w+|(?:[^\s]+\s+){4}[^\s]+)\s+(.*)")
LONGEST_PROGRAM = 80


def names_in(folder: str) -> list[str]:
    """Given a folder, return the names in it, in order; nothing where there is none."""
    return sorted(os.listdir(folder)) if isdir(folder) else []  # noqa: PTH208 - pathlib is slow to load


def program_of(command: str) -> str:
    """Given a command, return its first program, as it may be shown: nothing of a variable, nothing that comes after.

    Behind variables only a path is one: `KEY=$(echo secret) run` has words that are none. Empty: it is not clear.
    """
    words = command.split()
    if words and "=" in words[0]:
        words = [word for word in words if re.fullmatch(r"/[\w./+-]+", word)]
    return re.sub(r"[^!-~]", "?", next(iter(words), ""))[:LONGEST_PROGRAM]


def jobs_in(path: str, user: str) -> Iterator[dict[str, object]]:
    """Given a crontab and whose it is (empty: each line says that), yield its jobs; none of those that Debian has."""
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        found = None if SETTING.match(line) or line.lstrip().startswith("#") else TIMES.fullmatch(line)
        if found is None:
            continue
        times, command = " ".join(found[1].split()), found[2]
        who = user
        if not user:
            who, command = [*command.split(None, 1), ""][:2]
        if path == f"{ETC}/crontab" and "run-parts" in command:
            continue
        yield job(path, number, who=who, times=times, command=command)


def job(path: str, number: int, *, who: str, times: str, command: str) -> dict[str, object]:
    """Return a job as plain data; `number`: its line, 0 for the whole file."""
    return {"path": path, "line": number, "user": who, "schedule": times, "program": program_of(command)}


def cron_jobs() -> list[dict[str, object]]:
    """Return the jobs that no package brings."""
    packaged = conffiles_of(package_records())
    found = list(jobs_in(f"{ETC}/crontab", ""))
    for name in names_in(f"{ETC}/cron.d"):
        path = f"{ETC}/cron.d/{name}"
        is_own = path in packaged and not has_changed(path, packaged[path][1])
        if READ_BY_CRON.fullmatch(name) and not is_own:
            found += jobs_in(path, "")
    for period in PERIODS:
        for name in names_in(f"{ETC}/cron.{period}"):
            path = f"{ETC}/cron.{period}/{name}"
            if READ_BY_CRON.fullmatch(name) and path not in packaged and os.access(path, os.X_OK):
                found.append(job(path, 0, who="root", times=period, command=path))
    for name in names_in(f"{SPOOL}/crontabs"):
        found += jobs_in(f"{SPOOL}/crontabs/{name}", name)
    for name in names_in(f"{SPOOL}/atjobs"):
        if re.fullmatch("[a-zA-Z=][0-9a-f]{13}", name):
            found.append(job(f"{SPOOL}/atjobs/{name}", 0, who="", times="once", command=basename(name)))
    return found
