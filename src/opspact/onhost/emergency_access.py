"""Give a person an account for a limited time, close it when the time is over, and spool whether it was used.

Comes in: `emergency_access.py CONFIG.json [VERB …]`, a file of `{"job", "folder", "rules", "unit", "closing",
"at_most", "groups", "commands", "people"}`. Without a verb, until nothing is open: closes what is over. `expire`: the
same, once. `grant ACCOUNT SECONDS ID BY REASON` opens an account, `revoke ACCOUNT BY` closes it before its time; a root
shell on the host can do so too. Goes out: JSON of what was opened or closed; a result in the spool for each grant that
is over. Run as root, with the host's python3 (3.9 or newer) and nothing else.

What is open is what a file in `folder` says, one for each account: it is written before anything is opened, and deleted
when all is closed and the result is kept. sshd and sudo have the end of the time in their own files as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import subprocess
import sys
import time
from typing import Any

from opspact.onhost.accepted_keys import KEY_FILES, configured_patterns, expand
from opspact.onhost.emergency_grants import (
    MADE_HERE,
    Grant,
    Policy,
    end_reason,
    host_start,
    since_start,
    stamp,
    write_rules,
)
from opspact.onhost.emergency_use import leave_mark, use_since
from opspact.onhost.host_files import described, run_program
from opspact.onhost.spool import CannotRun, locked, open_spool, read_configuration, utc

NO_LOGIN = "/usr/sbin/nologin"
ROUND = 10.0  # seconds between two looks at the clock
PATIENCE = 30.0  # seconds to wait for another run of this program
DAY = 86400
USAGE = "usage: emergency_access.py CONFIG.json [expire | grant ACCOUNT SECONDS ID BY REASON | revoke ACCOUNT BY]"


def account_of(name: str) -> pwd.struct_passwd | None:
    """Given a name, return its account; None: there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def open_account(policy: Policy, grant: Grant) -> None:
    """Make the account, let it in with its keys alone, and have it end by itself a day later. Raise OSError."""
    wanted = policy.people[grant.account]
    if account_of(grant.account) is None:
        comment = f"{MADE_HERE} of {wanted['person']}"
        run_program("useradd", "--create-home", "--user-group", "--comment", comment, grant.account)
    end = time.strftime("%Y-%m-%d", time.gmtime(grant.until + DAY))
    groups = ",".join(policy.groups)
    run_program(
        "usermod", "--lock", "--shell", str(wanted["shell"]), "--expiredate", end, "--groups", groups, grant.account
    )
    found = pwd.getpwnam(grant.account)
    path = expand(KEY_FILES[0], name=found.pw_name, uid=str(found.pw_uid), home=found.pw_dir)
    read = [
        expand(each, name=found.pw_name, uid=str(found.pw_uid), home=found.pw_dir)
        for each in configured_patterns(grant.account)
    ]
    if read and path not in read:
        raise OSError(0, f"sshd reads no keys in {path}")
    lines = [f'expiry-time="{stamp(grant.until)}" {key}\n' for key in wanted["keys"]]
    write_keys(found, "".join(lines))


def write_keys(account: pwd.struct_passwd, text: str) -> None:
    """Write the account's keys, wherever it led that name before: nothing of its own is followed. Raise OSError."""
    home = os.open(account.pw_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            os.rmdir(".ssh", dir_fd=home)
        with contextlib.suppress(FileNotFoundError):
            os.rename(".ssh", f".ssh.before-{time.time_ns()}", src_dir_fd=home, dst_dir_fd=home)
        os.mkdir(".ssh", 0o700, dir_fd=home)
        folder = os.open(".ssh", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=home)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open("authorized_keys", flags, 0o600, dir_fd=folder), "w") as file:
                os.fchown(file.fileno(), account.pw_uid, account.pw_gid)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.fchown(folder, account.pw_uid, account.pw_gid)
        finally:
            os.close(folder)
    finally:
        os.close(home)


