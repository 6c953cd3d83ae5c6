"""An INI inventory file to statements, in the order in which Ansible's ini plugin obeys them.

Comes in: the text of one file, and the groups that earlier files named. Goes out: statements, or problems with places.
"""

import ast
import re
import shlex
import warnings
from collections.abc import Collection
from typing import NamedTuple

from opspact.schema.codes import Code
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import ChildAdded, GroupNamed, HostsAdded, Statement, Unreadable, VariableSet
from opspact.schema.inventory.values import in_order
from opspact.schema.value_error import quote
from opspact.text.suggestions import nearest

COMMENTS = (";", "#")
SECTION = re.compile(r"\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?")
GROUP_NAME = re.compile(r"([^:\]\s]+)\s*(?:#.*)?")
SHELL_BLANKS = re.compile(r"[ \t\r\n]+")
NEEDS_A_SHELL_READER = re.compile(r"[\"'\\#]")
SURELY_TEXT = re.compile(r"(?!(?:True|False|None)$)[A-Za-z_][\w./@:-]*$|[0-9]{1,3}(?:\.[0-9]{1,3}){3}$", re.ASCII)
"""Values that are no Python literal for sure; most values are, and reading a literal costs a hundred times more."""
LONGEST_VALUE = 65_536
NO_VARIABLES: dict[str, object] = {}
FIRST_COLUMN = 1


class _Awaited(NamedTuple):
    """A group that was spoken of and must still be declared; `parents` wait for it as their child."""

    line: int
    parents: list[str]


