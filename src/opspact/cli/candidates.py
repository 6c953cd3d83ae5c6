"""The candidates for the word at the cursor of a command line: what the scripts of `opspact completion` ask for.

Comes in: the words up to the cursor, and the table of commands that `ci/reference` writes. Goes out: lines. A shell
waits for them at every TAB: nothing of the program but this is loaded.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from opspact.cli import contract_names

FILES, DIRECTORIES = ":files", ":directories"
"""Lines that ask the shell to complete names of files or directories as well."""
SCRIPTS = Path(__file__).parent / "shells"
"""The scripts of the shells."""
TABLE = SCRIPTS / "commands.json"
"""Commands, options and what their values are, as the parser knows them; `ci/reference` writes it."""

_IN_PATTERN = re.compile(r"(.*[,:])?([!&]?)")
_Found = Iterator[tuple[str, str]]


def run(words: Sequence[str]) -> None:
    """Given the words behind the program's name, write a line for each candidate: the word, a tab, what it is."""
    try:
        found = candidates(words)
    except OSError:  # a directory that is gone or may not be read has no names
        return
    sys.stdout.write("".join(f"{name}\t{what}".rstrip() + "\n" for name, what in found))


def candidates(words: Sequence[str]) -> list[tuple[str, str]]:
    """Given the words behind the program's name, the last one to be completed, return candidates and what they are."""
    *given, current = words or [""]
    line = _Line(json.loads(TABLE.read_text("utf-8")))
    for word in given:
        line.take(word)
    head, equals, start = current.partition("=")
    if line.expected is None and current.startswith("-") and not line.only_arguments:
        if not equals:
            return [(name, of["help"]) for name, of in line.options.items() if name.startswith(current)]
        value = line.options.get(head, {}).get("value", "")
        return list(_matching(_values(value, line, start), start, before=f"{head}="))
    if line.expected is None and "commands" in line.node:
        commands = line.node["commands"]
        return [(name, of["help"]) for name, of in commands.items() if name.startswith(current) and " " not in name]
    value = line.argument() if line.expected is None else line.expected
    return list(_matching(_values(value, line, current), current))


class _Line:
    """What the words so far say: the command, how many of its arguments there are, and which value comes next."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = self.node = table
        self.arguments: list[str] = []
        self.expected: Any = None
        self.only_arguments = False
        self.contract = ""
        self.name = ""
        self._option = ""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that can be written here: those of the command, and those of the program."""
        return {**self.node["options"], **self.table["options"]}

    def take(self, word: str) -> None:
        """Go on by a word."""
        name, equals, value = word.partition("=")
        if self.expected is not None:
            self._take_value(self._option, word)
            self.expected = None
        elif word == "--":
            self.only_arguments = True
        elif word.startswith("-") and not self.only_arguments:
            if equals:
                self._take_value(name, value)
            else:
                self.expected, self._option = self.options.get(word, {}).get("value"), word
        elif "commands" in self.node:
            is_help = word == "help" and self.node is self.table
            self.node = self.table if is_help else self.node["commands"].get(word, {"options": {}})
            self.name = word
        elif (longer := self.table["commands"].get(f"{self.name} {word}")) and not self.arguments:
            self.node, self.name = longer, ""
        else:
            self.arguments.append(word)

    def argument(self) -> Any:
        """Return what the next argument can be."""
        values = self.node.get("arguments", [])
        if self.node.get("many"):
            return values[-1]
        return values[len(self.arguments)] if len(self.arguments) < len(values) else ""

    def _take_value(self, option: str, value: str) -> None:
        if option == "--contract":
            self.contract = value

    def folder(self) -> Path:
        """Return the contract's folder: the one that is named, or the nearest that has policies."""
        if self.contract:
            return Path(self.contract).expanduser()
        here = Path.cwd()
        return next((folder for folder in (here, *here.parents) if (folder / "policies").is_dir()), here)


def _matching(found: _Found, start: str, *, before: str = "") -> _Found:
    """Yield those that begin as typed; where none does, those that do in other letters: `op2` is meant for OP209."""
    offered = list(found)
    yield from ((name, "") for name, _ in offered if name in {FILES, DIRECTORIES})
    names = [(name, what) for name, what in offered if name not in {FILES, DIRECTORIES}]
    same = [(name, what) for name, what in names if name.startswith(start)]
    folded = [(name, what) for name, what in names if name.casefold().startswith(start.casefold())]
    yield from ((before + name, what) for name, what in same or folded)


def _values(value: Any, line: _Line, start: str) -> _Found:
    """Yield the values that can be written, and what they are: choices, or those of a source in the contract."""
    if isinstance(value, list):
        yield from ((choice, "") if isinstance(choice, str) else tuple(choice) for choice in value)
        return
    source, _, kind = value.partition("/")
    match source:
        case "files" | "directories":
            yield f":{source}", ""
        case "policies" | "records":
            yield from _policies(line, kind.split(","), with_kind=source == "records")
        case "hosts":
            yield from _hosts(line, start)
        case "trace":
            for of, name, _ in contract_names.policy_documents(line.folder()):
                yield (name, of) if of == "clause" else (f"{of}/{name}", "policy")
            yield from ((name, "host") for name in contract_names.inventory_names(line.folder())[0])
        case "levels":
            yield from ((name, "level") for name in contract_names.levels(line.folder()))
        case "commits":
            yield from ((name, "") for name in contract_names.commits(line.folder()))


def _policies(line: _Line, kinds: Sequence[str], *, with_kind: bool) -> _Found:
    """Yield the policies of some kinds, by their names or as `kind/name`; a calendar may be a file, too."""
    if kinds == ["calendar"]:
        yield FILES, ""
    for of, name, _ in contract_names.policy_documents(line.folder()):
        if of in kinds:
            yield f"{of}/{name}" if with_kind else name, of


def _hosts(line: _Line, start: str) -> _Found:
    """Yield hosts and groups, each behind the part of a host pattern that is written already."""
    match = _IN_PATTERN.match(start)
    before = match[0] if match else ""
    hosts, groups = contract_names.inventory_names(line.folder())
    taken = {*line.arguments, *re.split("[,:]", before)}
    for names, what in ((hosts, "host"), (groups, "group")):
        yield from ((before + name, what) for name in names if name not in taken)