def close_account(policy: Policy, name: str) -> str:
    """Close every way in which an account can be used; return what could not be closed, empty: nothing."""
    found = account_of(name)
    if found is None:
        return ""
    if not found.pw_gecos.startswith(MADE_HERE):
        return f"account {name} is not one that opspact made"
    command = [sys.executable, "-I", policy.closing, "close", name]
    try:
        done = subprocess.run(command, capture_output=True, errors="replace", timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "closing it takes more than 5 minutes"
    said = "; ".join(done.stderr.split("\n")).strip("; ")
    return "" if done.returncode == 0 else said[-500:] or f"exit status {done.returncode}"


def take_back(policy: Policy, grant: Grant, why: str) -> bool:
    """Close what a grant opened and keep a result of it; return whether it is closed. Raise OSError, CannotRun."""
    others = [each for name, each in policy.grants().items() if name != grant.account and not each.over]
    problems = []
    try:
        write_rules(policy, others)
    except OSError as error:
        problems.append(f"{policy.rules}: {described(error)}")
        with contextlib.suppress(OSError):
            policy.rules.unlink()
    problems += filter(None, [close_account(policy, grant.account)])
    if problems and grant.complained:
        return False
    facts: dict[str, Any] = {
        "grant": grant.grant,
        "account": grant.account,
        "by": grant.by,
        "reason": grant.reason,
        "ended": why,
        "from": utc(grant.since),
        "until": utc(grant.until),
        "closed": not problems,
        "sudo_ends": grant.sudo_ends,
    }
    use = use_since(grant.mark, grant.account, end=f"{grant.grant} {'not ' if problems else ''}closed")
    message = f"Access of {grant.person or '?'} as {grant.account} is over: {why}; {use.pop('words')}."
    verdict = "unknown" if use["used"] == "unknown" else "ok"
    if problems:
        message, verdict = f"{message} It could not be closed: {'; '.join(problems)}.", "critical"
    item = {"item": "grant", "subject": f"person/{grant.person}", "verdict": verdict, "message": message}
    times = {"started": utc(grant.since), "ended": utc(max(time.time(), grant.since))}
    with open_spool(policy.configuration) as spool:
        report = {"outcome": "failed" if problems else "done", "verdict": verdict, "message": message, **times}
        spool.keep({**report, "items": [{**item, **facts, **use}]})
    sys.stderr.write(f"{message}\n")
    if problems:
        policy.keep(grant._replace(complained=True, over=why))
        return False
    policy.drop(grant)
    return True


def close_others(policy: Policy) -> list[str]:
    """Close accounts of this policy that are open although nobody granted that; return their names. Raise OSError."""
    granted, closed = policy.grants(), []
    if not granted and policy.rules.exists():
        write_rules(policy, [])
        closed.append(str(policy.rules))
    for name in policy.people:
        found = account_of(name)
        is_ours = found is not None and found.pw_gecos.startswith(MADE_HERE)
        if found and is_ours and found.pw_shell != NO_LOGIN and not policy.is_granted(name):
            problem = close_account(policy, name)
            closed.append(name)
            sys.stderr.write(f"{name} was open without a grant{problem and f': {problem}'}\n")
    return closed


def expire(policy: Policy) -> tuple[list[str], list[Grant]]:
    """Close what is over; return what was closed, and what is still open. Raise OSError, CannotRun."""
    with locked(policy.folder, PATIENCE) as is_ours:
        if not is_ours:
            raise CannotRun("another run of this program holds its lock", 75)
        closed = close_others(policy)
        for grant in policy.grants().values():
            why = end_reason(policy, grant, time.time())
            if why and take_back(policy, grant, why):
                closed.append(grant.account)
        return closed, list(policy.grants().values())


def run_until_closed(place: str) -> int:
    """Close what is over until nothing is open; nothing that fails ends that. Return the exit status."""
    while True:
        wait = ROUND
        try:
            _, left = expire(Policy(read_configuration(place)))
        except (OSError, CannotRun) as error:
            sys.stderr.write(f"emergency_access: {error}\n")
        else:
            if not left:
                return 0
            now = time.time()
            wait = min([ROUND, *(each.until - now for each in left if not each.over)])
        time.sleep(max(wait, 0.2))


def granted(policy: Policy, words: list[str]) -> dict[str, Any]:
    """Given ACCOUNT SECONDS ID BY REASON, open the account; return what was opened. Raise CannotRun."""
    account, seconds, grant, by, reason = words
    wanted = policy.people.get(account)
    if wanted is None or not wanted["keys"]:
        raise CannotRun(f"{account} is not named by the policy, or has no key")
    if not 1 <= float(seconds) <= policy.at_most:
        raise CannotRun(f"{seconds} seconds are not allowed: the policy allows {policy.at_most:.0f} at most")
    found = account_of(account)
    if found is not None and not found.pw_gecos.startswith(MADE_HERE):
        raise CannotRun(f"account {account} exists and is not one that opspact made")
    if found is not None and found.pw_shell != NO_LOGIN and account not in policy.grants():
        raise CannotRun(f"account {account} is open already: by another policy, or without a grant")
    if account in policy.grants():
        raise CannotRun(f"account {account} is open already, until {utc(policy.grants()[account].until)}")
    try:
        run_program("systemctl", "is-active", "--quiet", policy.unit)
    except OSError as error:
        raise CannotRun(f"{policy.unit} does not run, nothing would close it: {described(error)}") from error
    now = time.time()
    given = Grant(
        account, str(wanted["person"]), grant, by, reason, now, now + float(seconds), host_start(), since_start()
    )
    given = given._replace(mark=leave_mark(f"{grant} opened for {account}", grant))
    policy.keep(given)
    try:
        others = [each for name, each in policy.grants().items() if name != account and not each.over]
        given = given._replace(sudo_ends=write_rules(policy, [*others, given]))
        policy.keep(given)
        open_account(policy, given)
    except OSError as error:
        take_back(policy, given, f"it could not be opened: {described(error)}")
        raise CannotRun(f"it could not be opened: {described(error)}") from error
    return {"grant": grant, "account": account, "until": utc(given.until), "sudo_ends": given.sudo_ends}


def revoked(policy: Policy, words: list[str]) -> dict[str, Any]:
    """Given ACCOUNT BY, close the account before its time; return what was closed. Raise CannotRun."""
    account, by = words
    grant = policy.grants().get(account)
    if grant is None:
        return {"grant": "", "account": account}
    over = f"revoked by {by}"
    policy.keep(grant._replace(over=over))
    if not take_back(policy, grant._replace(over=over), over):
        raise CannotRun(f"{account} could not be closed: {close_account(policy, account)}")
    return {"grant": grant.grant, "account": account}


def main(arguments: list[str]) -> tuple[int, str]:
    """Given the arguments, return the exit status and a message for the journal."""
    sizes = {"": 0, "expire": 0, "grant": 5, "revoke": 2}
    place, verb, *words = [*arguments, "", ""][: max(len(arguments), 2)]
    if not place or sizes.get(verb) != len(words):
        return 2, USAGE
    try:
        configuration = read_configuration(place)
        try:
            policy = Policy(configuration)
        except KeyError:
            with open_spool(configuration):  # it keeps a result that says what is missing
                raise
        return carried_out(policy, verb, words, place=place)
    except (CannotRun, KeyError, ValueError, OSError) as error:
        return getattr(error, "status", 2 if isinstance(error, KeyError) else 1), f"emergency_access: {error}"


def carried_out(policy: Policy, verb: str, words: list[str], *, place: str) -> tuple[int, str]:
    """Given a verb and its words, do it; return the exit status and a message. Raise CannotRun, OSError."""
    policy.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not verb:
        return run_until_closed(place), ""
    if verb == "expire":
        closed, _ = expire(policy)
        sys.stdout.write("changed\n" if closed else "")
        return 0, ""
    with locked(policy.folder, PATIENCE) as is_ours:
        if not is_ours:
            raise CannotRun("another run of this program holds its lock", 75)
        done = granted(policy, words) if verb == "grant" else revoked(policy, words)
    sys.stdout.write(json.dumps(done) + "\n")
    return 0, ""


if __name__ == "__main__":
    status, message = main(sys.argv[1:])
    sys.stderr.write(message and f"{message}\n")
    raise SystemExit(status)