def read_ini(text: str, collector: ProblemCollector, known_groups: Collection[str]) -> tuple[Statement, ...]:
    """Given a file's text and the groups named so far, return the statements. Everything that is wrong is noted."""
    reader = _LineReader(collector, known_groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a literal like '\d' makes Python warn; Ansible stays silent as well
        for number, line in enumerate(text.splitlines(), start=1):
            written = line.strip()
            if written and not written.startswith(COMMENTS):
                reader.read(written, (number, line.index(written[0]) + FIRST_COLUMN))
    reader.finish()
    return tuple(reader.statements)


class _LineReader:
    """Reads line after line; the last section header says what the lines are."""

    def __init__(self, collector: ProblemCollector, known_groups: Collection[str]) -> None:
        self.statements: list[Statement] = []
        self._collector = collector
        self._groups = set(known_groups)
        self._awaited: dict[str, _Awaited] = {}
        self._values: dict[str, object] = {}
        self._set: dict[tuple[str, str], int] = {}  # the lines of groups' variables
        self._group, self._state = "ungrouped", "hosts"

    def read(self, line: str, at: tuple[int, int]) -> None:
        """Given a line without its margins, take its statement or note what is wrong."""
        try:
            self._read(line, at)
        except Unreadable as error:
            self._collector.add(Code.BAD_INI_LINE, at, str(error), where=self._group, hint=error.hint)

    def _read(self, line: str, at: tuple[int, int]) -> None:
        if match := SECTION.fullmatch(line):
            self._section(match[1], match[2] or "hosts", at)
        elif line.startswith("[") and line.endswith("]"):
            hint = "write [group], [group:vars] or [group:children], without spaces"
            raise Unreadable("invalid section header", hint=hint)
        elif self._state == "hosts":
            self._hosts(line, at)
        elif self._state == "vars":
            self._variable(line, at)
        elif self._state == "children":
            self._child(line, at)

    def finish(self) -> None:
        """Note the groups that were spoken of and never declared."""
        known = self._groups - self._awaited.keys()
        for name, awaited in self._awaited.items():
            near = nearest(name, known)
            said = f"[{awaited.parents[-1]}:children] refers to" if awaited.parents else f"[{name}:vars] refers to"
            hint = f'did you mean "{near}"?' if near else f"declare it with [{name}]"
            self._collector.add(
                Code.BAD_GROUP, (awaited.line, FIRST_COLUMN), f'{said} the unknown group "{name}"', hint=hint
            )

    def _section(self, group: str, state: str, at: tuple[int, int]) -> None:
        self._group, self._state = group, state
        if state not in {"hosts", "children", "vars"}:
            self._state = "unknown"  # its lines cannot be judged
            raise Unreadable(f'unknown section kind "{state}"', hint="valid kinds are :vars and :children")
        if group not in self._groups:
            if state == "vars" and group not in self._awaited:
                self._awaited[group] = _Awaited(at[0], [])
            self._groups.add(group)
            self.statements.append(GroupNamed(group, *at))
        if group in self._awaited and state != "vars":
            self._declare(group, at)

    def _declare(self, group: str, at: tuple[int, int]) -> None:
        """Link a group that was awaited to its parents."""
        for parent in self._awaited.pop(group).parents:
            self.statements.append(ChildAdded(parent, group, *at))

    def _child(self, line: str, at: tuple[int, int]) -> None:
        match = GROUP_NAME.fullmatch(line)
        if not match:
            raise Unreadable("expected a group name", hint="one name per line")
        child = match[1]
        if child in self._groups:
            self.statements.append(ChildAdded(self._group, child, *at))
        else:
            self._awaited.setdefault(child, _Awaited(at[0], [])).parents.append(self._group)

    def _variable(self, line: str, at: tuple[int, int]) -> None:
        name, equals, value = line.partition("=")
        if not equals:
            raise Unreadable("expected name=value")
        name = name.strip()
        if (first := self._set.setdefault((self._group, name), at[0])) != at[0]:
            self._repeated(f"duplicate variable {quote(name)}, first defined in line {first}", at)
        self.statements.append(VariableSet(self._group, name, self._value(value.strip()), *at))

    def _repeated(self, message: str, at: tuple[int, int]) -> None:
        """Note a key that is given twice: Ansible would take the last one without a word."""
        self._collector.add(Code.REPEATED_KEY, at, message, where=self._group)

    def _hosts(self, line: str, at: tuple[int, int]) -> None:
        host, *assignments = _words(line)
        names, port = self._collector.hosts(host)
        if port is None and host.strip().endswith(":"):
            raise Unreadable(
                f'"{host}" ends in a colon without a port', hint="if this file is YAML, its name must end in .yaml"
            )
        if "---" in {name.strip() for name in names}:
            raise Unreadable("'---' starts a YAML file", hint="if this file is YAML, its name must end in .yaml")
        variables: dict[str, object] = {}
        for assignment in assignments:
            name, equals, value = assignment.partition("=")
            if not equals:
                raise Unreadable(
                    "expected name=value after the host", hint="one host per line; quote values with spaces"
                )
            if name in variables:
                self._repeated(f"duplicate variable {quote(name)} in one line", at)
            variables[name] = self._value(value)
        self.statements.append(HostsAdded(self._group, names, port, variables or NO_VARIABLES, *at))

    def _value(self, text: str) -> object:
        if SURELY_TEXT.match(text):
            return text
        if text not in self._values:
            self._values[text] = _literal(text)
        return self._values[text]


def _words(line: str) -> list[str]:
    """Return the line's words as a shell would read them, comment cut off."""
    if not NEEDS_A_SHELL_READER.search(line):
        return SHELL_BLANKS.split(line)
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise Unreadable(f"unbalanced quotes ({error})".replace("No ", "no ")) from error
    if not words:
        raise Unreadable("expected a host")
    if cut := _cut_by_a_comment(line, words):
        raise Unreadable(
            f'"#" inside {cut} begins a comment', hint="quote the value, or put a space before the comment"
        )
    return words


def _cut_by_a_comment(line: str, words: list[str]) -> str:
    """Return the name of the variable that a `#` has cut, which Ansible takes for a comment anywhere; else nothing."""
    try:
        whole = shlex.split(line)
    except ValueError:  # quotes in the comment: what stands there is prose
        return ""
    return "" if whole[: len(words)] == words else words[-1].partition("=")[0]


def _literal(text: str) -> object:
    """Return the Python literal that the text writes, else the text itself."""
    if len(text) > LONGEST_VALUE:
        raise Unreadable(f"the value is longer than {LONGEST_VALUE} characters")
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    except (TypeError, MemoryError, RecursionError) as error:
        raise Unreadable("unsupported literal value", hint="put it in quotes") from error
    return _plain(value)


def _plain(value: object) -> object:
    """Return a literal as Ansible keeps it: lists for tuples and sets, texts for bytes, `...` and complex numbers."""
    match value:
        case list() | tuple():
            return [_plain(member) for member in value]
        case set():
            return in_order([_plain(member) for member in value])
        case dict():
            return {_key(key): _plain(member) for key, member in value.items()}
        case complex():
            return str(value)
        case bytes():
            return _decoded(value)
    return "..." if value is ... else value


def _key(key: object) -> object:
    """Return a key that can be written as JSON. Raise Unreadable for any other."""
    if key is None or isinstance(key, (str, int, float)):
        return key
    raise Unreadable("mapping keys must be text or numbers")


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("the bytes are not UTF-8") from error
