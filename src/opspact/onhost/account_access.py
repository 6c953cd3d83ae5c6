"""The program that finds every way in which an account can still be used on its host, and closes them.

In: `look NAME` or `close NAME`. Behind `close NAME`, `system` for an account that is meant to be a system account;
behind `look NAME`, the person's public keys (base64), which are sought in other accounts, too. Out: for `look` one JSON
object: `refused` is why nothing may be done to the account (empty: nothing), `open` one line for each way. `close`
writes `changed` when it changed something, and ends with 1 and one line for each way that it could not close. Runs on
hosts, as root: python3, 3.9 or newer, and nothing else.
"""

from __future__ import annotations

import errno
import grp
import json
import os
import pwd
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from opspact.onhost.account_files import Account, Opening, leave, lines_of, listed, masked, put_by
from opspact.onhost.account_keys import of_keys, of_other_accounts
from opspact.onhost.account_processes import of_processes, of_services
from opspact.onhost.account_rights import of_rules
from opspact.onhost.host_files import QUIET, described, locate, run_program

NO_SHELL = "/usr/sbin/nologin"
NO_SHELLS = {NO_SHELL, "/sbin/nologin", "/bin/false", "/usr/bin/false"}
ENDED = 1  # the day, counted from 1970-01-01, on which a closed account ended: shadow(5) advises against 0
DAY = 86400  # seconds
LAST_DAY = slice(7, 8)  # the place of the last day among the fields: shadow(5)
NOBODY = 65534
FIRST_UID = 1000  # of people's accounts, where login.defs does not say
PRIVILEGED = {
    *("root", "sudo", "wheel", "admin", "adm", "disk", "shadow", "kmem", "docker", "lxd", "incus-admin", "libvirt"),
    *("staff", "systemd-journal"),
}
SPOOL = Path("/var/spool/cron")
LINGER = Path("/var/lib/systemd/linger")


def account_of(name: str) -> Account | None:
    """Given a name, return its account, None when there is none."""
    entries = [line.split(":") for line in Path("/etc/passwd").read_text(errors="replace").splitlines()]
    local = next((entry for entry in entries if entry[0] == name), None)
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        if local is None:
            return None
        raise
    shadow: list[str] = []
    if local:
        fields = (line.split(":") for line in Path("/etc/shadow").read_text(errors="replace").splitlines())
        shadow = next((each for each in fields if each[0] == name), [])
    twins = [it[0] for it in entries if it[2:3] == [str(found.pw_uid)] and it[0] != name]
    password = local[1] if local else "x"
    return Account(
        name, found.pw_uid, found.pw_gid, found.pw_dir, found.pw_shell, local is not None, password, shadow, twins
    )


def first_user_id() -> int:
    """Return the lowest user id of a person's account."""
    found = (re.match(r"UID_MIN\s+(\d+)", line) for line in lines_of(Path("/etc/login.defs")))
    return next((int(it[1]) for it in found if it), FIRST_UID)


def refusal(account: Account, *, system: bool) -> str:
    """Return why nothing may be done to an account; empty: nothing is."""
    if account.uid == 0 or (not system and (account.uid < first_user_id() or account.uid == NOBODY)):
        return f"is a system account (uid {account.uid}), which opspact never closes: choose another account name"
    process = os.getpid()
    while process > 1:
        fields = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line
        )
        if str(account.uid) in fields["Uid"].split():
            return "is the account with which this run logged in: log in with another one"
        process = int(fields["PPid"])
    return ""


def closed_login(account: Account) -> Callable[[], object]:
    """Return what locks an account, ends it and takes its shell and groups."""
    words = ("-L", "-e", "1970-01-02", "-s", NO_SHELL, "-G", "")
    return partial(run_program, "usermod", *words, account.name)


def of_login(account: Account) -> Iterator[Opening]:
    """Yield what is open of the entry itself: password, last day, shell."""
    if not account.local:
        if account.shell not in NO_SHELLS:
            yield Opening("its entry is not in /etc/passwd; close it where it is kept (LDAP, SSSD, ...)")
        return
    close = closed_login(account)
    password = account.shadow[1] if len(account.shadow) > 1 else account.password
    if not password.startswith(("!", "*")) and (account.shadow or password != "x"):  # noqa: S105 - no password
        yield Opening("its password is not locked", close)
    last = "".join(account.shadow[LAST_DAY])
    if not last or int(last) > time.time() // DAY:
        yield Opening("it is not expired", close)
    if account.shell not in NO_SHELLS:
        yield Opening(f"shell is {account.shell}, expected {NO_SHELL}", close)


