"""The text of one script as the simple commands in it: which program, with which arguments, where its output goes.

Comes in: a script, one line or several. Goes out: its commands in order, and the scripts in their words. Words are
separated as POSIX says (Shell Command Language, 2.2 and 2.3), nothing is expanded but a program that is a variable of
the same script: what is not known stays as it is written.
"""

import re
from collections.abc import Iterator

from opspact.structs import Struct

_TOKEN = re.compile(
    r"(?P<gap>(?:(?!\n)\s)+|\\\n|(?<![^\s;&|()])#[^\n]*)"
    r"|(?P<open>[$<>]?\()"
    r"|(?P<close>\))"
    r"|(?P<redirect>(?:[0-9]*|&)(?:<<<|<<-?|>>|>\||<>|[<>]&?))"
    r"|(?P<end>\n|;+&?|&&?|\|[|&]?)"
    r"|(?P<word>(?:\\.|'[^']*'|\"(?:[^\"\\]|\\[\s\S])*\"|`[^`]*`|\$(?!\()|[^\s;&|()<>'\"\\`$]|['\"`]|\\(?!\n))+)"
)
_PIECE = re.compile(r"\\(?P<escaped>.)|'(?P<plain>[^']*)'|\"(?P<quoted>(?:[^\"\\]|\\[\s\S])*)\"|(?P<bare>`[^`]*`|.)")
_SUBSTITUTED = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
BEFORE_A_COMMAND = re.compile(
    r"if|then|else|elif|do|while|until|time|[!{}]|(?P<name>[A-Za-z_]\w*)\+?=(?P<value>.*)", re.DOTALL
)
"""Words before the program of a command: they are no part of it."""
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<braced>\w+)\})")
_STANDARD_OUTPUT = re.compile(r"(?:1|&)?>>?\|?")


class Command(Struct):
    """One simple command: a program without its folder (empty: only redirections), its arguments without quotes.

    `writes`: files that standard output goes to, `appends` whether to their end. `reads`: it is fed from a file.
    `heredocs`: text that stands in the script for it to read. `piped`: the command whose output it reads.
    """

    program: str
    arguments: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    appends: bool = False
    reads: bool = False
    heredocs: tuple[str, ...] = ()
    piped: "Command | None" = None

    @property
    def line(self) -> str:
        """Its arguments on one line, each after a space."""
        return "".join(f" {each}" for each in self.arguments)

    @property
    def operands(self) -> tuple[str, ...]:
        """Its arguments that are no options."""
        end = self.arguments.index("--") if "--" in self.arguments else len(self.arguments)
        return (*(each for each in self.arguments[:end] if not each.startswith("-")), *self.arguments[end + 1 :])

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands in the script for it to read: its here-documents, and what `echo` or `printf` give it."""
        is_shown = self.piped is not None and self.piped.program in {"echo", "printf"}
        return (*self.heredocs, *((self.piped.line.strip(),) if self.piped and is_shown else ()))


class CommandReader:
    """Reads one script; `inner` are the scripts in its words: `"$(…)"` and backquotes."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.inner: list[str] = []
        self._operator = ""
        self._glued = -1
        self._words: list[str] = []
        self._redirected: list[tuple[str, str]] = []
        self._documents: list[str] = []
        self._piped: Command | None = None
        self._values: dict[str, str] = {}
        self._outer: list[tuple[list[str], list[tuple[str, str]], Command | None]] = []

    def commands(self) -> Iterator[Command]:
        """Yield its commands in order; what stands in `$(…)` before the command that it is a word of."""
        position = 0
        while found := _TOKEN.match(self.script, position):
            position = found.end()
            match found.lastgroup:
                case "word":
                    self._word(found)
                case "redirect":
                    self._operator = found[0]
                case "open":
                    yield from self._open(found)
                case "close":
                    yield from self._close()
                case "end":
                    yield from self._end(found[0])
                    position = self._skip_documents(position) if found[0] == "\n" else position
        while self._outer:
            yield from self._close()
        yield from self._end("")

    def _word(self, found: re.Match[str]) -> None:
        text = self._plain(found[0])
        if self._operator:
            self._redirect(self._operator, text, found.end())
        else:
            self._words.append(text)
            self._glued = found.end()
        self._operator = ""

    def _open(self, found: re.Match[str]) -> Iterator[Command]:
        if found[0] == "(":
            yield from self._end("")
        elif found.start() != self._glued:
            self._words.append("$")  # whatever it will be
        self._outer.append((self._words, self._redirected, self._piped))
        self._words, self._redirected, self._piped, self._operator = [], [], None, ""

    def _close(self) -> Iterator[Command]:
        yield from self._end("")
        if self._outer:
            self._words, self._redirected, self._piped = self._outer.pop()

    def _plain(self, word: str) -> str:
        """Return a word without its quotes; note what the shell runs to make it."""
        pieces = list(_PIECE.finditer(word))
        run = "".join(piece[0] for piece in pieces if piece["plain"] is None)
        self.inner.extend(one or other for one, other in _SUBSTITUTED.findall(run))
        return "".join(_unquoted(piece) for piece in pieces)

    def _redirect(self, operator: str, target: str, position: int) -> None:
        """Note a redirection; the text of a here-document, which begins on the next line, is read at once."""
        if operator.lstrip("0123456789") in {"<<", "<<-"}:
            self._documents.append(target)
            line = self.script.find("\n", position) + 1
            target = _document(self.script[line:], target)[0] if line else ""
        self._redirected.append((operator, target))

    def _skip_documents(self, position: int) -> int:
        for end in self._documents:
            position += _document(self.script[position:], end)[1]
        self._documents = []
        return position

    def _end(self, by: str) -> Iterator[Command]:
        words, redirected = self._words, self._redirected
        self._words, self._redirected, self._operator = [], [], ""
        while words and (before := BEFORE_A_COMMAND.fullmatch(words[0])):
            if before["name"] and before["value"]:
                self._values[before["name"]] = before["value"]
            words = words[1:]
        if words[:1] == ["function"]:
            words = [each for each in words[2:] if each != "{"]
        if words and (variable := _VARIABLE.fullmatch(words[0])):
            words = [*self._values.get(variable["bare"] or variable["braced"], words[0]).split(), *words[1:]]
        command = _command(words, redirected, self._piped)
        self._piped = command if by in {"|", "|&"} else None
        if words or redirected:
            yield command


def _unquoted(piece: re.Match[str]) -> str:
    if piece["quoted"] is not None:
        return re.sub(r"\\([\\\"$`])", r"\1", piece["quoted"])
    return next(text for text in (piece["escaped"], piece["plain"], piece["bare"]) if text is not None)


def _document(rest: str, end: str) -> tuple[str, int]:
    """Return a here-document at the beginning of what is left of a script, and how long it is with its end."""
    found = re.search(rf"^\t*{re.escape(end)}$\n?", rest, re.MULTILINE)
    return (rest[: found.start()], found.end()) if found else (rest, len(rest))


def _command(words: list[str], redirected: list[tuple[str, str]], piped: Command | None) -> Command:
    output = [(operator, target) for operator, target in redirected if _STANDARD_OUTPUT.fullmatch(operator)]
    return Command(
        program=words[0].rpartition("/")[2] if words else "",
        arguments=tuple(words[1:]),
        writes=tuple(target for _, target in output),
        appends=any(">>" in operator for operator, _ in output),
        reads=any(operator in {"<", "0<"} for operator, _ in redirected),
        heredocs=tuple(target for operator, target in redirected if "<<" in operator),
        piped=piped,
    )
