"""The packages of a host that somebody chose: installed by hand, not part of the base, needed by no other.

In: installed packages. Out: names. A part of the program that says what a host has (`host_state`).
"""

from __future__ import annotations

import re

from opspact.onhost.host_files import run_program

BASE = {"required", "important", "standard"}  # priorities of what the installer brings
NOT_CHOSEN = re.compile(r"(?:.*/)?(?:kernel|libs|oldlibs|metapackages|localization)")  # sections
NEEDS = ("depends", "pre-depends", "recommends")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class Packages:
    """Installed packages, and which of them need which."""

    def __init__(self, records: list[dict[str, str]], manual: set[str]) -> None:
        self.records = {each["package"]: each for each in records}
        self.needs = {name: self.needed_by(name) for name in self.records}
        needers: dict[str, set[str]] = {}
        for name, needed in self.needs.items():
            for each in needed:
                needers.setdefault(each, set()).add(name)
        self.chosen = [
            name
            for name in self.records
            if name in manual
            and not self.is_base(name)
            and not NOT_CHOSEN.fullmatch(self.records[name].get("section", ""))
            and needers.get(name, set()) <= self.needs[name]  # two that need each other are chosen both
        ]

    def needed_by(self, name: str) -> set[str]:
        """Given a package, return the installed ones that it depends on or recommends, alternatives too."""
        words = ",".join(self.records[name].get(field, "") for field in NEEDS)
        found = (NAME.match(word.strip()) for word in re.split(r"[,|]", words))
        return {it[0] for it in found if it and it[0] in self.records} - {name}

    def is_base(self, name: str) -> bool:
        """Whether a package is part of every installation."""
        fields = self.records[name]
        return fields.get("priority") in BASE or "yes" in {fields.get("essential"), fields.get("protected")}

    def with_needed(self, name: str) -> set[str]:
        """Given a package, return it and all that it needs, and what those need."""
        found, waiting = {name}, [name]
        while waiting:
            new = self.needs[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    def chosen_for(self, name: str) -> str:
        """Given a package, return the chosen one that it is there for: itself, or of those that need it the nearest."""
        if name in self.chosen:
            return name
        having = [(each, self.with_needed(each)) for each in self.chosen]
        found = [(not name.startswith(each), len(needed), each) for each, needed in having if name in needed]
        return min(found)[2] if found else name


def marked_packages() -> set[str]:
    """Return the packages that are marked as installed by hand."""
    return {line.partition(":")[0] for line in run_program("apt-mark", "showmanual").splitlines()}
