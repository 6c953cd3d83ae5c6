"""The rule about variables and their files that nobody reads.

Comes in: a rule context. Goes out: violations, one for each file, folder or misspelt variable.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from opspact.analyse.host_sets import host_sets
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.errors import Place
from opspact.model.finding import Severity
from opspact.model.inventory.connection_variables import nearest_variables
from opspact.schema.inventory.encoding import VAULT
from opspact.schema.inventory.variables import EXTENSIONS, is_ignored, is_read_in_folder, variable_names
from opspact.text.suggestions import nearest

_LIKE_VARIABLES = re.compile(r"\.(ya?ml|json)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"[a-z_][a-z0-9_]*")
_COPY = re.compile(r"\.(bak|orig|old|save|rej|disabled)$")
_EDITORS = re.compile(r"\.sw[a-p]$")
_FOLDERS = {"group_vars": "group", "host_vars": "host"}
_MOST_COMPARED = 1_000


def _unread(context: RuleContext) -> Iterator[Violation]:
    yield from _elsewhere(context)
    yield from _misspelt(context)
    inventory = context.contract.inventory
    known: dict[str, Collection[str]] = {"group": inventory.groups.keys(), "host": inventory.hosts.keys()}
    for (folder, name), extensions in _named(context).items():
        what = _FOLDERS[folder]
        read = None
        if name in known[what]:
            read = next((each for each in EXTENSIONS if each in extensions), None)
        for extension, (path, file) in extensions.items():
            if read == extension:
                yield from _unread_inside(context, path)
                continue
            if read is not None:
                other = extensions[read][0]
                message, help_ = f"{other} is read instead of {path}", f"Merge {path} into {other}."
            else:
                message, help_ = f"{path} is not read: there is no {what} {name}", _way_out(what, name, known)
            yield Violation(f"contract/{context.contract.name}", message, help=help_, place=Place(file, 1, 1))


def _unread_inside(context: RuleContext, folder: str) -> Iterator[Violation]:
    """Find files of variables in the folder of a group or host that are not read there, as in Ansible."""
    for path, content in context.contract.files.items():
        if not path.startswith(folder) or not folder.endswith("/"):
            continue
        parts = path.removeprefix(folder).split("/")
        if is_read_in_folder(parts) or any(map(is_ignored, parts)) or not _holds_variables(parts[-1], content):
            continue
        is_named_well = is_read_in_folder(parts[-1:])
        help_ = "Directories with a dot in their name are not read." if is_named_well else _ending(parts[-1])
        yield Violation(f"contract/{context.contract.name}", f"{path} is not read", help=help_, place=Place(path, 1, 1))


def _ending(name: str) -> str:
    """Return what to do about a file whose extension is not one of variables."""
    if _COPY.search(name):
        return "Remove it; git keeps the history."
    return "The names of variable files end in .yml, .yaml or .json, or have no extension."


def _holds_variables(name: str, content: bytes) -> bool:
    """Whether a file is one of variables by its name, or by what it holds: each key could be a variable's name."""
    file = PurePosixPath(name)
    if _EDITORS.search(name) or file.suffix in {".md", ".rst"} or file.stem.upper() == "README":
        return False
    if _LIKE_VARIABLES.search(name) or content.startswith(VAULT):
        return True
    names = variable_names(content)
    return bool(names) and all(map(_VARIABLE.fullmatch, names or ()))


def _elsewhere(context: RuleContext) -> Iterator[Violation]:
    """Find folders of variables that lie in a folder in which nobody looks for them, each once."""
    files = context.contract.files
    reported: set[str] = set()
    for path in files:
        parts = path.split("/")
        depth = next((number for number, part in enumerate(parts[:-1]) if part in _FOLDERS), None)
        if depth is None or parts[0] not in {"inventory", *_FOLDERS} or (parts[0], depth) == ("inventory", 1):
            continue
        where, home = "/".join(parts[: depth + 1]), f"inventory/{parts[depth]}"
        is_same = files.get("/".join([home, *parts[depth + 1 :]])) == files[path]  # a link, for playbooks beside it
        if where not in reported and not is_same and not is_ignored(parts[-1]):
            reported.add(where)
            help_ = f"Move its files to {home}/."
            message = f"{where}/ is not read: variables are read from {home}/"
            yield Violation(f"contract/{context.contract.name}", message, help=help_, place=Place(path, 1, 1))


def _misspelt(context: RuleContext) -> Iterator[Violation]:
    """Find variables that nearly are those of a connection or our own: a host is then reached by another port."""
    sets = context.once(host_sets)
    found: dict[tuple[str, str], list[str]] = {}
    known: dict[int, tuple[tuple[str, str], ...]] = {}  # hosts of the same groups share their variables
    for name, host in context.contract.inventory.hosts.items():
        key = id(host.variables)
        if key not in known:
            known[key] = tuple(nearest_variables(host))
        for pair in known[key]:
            found.setdefault(pair, []).append(name)
    for (written, meant), hosts in found.items():
        message, help_ = f"{written} of {sets.format(sets.of(hosts))} is not read", f'Did you mean "{meant}"?'
        yield Violation(f"contract/{context.contract.name}", message, ("name",), help_, about=tuple(hosts))


def _named(context: RuleContext) -> dict[tuple[str, str], dict[str, tuple[str, str]]]:
    """Return the variable files by their folder and the name that they are for.

    Each extension with its path, and a file that is there: the first one of a folder.
    """
    found: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for path in context.contract.files:
        top, folder, *rest = (*path.split("/"), "", "")[:4]
        if top != "inventory" or folder not in _FOLDERS or is_ignored(rest[0]):
            continue
        file, is_folder = PurePosixPath(rest[0]), bool(rest[1])
        name = next((file.stem for each in EXTENSIONS[1:] if file.suffix == each and not is_folder), file.name)
        extension = file.name.removeprefix(name)
        if is_folder or not _is_other_text(file):
            shown = f"{top}/{folder}/{file.name}{'/' if is_folder else ''}"
            found.setdefault((folder, name), {}).setdefault(extension, (shown, path))
    return found


def _is_other_text(file: PurePosixPath) -> bool:
    """Whether a file speaks to people alone, as a README does."""
    return file.suffix in {".md", ".txt", ".rst"} or file.stem.upper() == "README"


def _way_out(what: str, name: str, known: dict[str, Collection[str]]) -> str:
    """Return what was probably meant; empty: no idea."""
    stem = PurePosixPath(name).stem
    is_named_so = stem in known[what] or PurePosixPath(stem).stem in known[what]
    if is_named_so and (_COPY.search(name) or _LIKE_VARIABLES.search(name)):
        return _ending(name)
    other = "host" if what == "group" else "group"
    if name in known[other]:
        return f"{name} is a {other}: move it to inventory/{other}_vars/."
    near = nearest(name, known[what]) if len(known[what]) <= _MOST_COMPARED else None
    return f'Did you mean "{near}"?' if near else ""


RULES = (
    Rule(
        code="OP212",
        family="references",
        severity=Severity.WARNING,
        title="A variable file or a misspelt variable is not read",
        why="What is written there applies to no host, and nothing else says so.",
        remedy="Name the file like the group or host, or remove it.",
        find=_unread,
    ),
)
