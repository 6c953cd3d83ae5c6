"""Where an inventory sets a variable: for messages about what a value gives, when hosts' variables are long merged.

Comes in: a contract's files, a variable and one text in its value, who has it. Goes out: a place and the written line.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

import yaml

from opspact.errors import Place
from opspact.schema.inventory.encoding import VAULT
from opspact.schema.inventory.nodes import position, read_root
from opspact.schema.inventory.problems import ProblemCollector
from opspact.structs import Struct

_FOLDER = "inventory/"


class Definition(Struct):
    """Where a variable is set, and the line that is written there (empty where it may hold a secret)."""

    place: Place
    source: str


def definition(
    files: Mapping[str, bytes], variable: str, text: str, *, host: str, groups: Collection[str]
) -> Definition | None:
    """Given files, a variable, a text that is its value or a part of it, and a host, return where that is set.

    `groups`: the host's. Its own file comes first, then files of its groups, then the inventory's hosts and groups.
    None where no file that can be read sets it so.
    """
    ranks = {path: _rank(path, host, groups) for path in files if path.startswith(_FOLDER)}
    for path in sorted(
        (path for path, rank in ranks.items() if rank is not None), key=lambda path: (ranks[path], path)
    ):
        if files[path].startswith(VAULT):
            continue
        collector = ProblemCollector(path, files[path].decode(errors="replace"))
        for line, column in _positions(collector, variable, text):
            return Definition(Place(path, line, column), collector.source(line))
    return None


def _rank(path: str, host: str, groups: Collection[str]) -> int | None:
    """Return how near a file is to a host; None: it is for others."""
    _, folder, *rest = path.split("/")
    if folder not in {"group_vars", "host_vars"} or not rest:
        return 3
    owner = rest[0] if len(rest) > 1 else PurePosixPath(rest[0]).name
    names = {owner, owner.removesuffix(PurePosixPath(owner).suffix)}
    if folder == "host_vars":
        return 0 if host in names else None
    if names.isdisjoint({*groups, "all"}):
        return None
    return 2 if "all" in names else 1


def _positions(collector: ProblemCollector, variable: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield line and column of every place in a file that sets the variable so."""
    if variable not in collector.text:
        return
    root, _ = read_root(collector.text, ProblemCollector(collector.file))
    if root is not None:
        yield from _in_nodes(root, variable, text)
    setting = re.compile(rf"(?:^|\s)({re.escape(variable)})\s*=")
    for number, line in enumerate(collector.text.splitlines(), start=1):
        if text.strip() in line and (found := setting.search(line)):
            yield number, found.start(1) + 1


def _in_nodes(root: yaml.Node, variable: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield the positions of texts below a key of the variable's name, in the order of the file."""
    waiting, seen = [(root, False)], set()
    while waiting:
        node, is_inside = waiting.pop()
        if (id(node), is_inside) in seen:
            continue
        seen.add((id(node), is_inside))
        match node:
            case yaml.ScalarNode() if is_inside and node.value == text:
                yield position(node)
            case yaml.SequenceNode():
                waiting += [(each, is_inside) for each in reversed(node.value)]
            case yaml.MappingNode():
                waiting += [(value, is_inside or key.value == variable) for key, value in reversed(node.value)]
            case _:
                pass
