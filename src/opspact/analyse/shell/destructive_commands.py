"""Commands that cannot be undone: what they do, and how they look.

Comes in: the commands of a runbook's step, one line or several. Goes out: what they destroy, or nothing. What each
option does is what the program's own manual says.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from posixpath import normpath

from opspact.analyse.shell.command_reader import Command
from opspact.analyse.shell.commands import SHELLS, commands_of, searched_places
from opspact.analyse.shell.destructive_programs import only_shows, program_losses
from opspact.analyse.shell.interpreters import code_losses, scripts_in_code

DATABASES = frozenset(
    {"drops or empties data", "overwrites a database from a dump", "runs statements that cannot be checked"}
)
"""What is undone by a dump of the database alone."""

_MOST = 2_000
"""So many commands of a script are looked at: no script that people follow is longer, and some could be endless."""

_DEEPEST = 3
"""Scripts in the code of interpreters are looked into so deep."""

_PASSING = re.compile(r"(?:/tmp|/run|/var/run|/var/lock|/var/tmp|/dev/shm)/.")
"""Where files lie that nobody keeps."""
_SYSTEM = re.compile(r"/+(?:(?:bin|boot|etc|lib\w*|opt|root|sbin|usr|var)(?:/.*)?)?")
_DISK = re.compile(r"/dev/(?:[svh]d[a-z]|xvd[a-z]|nvme|mmcblk|md|dm-|mapper/|loop|disk/)")
_NO_FILE = re.compile(r"/dev/(?:null|zero|full|tty|std\w+|fd/\d+)")
_CLIENTS = frozenset({"clickhouse-client", "cqlsh", "mariadb", "mongo", "mongosh", "mysql", "psql", "sqlite3"})
_SHOWS_TEXT = re.compile(r"git|echo|printf|logger|cat|journalctl|man|awk|sed|tee|\w*grep|rg|test|\[{1,2}")
"""Programs whose arguments nobody carries out."""

_QUOTED, _EXPLAINED = re.compile(r"'(?:[^']|'')*'"), re.compile(r"\s*explain\s(?!.*\banalyze\b)", re.IGNORECASE)
_STATEMENTS = re.compile(
    r"\bdrop\s+(?:table|database|schema|column|role|user|tablespace|(?:materialized\s+)?view|owned|index|sequence"
    r"|function|procedure|trigger|type|extension|publication|subscription|partition|domain|keyspace|bucket|measurement)\b"
    r"|\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?[\w.\"`]+\s+(?:delete\b|drop\s+(?!constraint\b|index\b|primary\b))"
    r"|\btruncate\s+(?:table\s|(?:only\s+)?[\w.\"`]+\s*(?:[;,]|$|cascade\b|restrict\b|restart\b|continue\b))"
    r"|\bdelete\s+from\b"
    r"|\bupdate\s+(?:only\s+)?[\w.\"`]+\s+(?:(?:as\s+)?\w+\s+)?set\b"
    r"|\b(?:reset\s+(?:master|replica|slave)|purge\s+(?:binary|master)\s+logs)\b"
    r"|\bpg_drop_replication_slot\b|\blo_unlink\b",
    re.IGNORECASE,
)
"""Statements of SQL; in an argument of whatever program, since many carry statements out."""


def destructive_commands(script: str) -> tuple[str, ...]:
    """Given commands, return in words what they do that cannot be undone, each once; empty where it is nothing."""
    return tuple(dict.fromkeys(_all_destroyed(script, 0)))


def _all_destroyed(script: str, depth: int) -> Iterator[str]:
    for command in islice(commands_of(script), _MOST):
        yield from _destroyed(command)
        if depth < _DEEPEST:
            for inner in scripts_in_code(command):
                yield from _all_destroyed(inner, depth + 1)


def _destroyed(command: Command) -> Iterator[str]:
    if only_shows(command):
        return
    yield from (what for what, finds in _BY_FORM.items() if finds(command))
    yield from program_losses(command)
    yield from code_losses(command)


def _is_kept(file: str) -> bool:
    """Whether a file lies where files are kept."""
    return not _PASSING.match(normpath(file))


def _deletes_files(command: Command) -> bool:
    if command.program == "find" and "-delete" in command.arguments:
        return any(map(_is_kept, searched_places(command)))
    return command.program in {"rm", "unlink"} and any(map(_is_kept, command.operands))


def _empties_a_file(command: Command) -> bool:
    said = (command.program, *command.arguments)
    is_silent = said in {("",), (":",), ("true",), ("cat", "/dev/null"), ("echo", "-n"), ("printf", "")}
    kept = (file for file in command.writes if _is_kept(file) and not file.startswith("/dev/"))
    return _zeroes(command) or (is_silent and not command.appends and any(kept))


def _written_by_dd(command: Command) -> str:
    """Return the file that a `dd` writes; empty: none."""
    files = (each.removeprefix("of=") for each in command.arguments if each.startswith("of="))
    return next(files, "") if command.program == "dd" else ""


def _zeroes(command: Command) -> bool:
    """Whether a `dd` writes over a file what means nothing."""
    file, says_nothing = _written_by_dd(command), re.compile(r"if=/dev/(?:zero|u?random|null)")
    return bool(file) and not file.startswith("/dev/") and _is_kept(file) and bool(says_nothing.search(command.line))


def _overwrites_a_disk(command: Command) -> bool:
    file = _written_by_dd(command)
    if file.startswith("/dev/") and _is_kept(file) and not _NO_FILE.fullmatch(file):
        return True
    written = (*command.writes, *(command.operands[-1:] if command.program in {"cp", "tee"} else ()))
    return any(map(_DISK.match, written))


def _unpacks_over_the_system(command: Command) -> bool:
    if command.program == "cpio":
        folders = re.findall(r"\s(?:-\w*D|--directory)[\s=]?(\S+)", command.line)
        return any(_SYSTEM.fullmatch(normpath(each)) for each in folders) and bool(re.search(r"\s-\w*i", command.line))
    unpacks = re.search(r"^\s-?[A-Za-z]*x|\s(?:-\w*x|--extract|--get)", command.line)
    if command.program not in {"tar", "bsdtar"} or not unpacks:
        return False
    folders = re.findall(r"\s(?:-\w*C|--directory)[\s=]?(\S+)", command.line)
    is_absolute = re.search(r"\s(?:-[a-z]*P[a-z]*|--absolute-names)\b", command.line)
    return bool(is_absolute) or any(_SYSTEM.fullmatch(normpath(each)) and _is_kept(each) for each in folders)


def _states(command: Command) -> bool:
    if _SHOWS_TEXT.fullmatch(command.program):
        return False
    texts = (_QUOTED.sub("''", text) for text in (*command.arguments, *command.texts))
    statements = (statement for text in texts for statement in text.split(";"))
    return any(_STATEMENTS.search(each) for each in statements if not _EXPLAINED.match(each))


def _runs_unseen(command: Command) -> bool:
    if command.program not in _CLIENTS:
        return False
    is_file = command.program == "psql" and re.search(r"\s(?:-f|-[a-zA-Z]+f\b|--file)", command.line)
    is_said = re.search(r"\s(?:-\w*[ceq]|--command|--execute|--eval|--query)(?:[\s=]|$)", command.line)
    return command.reads or bool(is_file) or (not is_said and _reads_unseen(command))


def _reads_unseen(command: Command) -> bool:
    """Whether a command reads what another one puts out, and that does not stand in the script."""
    return command.piped is not None and (not command.texts or any("$" in text for text in command.texts[-1:]))


def _runs_unseen_commands(command: Command) -> bool:
    if "$" in command.program:
        return True
    is_shell = command.program in SHELLS and not command.operands and "-c" not in command.arguments
    return is_shell and (command.reads or _reads_unseen(command))


_BY_FORM: Mapping[str, Callable[[Command], bool]] = {
    "deletes files": _deletes_files,
    "empties a file": _empties_a_file,
    "overwrites a disk or a file system": _overwrites_a_disk,
    "drops or empties data": _states,
    "overwrites data from a copy": _unpacks_over_the_system,
    "runs statements that cannot be checked": _runs_unseen,
    "runs commands that cannot be checked": _runs_unseen_commands,
}
