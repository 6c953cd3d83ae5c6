"""Commands that cannot be undone: what they do, and how they look.

Comes in: the commands of a runbook's step, one line or several. Goes out: what they destroy, or nothing. What each
option does is what the program's own manual says.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from posixpath import normpath

from opspact.analyse.shell.commands import Command, commands_of, searched_places

DATABASES = frozenset(
    {"drops or empties data", "overwrites a database from a dump", "runs statements that cannot be checked"}
)
"""What is undone by a dump of the database alone."""

_MOST = 2_000
"""So many commands of a script are looked at: no script that people follow is longer, and some could be endless."""

_LONGEST = 4_000
"""So much of a command's arguments is searched."""

_PASSING = re.compile(r"(?:/tmp|/run|/var/run|/var/lock|/var/tmp|/dev/shm)/.")
"""Where files lie that nobody keeps."""
_SYSTEM = re.compile(r"/+(?:(?:bin|boot|etc|lib\w*|opt|root|sbin|usr|var)(?:/.*)?)?")
_DISK = re.compile(r"/dev/(?:[svh]d[a-z]|xvd[a-z]|nvme|mmcblk|md|dm-|mapper/|loop|disk/)")
_NO_FILE = re.compile(r"/dev/(?:null|zero|full|tty|std\w+|fd/\d+)")
_ONLY_TELLS = re.compile(r"\s(?:--dry-run|--just-print|--simulate|--no-act|--help|--version)(?:\s|=|$)")
"""Options with which a program says what it would do, and does nothing."""
_SHORT_FOR_IT = frozenset({("apt", "-s"), ("apt-get", "-s"), ("borg", "-n"), ("mkfs.ext4", "-n"), ("mke2fs", "-n")})
_CLIENTS = frozenset({"mariadb", "mysql", "psql"})
_SHOWS_TEXT = re.compile(r"git|echo|printf|logger|cat|journalctl|man|awk|sed|tee|\w*grep|rg|test|\[{1,2}")
"""Programs whose arguments nobody carries out."""

_DOCKER = "docker|docker-compose|podman"
_PROGRAMS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "deletes files": (
        ("shred", ""),
        ("rsync", r"\s--del(?:ete)?\b"),
        ("git", r"\s(?:clean\s+(?:-\w*f|--force)|reset\s+--hard)"),
        ("crontab", r"\s-r\b"),
        ("aws", r"\ss3\s+(?:rm|rb)\b|\ss3\s+sync\b.*\s--delete\b"),
    ),
    "deletes backups": (
        ("borg|borgmatic", r"\s(?:r?delete|repo-delete|(?:--)?prune)\b"),
        ("restic", r"\s(?:forget|prune)\b"),
    ),
    "empties a file": (("truncate", r"\s(?:-s|--size)"), ("cp", r"\s/dev/null\s")),
    "overwrites a disk or a file system": (
        (r"mkfs(?:\..*)?|mkswap|sgdisk|blkdiscard", ""),
        ("wipefs", r"\s(?:-\w*[ao]|--all|--offset)"),
        ("sfdisk", r"^(?!.*\s(?:-[ldJsVFTv]|--(?:list|dump|json|show-\S+|verify|version|help)))"),
        ("parted", r"\s(?:mk|rm\s)"),
        ("cryptsetup", r"\s(?:luksFormat|luksErase|erase|reencrypt)\b"),
    ),
    "drops or empties data": (
        ("dropdb|dropuser|pg_dropcluster|pg_resetwal", ""),
        ("mysqladmin|mariadb-admin", r"\sdrop\b"),
        ("redis-cli|valkey-cli", r"(?i:\sflush(?:all|db)\b)"),
    ),
    "overwrites a database from a dump": (("pg_restore", r"\s(?:--clean|-(?!F)\w*c)\b"), ("borgmatic", r"\srestore\b")),
    "overwrites data from a copy": (
        ("zfs|btrfs", r"\s(?:rollback|receive)\b"),
        ("lvconvert", r"\s--merge"),
        ("unzip", r"\s-d\s*/+(?:\s|$)"),
    ),
    "removes software, volumes, machines or accounts": (
        ("apt|apt-get|aptitude|dnf|yum", r"\s(?:purge|autoremove|remove|erase)\b"),
        ("dpkg", r"\s(?:-r|-P|--remove|--purge)\b"),
        ("(?:lv|vg|pv)(?:remove|reduce)|userdel|groupdel", ""),
        ("zfs|zpool", r"\sdestroy\b"),
        ("btrfs", r"\ssubvolume\s+delete\b"),
        (_DOCKER, r"^(?:\s-\S+)*(?:\s(?:builder|compose|container|image|network|system|volume))?\s(?:rm|rmi|prune)\b"),
        (_DOCKER, r"^(?:\s-\S+)*(?:\scompose)?(?:\s-\S+)*\sdown\s(?:.*\s)?(?:-v|--volumes)\b"),
        ("kubectl", r"\sdelete\b"),
        ("virsh", r"\s(?:undefine|vol-delete|pool-delete)\b"),
    ),
}
_PATTERNS = tuple(
    (what, re.compile(programs), arguments) for what, those in _PROGRAMS.items() for programs, arguments in those
)
_QUOTED, _EXPLAINED = re.compile(r"'(?:[^']|'')*'"), re.compile(r"\s*explain\s(?!.*\banalyze\b)", re.IGNORECASE)
_STATEMENTS = re.compile(
    r"\bdrop\s+(?:table|database|schema|column|role|user|tablespace|materialized\s+view|owned)\b"
    r"|\btruncate\s+(?:table\s|(?:only\s+)?[\w.\"`]+\s*(?:[;,]|$|cascade\b|restrict\b|restart\b|continue\b))"
    r"|\bdelete\s+from\b"
    r"|\bupdate\s+[\w.\"`]+\s+set\b",
    re.IGNORECASE,
)
"""Statements of SQL; in an argument of whatever program, since many carry statements out."""


