"""The program that finds who has access to a host beside those who are meant to.

In: JSON: `accounts` that may log in; `closed` ones, and those with `own_keys`, which are looked at elsewhere; `keys`
(ACCOUNT FINGERPRINT); `lines` of authorized_keys (ACCOUNT LINE, the word KEY in place of the key); `sudo`: rules;
`files` whose rules are known; `members` (ACCOUNT in GROUP); `directories`: sources of accounts that nobody lists. Out:
JSON: `found` has for each stranger its `kind`, its `name` as it would be written above, and `words`; `unknown` says
what cannot be known. Runs on hosts, as root: python3, 3.9 or newer, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import glob
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator

from opspact.onhost.accepted_keys import KEY_FILES, LARGEST_KEYS, SSHD, expand, is_of_one, key_lines
from opspact.onhost.host_files import described, run_program
from opspact.onhost.sudo_rules import DEEPEST, ETC, groups_named, is_default, rule_lines, sudo_rules, text_of

NO_SHELLS = {"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"}
ROOT_GROUPS = {"root", "disk", "docker", "incus-admin", "kmem", "libvirt", "lxd", "shadow"}
"""Groups whose members can become root, or read every file: as the policies' rule OP243 has them."""
FIRST_UID = 1000  # of people's accounts, where login.defs does not say
NOBODY = 65534
DAY = 86400  # seconds
ENTRY, SHADOW = 7, 9  # fields of a line
STOCK_SOURCES = {"files", "compat", "systemd"}
KEY = re.compile(rb"((?:ssh|ecdsa|sk)-[\w@.-]+)[ \t]+([A-Za-z0-9+/]{16,}={0,2})(?:[ \t]+(.*))?$", re.DOTALL)
KINDS = ("account", "key", "link", "line", "rule", "member")  # in the order in which they are said
MOST = 50  # strangers of a kind that are named
LONGEST = 300  # characters that are shown of a rule


class Observation:
    """What was found and what is not known, as it is said."""

    def __init__(self) -> None:
        self.found: list[dict[str, str]] = []
        self.unknown: list[str] = []

    def add(self, kind: str, name: str, words: str) -> None:
        """Note a stranger; those beyond MOST are counted."""
        self.found.append({"kind": kind, "name": masked_text(name), "words": masked_text(words)})

    def to_data(self) -> dict[str, object]:
        """Return all of it, the first ones of each kind by name."""
        said: list[dict[str, str]] = []
        for kind in KINDS:
            alike = [each for each in self.found if each["kind"] == kind]
            said += alike[:MOST]
            if len(alike) > MOST:
                said.append({"kind": kind, "name": "", "words": f"{len(alike) - MOST} more like that"})
        return {"found": said, "unknown": self.unknown}


def masked_text(text: str) -> str:
    """Given text of strangers, return it as it may be shown: on one line, in ASCII."""
    return re.sub(r"[^ -~]", "?", text)[:LONGEST]


def fields_of(path: str, number: int) -> list[list[str]]:
    """Given a file of fields with colons, return those of its lines that are whole. Raise OSError without the file."""
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is slow to load
        lines = [line.split(":") for line in file.read().splitlines()]
    return [each for each in lines if len(each) >= number]


def first_user_id() -> int:
    """Return the lowest user id of a person's account."""
    found = re.search(r"^UID_MIN\s+(\d+)", text_of(f"{ETC}/login.defs"), re.MULTILINE)
    return int(found[1]) if found else FIRST_UID


def ssh_settings(user: str) -> dict[str, str]:
    """Given an account, return what sshd, as it is configured, says of its keys; nothing where there is no sshd."""
    sshd = next((path for path in SSHD if os.path.exists(path)), "")  # noqa: PTH110 - pathlib is slow to load
    if not sshd:
        return {}
    spec = f"user={user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22"
    lines = (line.partition(" ") for line in run_program(sshd, "-T", "-C", spec).splitlines())
    return {word.lower(): rest.strip() for word, _, rest in lines}


