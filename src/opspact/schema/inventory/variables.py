"""`group_vars/` and `host_vars/` beside an inventory: which files belong to a name, and what they say together.

Comes in: a tree, one of the two folders, the names of groups or hosts. Goes out: variables by name. The search order is
that of Ansible's host_group_vars plugin.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from opspact.schema.codes import Code
from opspact.schema.inventory.encoding import VAULT, decoded
from opspact.schema.inventory.nodes import position, read_root
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import Unreadable, Vaulted
from opspact.schema.inventory.values import ValueReader, as_variables

EXTENSIONS = ("", ".yml", ".yaml", ".json")
"""Of the files of one name the first one counts, in this order; a folder has no extension."""

FOLDERS = ("group_vars", "host_vars")
"""The folders of variables beside an inventory."""

_NEARLY = re.compile(r"(group|host)s?[-_. ]*var(s|iables?)?", re.IGNORECASE)

Folder = dict[str, "bytes | Folder"]


def variables_folder(name: str) -> str:
    """Given a folder's name, return the folder of variables that it is or nearly is; empty: none."""
    found = _NEARLY.fullmatch(name)
    return f"{found[1].lower()}_vars" if found else ""


def read_variables(
    tree: Mapping[str, bytes],
    folder: str,
    names: Iterable[str],
    *,
    encrypted: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> tuple[dict[str, Mapping[str, object]], list[ProblemCollector]]:
    """Given a tree, a folder in it and the names that count, return their variables, and what is wrong.

    Files of other names are not read, as in Ansible. `encrypted`: the variables of files that are encrypted as a whole,
    by path, as far as somebody could open them; their values stay encrypted.
    """
    top = _folder(tree, folder)
    variables: dict[str, Mapping[str, object]] = {}
    collectors: list[ProblemCollector] = []
    if not top:
        return variables, collectors
    for name in names:
        merged: dict[str, object] = {}
        for file in _files(top, folder, name):
            collector = ProblemCollector(file)
            collectors.append(collector)
            merged |= _sealed(tree[file], encrypted[file]) if file in encrypted else _read_file(tree[file], collector)
        if merged:
            variables[name] = merged
    return variables, [collector for collector in collectors if collector.problems]


def is_ignored(name: str) -> bool:
    """Given a file's or folder's name, return whether it counts for nothing: hidden, or an editor's backup."""
    return name.startswith(".") or name.endswith("~")


def is_read_in_folder(parts: Sequence[str]) -> bool:
    """Given where a file is in the folder of a group or host, return whether Ansible reads it as variables there.

    It goes into folders without a dot in their names, and reads files of some extensions only (`find_vars_files`).
    """
    *folders, name = parts
    if any(PurePosixPath(folder).suffix or is_ignored(folder) for folder in folders):
        return False
    return PurePosixPath(name).suffix in EXTENSIONS and not is_ignored(name)


def _folder(tree: Mapping[str, bytes], folder: str) -> Folder:
    """Return the tree below a folder as nested folders."""
    prefix = f"{folder}/"
    top: Folder = {}
    for path, content in tree.items():
        if path.startswith(prefix):
            *parents, name = path[len(prefix) :].split("/")
            inner = top
            for parent in parents:
                below = inner.setdefault(parent, {})
                if not isinstance(below, dict):
                    break  # a tree that holds both `a` and `a/b` comes from no disk and no commit
                inner = below
            else:
                inner[name] = content
    return top


def _files(top: Folder, path: str, name: str) -> Iterator[str]:
    """Return the files of a name: those of a folder of that name, else one file."""
    for candidate in (name + extension for extension in EXTENSIONS):
        found = top.get(candidate)
        if isinstance(found, dict):
            yield from _files_below(found, f"{path}/{candidate}")
            return
        if found is not None:
            yield f"{path}/{candidate}"
            return


def _files_below(folder: Folder, path: str) -> Iterator[str]:
    """Return every variable file below a folder, in the order of names; hidden files and backups do not count."""
    for name in sorted(folder):
        found = folder[name]
        extension = PurePosixPath(name).suffix
        if is_ignored(name):
            continue
        if isinstance(found, dict):
            if not extension:
                yield from _files_below(found, f"{path}/{name}")
        elif extension in EXTENSIONS:
            yield f"{path}/{name}"


def encrypted_files(tree: Mapping[str, bytes], folder: str = "inventory") -> Iterator[str]:
    """Given a tree and the inventory's folder, yield the variable files in it that are encrypted as a whole."""
    places = (f"{folder}/group_vars/", f"{folder}/host_vars/")
    yield from (path for path, content in tree.items() if path.startswith(places) and content.startswith(VAULT))


def variable_names(content: bytes) -> frozenset[str] | None:
    """Given a variable file that was opened, return the names of its variables; None: it cannot be read."""
    collector = ProblemCollector("")
    variables = _read_file(content, collector)
    return None if collector.problems else frozenset(variables)


def _sealed(content: bytes, names: Collection[str]) -> dict[str, object]:
    """Return the variables of an encrypted file: each is what Ansible finds in it."""
    return {name: Vaulted(content.decode("ascii", "replace")) for name in names}


def _read_file(content: bytes, collector: ProblemCollector) -> dict[str, object]:
    """Return the variables that one file sets; what is wrong is noted."""
    text = decoded(content, collector, comments_may_be_anything=False)
    if text is None:
        return {}
    collector.text = text
    root, is_json = read_root(text, collector)
    if root is None:
        return {}
    value, readable = ValueReader(collector, is_json=is_json).value(root)
    if not readable or not value:
        return {}
    try:
        return as_variables(value)
    except Unreadable as error:
        collector.add(Code.BAD_VARIABLE, position(root), str(error), hint=error.hint)
        return {}
