"""The command strings that opspact sends to hosts, read from its own sources, and which of them were really run.

In: sources; for each program that was run, its arguments and the command line of the shell that started it. Out: the
strings of which nobody has run a call.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LAYERS = (
    "steps",
    "obligations",
    "compile",
    "onhost",
    "fleet",
    "verify",
    "jobs",
    "evidence",
    "run",
    "rollout",
    "recovery",
    "runbook",
)
"""The folders of `src/opspact` whose texts get to hosts."""
_BUILTINS = {"[", "echo", "printf", "test", "true", "false", "pwd", "kill"}
_HOLE = "\0"  # what a string is filled with when it is used
_PLACE = r"(?:^|[|&;({\n!]|\b(?:then|do|else|if|exec|env|--wait)\b|\btimeout(?: -\S+ \S+)? \S+)\s*(?:\w+=\S*\s+)*"
_ARGUMENT = rf"(?=\s+[-\"'$</.+\d{{{_HOLE}]|\s*[<>])"
_FIXED = re.compile(rf"(?: (?!\d[<>])|[^ $\"'<>|;&(){{}}`\n{_HOLE}])*")
_FILLED = re.compile(rf"{_HOLE}|%s|\{{\w+\}}")


@dataclass(frozen=True)
class CommandString:
    """A string with calls of programs: `parts` are what is fixed in it, `calls` by program how each begins."""

    place: str
    parts: tuple[str, ...]
    calls: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Call:
    """A program that was run: its name, itself with its arguments, and the words of what started it."""

    program: str
    line: str
    shell: str


def plain(text: str) -> str:
    """Given a text, return it without what differs with quoting."""
    return " ".join(re.sub(r"[\\'\"{}%]", "", text).split())


def command_strings(sources: Path, programs: Iterable[str]) -> Iterator[CommandString]:
    """Given the folder `opspact` and names of programs, yield each string there that calls one of them."""
    names = sorted({*programs} - _BUILTINS, key=len, reverse=True)
    called = re.compile(f"{_PLACE}({'|'.join(map(re.escape, names))}){_ARGUMENT}", re.MULTILINE)
    for layer in LAYERS:
        for path in sorted((sources / layer).rglob("*.py")):
            for line, text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
                begins: dict[str, tuple[str, ...]] = {}
                for call in called.finditer(text):
                    fixed = _FIXED.match(text, call.start(1))
                    begins[call[1]] = (*begins.get(call[1], ()), plain(fixed[0] if fixed else ""))
                if begins:
                    parts = tuple(plain(part) for part in _FILLED.split(text) if called.search(part))
                    yield CommandString(f"{path.relative_to(sources)}:{line}", parts, begins)


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module and where they are; of lists of strings, the command that they are."""
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr() | ast.Constant(value=str()) if node not in parts | said:
                yield node.lineno, _text(node)
            case ast.List(elts=words) | ast.Tuple(elts=words):
                yield node.lineno, " ".join(map(_text, words))
            case _:
                pass


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_text(value) for value in values)
        case _:
            return _HOLE


def not_run(strings: Iterable[CommandString], calls: Iterable[Call]) -> list[str]:
    """Given strings, and what was run, return where the strings are that were not run, and which programs of them.

    A shell that reads its script from its input does not show it: there each call is looked for by its beginning.
    """
    ran = list(calls)
    hidden = [call.line for call in ran if " -c " not in call.shell]
    missing = []
    for string in strings:
        seen = {call.program for call in ran if all(part in call.shell for part in string.parts)}
        seen |= {
            program
            for program, begins in string.calls.items()
            if all(any(line.startswith(begin) for line in hidden) for begin in begins)
        }
        if left := string.calls.keys() - seen:
            missing.append(f"{string.place}: {', '.join(sorted(left))}")
    return missing