def differs_by_account(path: str = "", depth: int = 0) -> bool:
    """Whether sshd has settings for some accounts alone: in the main file, and in what it includes."""
    for line in text_of(path or f"{ETC}/ssh/sshd_config").splitlines():
        word, _, rest = line.strip().replace("=", " ").partition(" ")
        if word.lower() == "match":
            return True
        if word.lower() == "include":
            patterns = [os.path.join(f"{ETC}/ssh", each.strip('"')) for each in rest.split()]  # noqa: PTH118 - as above
            paths = [found for pattern in patterns for found in glob.glob(pattern)]  # noqa: PTH207 - as above
            if depth > DEEPEST or any(differs_by_account(each, depth + 1) for each in paths):
                return True
    return False


def key_of(line: bytes) -> re.Match[bytes] | None:
    """Given a line of authorized_keys, return its key as sshd finds it: behind options, in which texts are quoted."""
    found = KEY.match(line)
    if found:
        return found
    place, quoted = 0, False
    while place < len(line) and (quoted or line[place : place + 1] not in {b" ", b"\t"}):
        if line[place : place + 2] == b'\\"':
            place += 1
        elif line[place : place + 1] == b'"':
            quoted = not quoted
        place += 1
    while line[place : place + 1] in {b" ", b"\t"}:
        place += 1
    return KEY.match(line, place)


def fingerprint(key: re.Match[bytes] | None) -> str:
    """Given a key, return its fingerprint as ssh-keygen prints it; empty: it is none."""
    try:
        blob = base64.b64decode(key[2], validate=True) if key else b""
    except binascii.Error:
        return ""
    digest = hashlib.sha256(blob).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}" if blob else ""


def is_line(line: bytes, form: str) -> bool:
    """Whether a line of authorized_keys is of a form, the word KEY in which stands for a key's type and text."""
    before, _, after = form.encode().partition(b" KEY ")
    middle = line[len(before) + 1 : len(line) - len(after) - 1]
    return (
        line == before + b" " + middle + b" " + after and re.fullmatch(rb"[\w@.-]+ [A-Za-z0-9+/=]+", middle) is not None
    )


