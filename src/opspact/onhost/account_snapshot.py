"""Who can use this host, and as what: accounts, UID 0, groups and files that grant root, keys that sshd accepts.

Comes in: what the review before kept. Goes out: what is so now, and items for what changed. Part of the program
`log_review`.

A snapshot is a list of facts, each a few words between tabs. Of passwords it holds the day of the last change alone.
"""

from __future__ import annotations

import base64
import binascii
import grp
import hashlib
import pwd
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opspact.onhost.accepted_keys import KEY_FILES, configured_patterns, expand, key_lines
from opspact.onhost.host_files import described
from opspact.onhost.log_activity import anomaly
from opspact.onhost.log_lines import named
from opspact.onhost.sudo_rules import groups_named, included, rule_lines

Facts = list[str]
LARGEST_PART = 8_000  # bytes of one kind of facts
MOST_LOOKED_AT = 2000  # accounts whose keys are read
MOST_RULE_FILES = 200
ROOT_GROUPS = (
    *("root", "sudo", "admin", "wheel", "adm", "shadow", "disk", "kmem"),
    *("docker", "lxd", "incus-admin", "libvirt"),
)
SUDOERS = ("/etc/sudoers", "/etc/sudoers-rs", "/etc/doas.conf")
SUDOERS_FOLDERS = ("/etc/sudoers.d", "/etc/sudoers-rs.d")
SHADOW = "/etc/shadow"
KEY = re.compile(rb"(?:^|\s)(?:ssh-|ecdsa-|sk-)[\w@.-]+\s+([A-Za-z0-9+/=]{40,})")


def snapshot() -> tuple[dict[str, Facts], list[str]]:
    """Return the facts of each kind, and what cannot be looked at."""
    found: dict[str, Facts] = {}
    problems = []
    for kind, look in LOOKS.items():
        try:
            facts = sorted(set(look()))
        except OSError as error:
            problems.append(f"{kind}: {described(error)}")
            continue
        size = sum(len(fact.encode("utf-8", "replace")) + 5 for fact in facts)
        if size > LARGEST_PART:
            problems.append(f"{kind}: {len(facts)} are too many for changes to be seen")
            continue
        found[kind] = facts
    return found, problems


def root_accounts() -> Iterator[str]:
    """Yield the accounts that are root by their number."""
    return (entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == 0)


def accounts() -> Iterator[str]:
    """Yield each account with its number and its shell."""
    return (f"{entry.pw_name}\t{entry.pw_uid}\t{entry.pw_shell}" for entry in pwd.getpwall())


def passwords() -> Iterator[str]:
    """Yield of each account that has a password the day of its last change (days since 1970). Raise OSError."""
    for line in Path(SHADOW).read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split(":")
        if len(parts) > 2 and parts[1][:1] not in {"", "!", "*"}:  # noqa: PLR2004 - name, hash and day
            yield f"{parts[0]}\t{parts[2]}"


def empty_passwords() -> Iterator[str]:
    """Yield each account whose password is empty: it needs none. Raise OSError."""
    for line in Path(SHADOW).read_text(encoding="utf-8", errors="replace").splitlines():
        name, *parts = line.split(":")
        if parts and not parts[0]:
            yield name


def root_members() -> Iterator[str]:
    """Yield the members of groups that give root's rights, or come close to it."""
    primary = [(entry.pw_gid, entry.pw_name) for entry in pwd.getpwall() if entry.pw_uid != 0]
    named_by_rules = groups_named([rule for path in rule_files() for rule in rule_lines(str(path))])
    for name in dict.fromkeys((*ROOT_GROUPS, *sorted(named_by_rules))):
        try:
            group = grp.getgrgid(int(name[1:])) if name.startswith("#") else grp.getgrnam(name)
        except (KeyError, OverflowError):
            continue
        members = [*group.gr_mem, *(member for number, member in primary if number == group.gr_gid)]
        yield from (f"{group.gr_name}\t{member}" for member in members)


