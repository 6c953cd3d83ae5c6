"""What root's own files allow an account: rules of sudo, doas and polkit. They are others' to change.

In: an account. Out: the files that name it. A part of the program that closes accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from opspact.onhost.account_files import Account, Opening, lines_of

ETC = Path("/etc")
POLKIT = ("polkit-1/rules.d/*.rules", "polkit-1/localauthority/*/*.pkla")


def of_rules(account: Account) -> Iterator[Opening]:
    """Yield the files by hand whose rules name the account; opspact's own are steps of their own."""
    folder = ETC / "sudoers.d"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    read = [
        it for it in files if "." not in it.name and not it.name.endswith("~") and not it.name.startswith("opspact-")
    ]
    for path in (ETC / "sudoers", *read):
        if path.is_file() and any(rule_names(line, account) for line in whole(lines_of(path))):
            yield Opening(f"sudo rules name it: {path}; remove them by hand")
    if any(doas_names(line, account) for line in whole(lines_of(ETC / "doas.conf"))):
        yield Opening(f"doas rules name it: {ETC / 'doas.conf'}; remove them by hand")
    quoted = re.compile(rf"""["']{re.escape(account.name)}["']|unix-user:({re.escape(account.name)}|{account.uid})\b""")
    for path in sorted(found for pattern in POLKIT for found in ETC.glob(pattern)):
        if any(quoted.search(line) for line in lines_of(path) if not line.lstrip().startswith(("//", "#"))):
            yield Opening(f"polkit rules name it: {path}; remove them by hand")


def whole(lines: Iterable[str]) -> Iterator[str]:
    """Given lines, yield them with those that go on after a backslash in one."""
    held = ""
    for line in lines:
        held += line.removesuffix("\\") if line.endswith("\\") else line
        if not line.endswith("\\"):
            yield held
            held = ""
    if held:
        yield held


def rule_names(line: str, account: Account) -> bool:
    """Given a line of sudoers, return whether it gives something to the account by name or number."""
    if line.lstrip().startswith(("#include", "@include", "Defaults", "# ")):
        return False
    whose = line.split("=", 1)[-1] if line.lstrip().startswith("User_Alias") else line.split("=", 1)[0]
    return "=" in line and not {account.name, f"#{account.uid}"}.isdisjoint(re.split(r'[\s,:"]+', whose))


def doas_names(line: str, account: Account) -> bool:
    """Given a line of doas.conf, return whether it permits something to the account; `as NAME` is whom it becomes."""
    words = re.sub(r"\bas\s+\S+", "", line.partition("#")[0]).split()
    return words[:1] == ["permit"] and not {account.name, str(account.uid)}.isdisjoint(words)