class AccessSurvey:
    """One look at a host: what is meant to be, and what is there."""

    def __init__(self, wanted: dict[str, list[str]]) -> None:
        self.wanted = {name: set(values) for name, values in wanted.items()}
        self.seen = Observation()
        self.entries = fields_of(f"{ETC}/passwd", ENTRY)
        self.shadow = {each[0]: each for each in reversed(fields_of(f"{ETC}/shadow", SHADOW))}
        self.with_keys: set[str] = set()

    def result(self) -> dict[str, object]:
        """Look at everything, and return what was found."""
        self.check_sources()
        self.check_keys()
        self.check_accounts()
        self.check_rules()
        return self.seen.to_data()

    def check_sources(self) -> None:
        """Note accounts and rules that are kept where no list of them can be had."""
        for line in text_of(f"{ETC}/nsswitch.conf").splitlines():
            base, _, sources = line.partition("#")[0].partition(":")
            if base.strip() in {"passwd", "group", "shadow", "sudoers"}:
                for source in sorted(set(re.sub(r"\[[^]]*\]", " ", sources).split()) - STOCK_SOURCES):
                    self.not_listed(source, f"{base.strip()} is looked up in {source}")
        if any(each[0].startswith(("+", "-")) for each in self.entries):
            self.not_listed("nis", "/etc/passwd includes accounts of NIS")

    def not_listed(self, source: str, words: str) -> None:
        """Note that something is kept where this program does not look, unless that is meant."""
        text = f"{masked_text(words)}: look there by hand, and add {masked_text(source)} to others.directories"
        if source not in self.wanted["directories"] and text not in self.seen.unknown:
            self.seen.unknown.append(text)

    def key_files(self) -> Iterator[tuple[str, str, str]]:
        """Yield each file in which sshd looks for keys, its account and home; one for all accounts counts as root's."""
        apart, settings = differs_by_account(), ssh_settings("root")
        for each in self.entries:
            name, uid, home = each[0], each[2], each[5]
            own = ssh_settings(name) if apart else settings
            for word in ("AuthorizedKeysCommand", "TrustedUserCAKeys"):
                if own.get(word.lower(), "none") != "none":
                    self.not_listed(word, f"sshd accepts what {word} gives")
            patterns = [*KEY_FILES, *own.get("authorizedkeysfile", "").split()]
            for pattern in patterns if home else ():
                if pattern == "none":
                    continue
                if is_of_one(pattern):
                    yield expand(pattern, name=name, uid=uid, home=home), name, home
                else:
                    yield pattern, "root", "/root"

    def check_keys(self) -> None:
        """Note the keys that log in."""
        seen: set[str] = set()
        for path, name, home in self.key_files():
            if path in seen:
                continue
            seen.add(path)
            try:
                lines = key_lines(path, home)
            except PermissionError:  # a home that root may not read, on NFS
                self.seen.unknown.append(f"{masked_text(path)} cannot be read")
                continue
            if lines is None:
                words = f"keys that log in to {name} are behind a symbolic link: {path}"
                self.seen.add("link", path, words)
                continue
            if lines:
                self.with_keys.add(name)
                if os.stat(path, follow_symlinks=False).st_size > LARGEST_KEYS:  # noqa: PTH116 - pathlib is slow to load
                    self.seen.unknown.append(f"{masked_text(path)} is too large to be read")
            if name not in self.wanted["own_keys"] and not self.has_ended(name):
                self.check_lines(lines, name, path)

    def check_lines(self, lines: list[bytes], name: str, path: str) -> None:
        """Note the lines of a file of keys that are not meant to be in it."""
        forms = [each.partition(" ")[2] for each in self.wanted["lines"] if each.partition(" ")[0] == name]
        for line in lines:
            key = key_of(line)
            mark = fingerprint(key)
            if f"{name} {mark}" in self.wanted["keys"] or any(is_line(line, form) for form in forms):
                continue
            if not mark:
                self.seen.add("line", path, f"a line that is not recognised as a key, for {name}: {path}")
                continue
            comment = key[3].decode("utf-8", "replace").strip() if key and key[3] else "no comment"
            self.seen.add("key", f"{name} {mark}", f"key {mark} ({comment}) logs in to {name}: {path}")

    def has_ended(self, name: str) -> bool:
        """Whether nobody may log in to an account any more."""
        last = self.shadow.get(name, [""] * SHADOW)[7]
        return last.isdigit() and 0 < int(last) <= time.time() // DAY

    def check_accounts(self) -> None:
        """Note the accounts that can log in, and those with root's number."""
        first = first_user_id()
        known = self.wanted["accounts"] | self.wanted["closed"] | {"root"}
        for name, password, number, _, _, _, shell, *_ in self.entries:
            uid = int(number) if number.isdigit() else 0
            if name in known or name.startswith(("+", "-")):
                continue
            if uid == 0:
                self.seen.add("account", name, f"account {name} has user id 0, as root has")
                continue
            entered = self.shadow.get(name, ["", "!"])[1] if password == "x" else password  # noqa: S105 - no password
            can_type = not entered.startswith(("!", "*"))
            is_person = first <= uid != NOBODY
            if shell in NO_SHELLS or self.has_ended(name):
                continue
            if is_person or can_type or name in self.with_keys:
                ways = [*(["a password"] if can_type else []), *(["keys"] if name in self.with_keys else [])]
                words = f"account {name} (user id {uid}) has the shell {shell or '/bin/sh'}"
                self.seen.add("account", name, f"{words} and {' and '.join(ways) or 'no password'}")

    def check_rules(self) -> None:
        """Note the rules of sudo, and the members of groups that they name, or that are as good as root."""
        rules = sudo_rules(self.wanted["files"])
        for rule, path in rules:
            if rule not in self.wanted["sudo"]:
                self.seen.add("rule", rule, f'rule in {path}: "{rule}"')
        roots = {each[0] for each in self.entries if each[2].strip("0") == ""}  # accounts are looked at by themselves
        defaults = [rule for rule in rule_lines(f"{ETC}/sudoers") if is_default(rule)]
        named = groups_named([*defaults, *(rule for rule, _ in rules)]) | ROOT_GROUPS
        for group, _, number, members, *_ in fields_of(f"{ETC}/group", 4):
            if group not in named and f"#{number}" not in named:
                continue
            primary = [each[0] for each in self.entries if each[3] == number]
            for name in dict.fromkeys([*filter(None, members.split(",")), *primary]):
                if name not in roots and f"{name} in {group}" not in self.wanted["members"]:
                    self.seen.add("member", f"{name} in {group}", f"account {name} is a member of {group}")


def main(text: str) -> int:
    """Look, and say what was found; return the exit status."""
    sys.stdout.write(json.dumps(AccessSurvey(json.loads(text)).result()) + "\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except OSError as problem:
        sys.exit(described(problem))
