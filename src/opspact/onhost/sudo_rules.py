"""Which rules root's own files give: those of sudo, with all that they include, and those of doas.

In: nothing. Out: each rule, as one line, and where it stands. A part of the program that looks for others who have
access (`host_access`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

ETC = "/etc"
DEEPEST = 10  # includes within includes; sudo takes 128
FOLDERS = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/snap/bin"}
DEFAULTS = {
    *("root ALL=(ALL:ALL) ALL", "root ALL=(ALL) ALL", "%sudo ALL=(ALL:ALL) ALL", "%admin ALL=(ALL) ALL"),
    *("Defaults env_reset", "Defaults mail_badpass", "Defaults use_pty", "@includedir /etc/sudoers.d"),
}
"""What the packages of Debian and Ubuntu bring, blanks as one."""


def text_of(path: str) -> str:
    """Given a file of root's, return its text; empty when it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is slow to load
            return file.read()
    except FileNotFoundError:
        return ""


def rule_lines(path: str) -> Iterator[str]:
    """Given a file, yield its lines without comments: those that go on after a backslash as one, blanks as one."""
    held = ""
    for line in text_of(path).split("\n"):
        include = re.match(r"\s*[#@](include(?:dir)?\s.*)", line) if not held else None
        text = f"@{include[1]}" if include else held + line
        # A number after # is a user id and no comment; so is what is escaped or quoted.
        start = re.match(r'(?:"(?:\\.|[^"\\])*"|\\.|[^"\\#]|#(?=-?\d))*', text)
        end = start.end() if start else 0
        has_comment = text[end : end + 1] == "#"
        if text.endswith("\\") and not has_comment:  # sudo takes no comment on to the next line
            held = f"{text[:-1]} "
            continue
        held, rule = "", " ".join((text[:end] if has_comment else text).split())
        if rule:
            yield rule
    if held.strip():
        yield " ".join(held.split())


def included(rule: str, folder: str) -> list[str]:
    """Given a line that includes others and the folder of its file, return the paths, in the order of reading."""
    word, _, place = rule.partition(" ")
    place = os.path.join(folder, place.strip('"').replace("%h", os.uname().nodename.partition(".")[0]))  # noqa: PTH118 - as above
    if word == "@include":
        return [place]
    try:
        names = sorted(os.listdir(place))  # noqa: PTH208 - as above
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{place}/{name}" for name in names if "." not in name and not name.endswith("~")]


def is_default(rule: str) -> bool:
    """Whether a rule comes with sudo itself."""
    path = re.fullmatch(r'Defaults secure_path ?= ?"?([^"]*)"?', rule)
    return rule in DEFAULTS or (path is not None and set(path[1].split(":")) <= FOLDERS)


def rules_in(path: str, known: set[str], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Given a file of sudo's, yield its rules and those that it includes, each with its file; none of known files."""
    if path in known or depth > DEEPEST or os.path.isdir(path):  # noqa: PTH112 - as above
        return
    for rule in rule_lines(path):
        if rule.startswith("@include"):
            for inner in included(rule, os.path.dirname(path)):  # noqa: PTH120 - as above
                yield from rules_in(inner, known, depth + 1)
        if not is_default(rule):
            yield rule, path


def sudo_rules(known: set[str]) -> list[tuple[str, str]]:
    """Given files that are known, return the rules of all others, each with its file. sudo-rs has a file of its own."""
    own = f"{ETC}/sudoers-rs"
    main = [own] if os.path.exists(own) else []  # noqa: PTH110 - as above
    found = [each for path in (*main, f"{ETC}/sudoers") for each in rules_in(path, known)]
    doas = f"{ETC}/doas.conf"
    found += [(f"doas: {rule}", doas) for rule in rule_lines(doas) if rule.startswith("permit")]
    return list(dict.fromkeys(found))


def groups_named(rules: list[str]) -> set[str]:
    """Given rules, return the groups that they name, by name or number."""
    return {found for rule in rules for found in re.findall(r"(?:^|[\s,=!(])%(#\d+|[\w.-]+)", rule)}