def group_name(gid: int) -> str:
    """Given a group's number, return its name, or the number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def use_own_group(account: Account) -> None:
    """Make a group of the account's name, if there is none, its primary one."""
    if not any(entry.gr_name == account.name for entry in grp.getgrall()):
        run_program("groupadd", account.name)
    run_program("usermod", "-g", account.name, account.name)


def of_groups(account: Account) -> Iterator[Opening]:
    """Yield the groups that an account is in; of its primary one only that it gives privilege."""
    others = sorted({group_name(gid) for gid in os.getgrouplist(account.name, account.gid) if gid != account.gid})
    for group in others:
        yield Opening(f"it is in group {group}", partial(run_program, "gpasswd", "--delete", account.name, group))
    primary = group_name(account.gid)
    if account.gid == 0 or primary in PRIVILEGED:
        yield Opening(f"its primary group is {primary}", partial(use_own_group, account) if account.local else leave)


def of_jobs(account: Account) -> Iterator[Opening]:
    """Yield the account's crontab and at jobs."""
    for path in (SPOOL / "crontabs" / account.name, SPOOL / account.name):
        if path.is_file():
            yield Opening(f"it has a crontab: {path}", partial(put_by, path, account.name))
    for folder in (SPOOL / "atjobs", Path("/var/spool/at")):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            seen = path.lstat()
            is_job = stat.S_ISREG(seen.st_mode) and re.fullmatch("[a-zA-Z=][0-9a-f]{13}", path.name)
            if is_job and seen.st_uid == account.uid:
                yield Opening(f"it has an at job: {path}", partial(put_by, path, account.name))


def user_units(account: Account) -> list[str]:
    """Return the units that the account's own systemd starts."""
    found = []
    for target in ("default.target.wants", "timers.target.wants", "sockets.target.wants"):
        place = locate(f"{account.home}/.config/systemd/user/{target}", account.home)
        if place is None:
            continue
        folder, name = place
        try:
            inner = os.open(name, QUIET | os.O_DIRECTORY, dir_fd=folder)
        except OSError as error:
            if error.errno not in {errno.ELOOP, errno.ENOTDIR}:  # a link or a file of the owner's names nothing
                raise
            continue
        finally:
            os.close(folder)
        found += [masked(each) for each in os.listdir(inner)]  # noqa: PTH208 - an open folder has no path
        os.close(inner)
    return sorted(found)


def of_user_units(account: Account) -> Iterator[Opening]:
    """Yield that the account's units run although nobody is logged in."""
    path = LINGER / account.name
    if path.exists():
        units = user_units(account)
        named = f": {listed(units)}" if units else ""
        yield Opening(f"its systemd units run without a login{named}", path.unlink)


AREAS = (of_login, of_keys, of_jobs, of_services, of_user_units, of_groups, of_rules, of_processes)
"""In the order of closing: first nobody can come in any more, last what runs is ended."""


def close_all(account: Account) -> int:
    """Close all that can be, whatever fails; return the exit status."""
    failures, changed = [], False
    for area in AREAS:
        try:
            openings = [it for it in area(account) if it.close is not leave]
        except OSError as error:
            failures.append(described(error))
            continue
        for opening in openings:
            try:
                opening.close()
                changed = True
            except OSError as error:
                failures.append(f"{opening.words}: {described(error)}")
    sys.stdout.write("changed\n" if changed else "")
    sys.stderr.write("".join(f"{line}\n" for line in failures))
    return 1 if failures else 0


def main(what: str, name: str, *more: str) -> int:
    """Look or close; return the exit status."""
    account = account_of(name)
    refused = refusal(account, system="system" in more) if account else ""
    if what == "look":
        found = [] if account is None or refused else [it.words for area in AREAS for it in area(account)]
        if not refused:
            found += [it.words for it in of_other_accounts(name, {key.encode() for key in more})]
        sys.stdout.write(json.dumps({"exists": account is not None, "refused": refused, "open": found}) + "\n")
        return 0
    if refused:
        sys.stderr.write(f"account {name} {refused}\n")
        return 1
    if account is None:
        return 0
    if account.local and (account.shell != NO_SHELL or account.shadow[LAST_DAY] != [str(ENDED)]):
        closed_login(account)()
        sys.stdout.write("changed\n")
    return close_all(account_of(name) or account)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except OSError as problem:
        sys.exit(described(problem))
