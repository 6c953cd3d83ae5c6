"""Scripts of a shell as the simple commands in them: which program, with which arguments, where its output goes.

Comes in: a script, one line or several. Goes out: its commands in order, with those that others start: `sudo`, `xargs`,
`find -exec`, `sh -c`, `$(…)`. Words are separated as POSIX says (Shell Command Language, 2.2 and 2.3), nothing is
expanded: a variable stays one, and what is not known is passed over.
"""

import re
from collections.abc import Iterator, Mapping

from opspact.structs import Struct, replace

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
_BEFORE_A_COMMAND = re.compile(r"if|then|else|elif|do|while|until|time|[!{}]|[A-Za-z_]\w*\+?=.*", re.DOTALL)
_STANDARD_OUTPUT = re.compile(r"(?:1|&)?>>?\|?")
_DEEPEST = 8
"""Commands in commands are looked into so deep."""


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


def commands_of(script: str, depth: int = 0) -> Iterator[Command]:
    """Given a script, yield its simple commands in order; what a command starts stands in its place, or after it."""
    if depth > _DEEPEST:
        return
    reader = _Reader(script)
    for command in reader.commands():
        yield from _started(command, depth)
    for inner in reader.inner:
        yield from commands_of(inner, depth + 1)


class _Reader:
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
        while words and _BEFORE_A_COMMAND.fullmatch(words[0]):
            words = words[1:]
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


_STARTERS: Mapping[str, tuple[str, int]] = {
    "sudo": ("-[A-Za-z]*[CDghpRrTtUu]|--(?:user|group|host|chdir|chroot|prompt|role|type|other-user)", 0),
    "doas": ("-[Cu]", 0),
    "runuser": ("-[uGgsw]|--(?:user|group|supp-group|shell)", 0),
    "env": ("-[uCS]|--(?:unset|chdir)", 0),
    "nice": ("-n|--adjustment", 0),
    "ionice": ("-[cn]|--(?:class|classdata)", 0),
    "nohup": ("", 0),
    "setsid": ("", 0),
    "timeout": ("-[ks]|--(?:kill-after|signal)", 1),
    "xargs": ("-[adEILnPs]|--(?:arg-file|delimiter|max-lines|max-args|max-procs|max-chars)", 0),
    "exec": ("-a", 0),
    "command": ("", 0),
    "stdbuf": ("-[ioe]", 0),
    "flock": ("-[wE]|--(?:timeout|wait|conflict-exit-code)", 1),
    "chroot": ("", 1),
    "systemd-run": ("-[pu]|--(?:unit|property|uid|gid|description|slice)", 0),
}
"""Programs that start the command in their arguments: their options that take a value, and how many words precede it.

From each program's own manual (util-linux, coreutils, findutils, sudo, systemd).
"""
_SHELLS = frozenset({"ash", "bash", "dash", "flock", "ksh", "runuser", "sh", "su", "zsh"})
"""Programs that run the script after their option `-c`."""
_CONTAINERS = frozenset({"docker", "docker-compose", "kubectl", "podman"})
_IN_CONTAINER = "-[uewn]|--(?:user|env|workdir|namespace|container)"


def _started(command: Command, depth: int) -> Iterator[Command]:
    """Yield a command, or what it starts instead."""
    script, within = _script(command), _within(command)
    if script:
        for each in commands_of(script, depth + 1):
            is_fed = each.piped is not None or each.reads or each.heredocs
            yield each if is_fed else replace(each, piped=command.piped, reads=command.reads)
        return
    if within is not None and depth <= _DEEPEST:
        yield from _started(within, depth + 1)
        return
    yield command
    for each in _executed(command) if command.program == "find" and depth <= _DEEPEST else ():
        yield from _started(each, depth + 1)


def _script(command: Command) -> str:
    """Return the script that a command runs; empty: none."""
    match command.program:
        case "eval":
            return " ".join(command.arguments)
        case "trap":
            return next(iter(command.operands), "")
        case "ssh":
            return " ".join(_after(command.arguments, "-[BbcDEeFIiJLlmOopQRSWw]", 1)) or "\n".join(command.heredocs)
        case "runuser" if not {"-u", "--user"}.isdisjoint(command.arguments):
            return ""
        case program if program in _SHELLS:
            return _after_c(command.arguments) or "\n".join(command.heredocs)
        case _:
            return ""


def _after_c(arguments: tuple[str, ...]) -> str:
    """Return what stands after the option `-c` of a shell; empty: it does not stand there."""
    for index, each in enumerate(arguments):
        if re.fullmatch(r"-\w*c|--command", each):
            return next(iter(arguments[index + 1 :]), "")
        if each.startswith("--command="):
            return each.partition("=")[2]
    return ""


def _within(command: Command) -> Command | None:
    """Return the command that another one starts with its own input and output; None where it starts none."""
    if command.program == "command" and not {"-v", "-V"}.isdisjoint(command.arguments):
        return None  # it only prints where the program is
    if command.program in _STARTERS:
        words = _after(command.arguments, *_STARTERS[command.program])
    elif command.program in _CONTAINERS and "exec" in command.arguments:
        words = _after(command.arguments[command.arguments.index("exec") + 1 :], _IN_CONTAINER, 1)
    else:
        return None
    if not words:
        return None
    more = _piped_names(command) if command.program == "xargs" else ()
    return replace(command, program=words[0].rpartition("/")[2], arguments=(*words[1:], *more))


def _after(arguments: tuple[str, ...], with_value: str, before: int) -> tuple[str, ...]:
    """Return the command in arguments: what follows the options, assignments and `before` more words."""
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if with_value and re.fullmatch(with_value, word):
            index += 2
        elif word.startswith("-") or _BEFORE_A_COMMAND.fullmatch(word):
            index += 1
        elif before:
            before -= 1
            index += 1
        else:
            break
    return arguments[index:]


def _piped_names(command: Command) -> tuple[str, ...]:
    """Return what `xargs` adds: where `find` looks, or something unknown."""
    return searched_places(command.piped) if command.piped and command.piped.program == "find" else ("$",)


def searched_places(find: Command) -> tuple[str, ...]:
    """Given a `find`, return the places where it looks."""
    words = list(find.arguments)
    while words and words[0] in {"-H", "-L", "-P"}:
        del words[0]
    end = next((index for index, each in enumerate(words) if each.startswith(("-", "(", "!"))), len(words))
    return tuple(words[:end]) or (".",)


_EXECUTING = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_ENDS = frozenset({";", "+", *_EXECUTING})
_MOST_PLACES = 50
"""So many of the places where a `find` looks are put in for what it finds."""


def _executed(find: Command) -> Iterator[Command]:
    """Yield what a `find` executes, with the places where it looks in the place of what it finds."""
    places, arguments = searched_places(find)[:_MOST_PLACES], find.arguments
    for index, each in enumerate(arguments):
        if each in _EXECUTING:
            rest = arguments[index + 1 :]
            end = next((number for number, word in enumerate(rest) if word in _ENDS), len(rest))
            words = [name for word in rest[:end] for name in (places if word == "{}" else (word,))]
            if words:
                yield Command(words[0].rpartition("/")[2], tuple(words[1:]))