def rule_files() -> Iterator[Path]:
    """Yield the files that have rules of sudo or doas, and what these include. Raise OSError."""
    waiting = [*SUDOERS, *(str(path) for folder in SUDOERS_FOLDERS for path in sorted(Path(folder).glob("*")))]
    for place in waiting:  # it grows
        if Path(place).is_file() and len(waiting) < MOST_RULE_FILES:
            yield Path(place)
            inner = [rule for rule in rule_lines(place) if rule.startswith("@include")]
            more = [path for rule in inner for path in included(rule, str(Path(place).parent))]
            waiting += [path for path in more if path not in waiting]


def digests_of_rules() -> Iterator[str]:
    """Yield each file of rules with a digest. Raise OSError."""
    return (f"{path}\t{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}" for path in rule_files())


def keys() -> Iterator[str]:
    """Yield each key that sshd accepts with its account and a digest of its line. Raise OSError."""
    patterns = [*KEY_FILES, *configured_patterns("root")]
    for entry in pwd.getpwall()[:MOST_LOOKED_AT]:
        paths = (expand(each, name=entry.pw_name, uid=str(entry.pw_uid), home=entry.pw_dir) for each in patterns)
        for path in dict.fromkeys(paths):
            for line in key_lines(path, entry.pw_dir) or ():
                yield f"{entry.pw_name}\t{fingerprint(line)}\t{hashlib.sha256(line).hexdigest()[:8]}"


def fingerprint(line: bytes) -> str:
    """Given a line of accepted keys, return the fingerprint of its key as sshd logs it."""
    found = KEY.search(line)
    try:
        blob = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        blob = b""
    shown = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{shown}" if blob else "no key that can be read"


LOOKS = {
    "UID 0": root_accounts,
    "privileged group": root_members,
    "sudo rules": digests_of_rules,
    "account": accounts,
    "password": passwords,
    "empty password": empty_passwords,
    "key": keys,
}
VERBS = {"added": "is new", "removed": "was removed", "changed": "was changed"}


def changes(before: dict[str, Any], now: dict[str, Facts], *, at: str) -> Iterator[dict[str, Any]]:
    """Yield an item for each fact that is new, gone or another; nothing of a kind that was not looked at before."""
    for kind, facts in now.items():
        if kind not in before:
            continue
        old, new = set(map(str, before[kind])), set(facts)
        gone = {subject(kind, fact): fact for fact in sorted(old - new)}
        for fact in sorted(new - old):
            name = subject(kind, fact)
            verb = "changed" if gone.pop(name, "") else "added"
            yield change_item(kind, fact, verb, at=at)
        for fact in gone.values():
            yield change_item(kind, fact, "removed", at=at)
    for name in now.get("UID 0", ()):
        if name != "root":
            text = f"The account {named(name)} has UID 0: it is root under another name."
            yield anomaly("UID 0", named(name), "critical", message=text, first=at, last=at, count=1)


def subject(kind: str, fact: str) -> str:
    """Return what a fact is about: two facts about the same are a change."""
    parts = fact.split("\t")
    return "\t".join(parts[:2]) if kind in {"key", "privileged group"} else parts[0]


def change_item(kind: str, fact: str, verb: str, *, at: str) -> dict[str, Any]:
    """Return the item for a change."""
    parts = [named(part) for part in fact.split("\t")]
    words = {
        "UID 0": "The account {0} with UID 0",
        "privileged group": "The member {1} of the group {0}",
        "sudo rules": "The file {0} of sudo rules",
        "account": "The account {0} (UID {1}, shell {2})",
        "password": "The password of {0}",
        "empty password": "The empty password of {0}, with which anybody can log in,",
        "key": "The key {1} of {0}",
    }[kind]
    verdict = "critical" if kind in {"UID 0", "empty password"} and verb == "added" else "warning"
    text = f"{words.format(*parts, '', '')} {VERBS[verb]}."
    name = " ".join(named(part) for part in subject(kind, fact).split("\t"))
    return anomaly(f"{kind} {verb}", name, verdict, message=text, first=at, last=at, count=1)