def destructive_commands(script: str) -> tuple[str, ...]:
    """Given commands, return in words what they do that cannot be undone, each once; empty where it is nothing."""
    commands = islice(commands_of(script), _MOST)
    return tuple(dict.fromkeys(what for command in commands for what in _destroyed(command)))


def _destroyed(command: Command) -> Iterator[str]:
    if _ONLY_TELLS.search(command.line) or (command.program, *command.arguments[:1]) in _SHORT_FOR_IT:
        return
    yield from (what for what, finds in _BY_FORM.items() if finds(command))
    for what, program, arguments in _PATTERNS:
        if program.fullmatch(command.program) and re.search(arguments, command.line[:_LONGEST], re.DOTALL):
            yield what


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
    unpacks = re.search(r"^\s-?[A-Za-z]*x|\s(?:-\w*x|--extract|--get)", command.line)
    if command.program not in {"tar", "bsdtar"} or not unpacks:
        return False
    folders = re.findall(r"\s(?:-\w*C|--directory)[\s=]?(\S+)", command.line)
    is_absolute = re.search(r"\s(?:-[a-z]*P[a-z]*|--absolute-names)\b", command.line)
    return bool(is_absolute) or any(_SYSTEM.fullmatch(normpath(each)) and _is_kept(each) for each in folders)


def _states(command: Command) -> bool:
    if _SHOWS_TEXT.fullmatch(command.program):
        return False
    texts = (_QUOTED.sub("''", text) for text in (*command.arguments, *command.heredocs))
    return any(_STATEMENTS.search(text) for text in texts if not _EXPLAINED.match(text))


def _runs_unseen(command: Command) -> bool:
    if command.program not in _CLIENTS:
        return False
    is_file = command.program == "psql" and re.search(r"\s(?:-f|-[a-zA-Z]+f\b|--file)", command.line)
    is_said = re.search(r"\s(?:-\w*[ce]|--command|--execute)(?:[\s=]|$)", command.line)
    return command.reads or bool(is_file) or (command.piped is not None and not is_said and not command.heredocs)


_BY_FORM: Mapping[str, Callable[[Command], bool]] = {
    "deletes files": _deletes_files,
    "empties a file": _empties_a_file,
    "overwrites a disk or a file system": _overwrites_a_disk,
    "drops or empties data": _states,
    "overwrites data from a copy": _unpacks_over_the_system,
    "runs statements that cannot be checked": _runs_unseen,
}
