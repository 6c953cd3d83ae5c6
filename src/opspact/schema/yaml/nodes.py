"""YAML values with the places where they are written.

Comes in: what the YAML reader builds. Goes out: a tree of values that knows its places, and plain data for pydantic.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from opspact.structs import Struct

PathPart: TypeAlias = str | int
Plain: TypeAlias = "str | int | float | bool | tuple[Plain, ...] | dict[str, Plain] | None"


class Mark(Struct):
    """A position in a file, line and column from 1."""

    line: int
    column: int


class Scalar(Struct):
    """One value; `text` is what is written, without quotes."""

    mark: Mark
    value: str | int | float | bool | None
    text: str


class Sequence(Struct):
    """A list; `size` and `height` count values and levels below, aliases written out."""

    mark: Mark
    items: tuple["Node", ...]
    size: int
    height: int


class MappingNode(Struct):
    """A mapping; `keys` has each key's own place."""

    mark: Mark
    keys: Mapping[str, Mark]
    values: Mapping[str, "Node"]
    size: int
    height: int


Node: TypeAlias = Scalar | Sequence | MappingNode


def size_of(node: Node) -> int:
    """Given a node, return how many values it stands for, aliases written out."""
    return 1 if isinstance(node, Scalar) else node.size


def depth_of(node: Node) -> int:
    """Given a node, return how many levels of collections it has, aliases written out."""
    return 0 if isinstance(node, Scalar) else node.height


def plain(node: Node) -> Plain:
    """Given a node, return it as plain data: tuples for lists, so that nothing read can be changed later."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return tuple(plain(item) for item in node.items)
        case MappingNode():
            return {key: plain(value) for key, value in node.values.items()}
        case _:
            assert_never(node)


def child(node: Node, part: PathPart) -> Node | None:
    """Given a node and one part of a path, return what is written there, or None."""
    match node:
        case MappingNode() if isinstance(part, str):
            return node.values.get(part)
        case Sequence() if isinstance(part, int) and 0 <= part < len(node.items):
            return node.items[part]
        case _:
            return None


def find(node: Node, path: tuple[PathPart, ...]) -> tuple[Node, Mark, int]:
    """Given a path, return its node, its mark and how many parts of it are written; the nearest parent's otherwise.

    The mark is that of the value, or of its key when the value begins on a later line (or is an alias).
    """
    mark = node.mark
    for depth, part in enumerate(path):
        if part == 0 and isinstance(node, MappingNode):
            continue  # one that is written alone, where a list may stand
        below = child(node, part)
        if below is None:
            return node, mark, depth
        mark = below.mark
        if isinstance(node, MappingNode) and isinstance(part, str) and node.keys[part].line != mark.line:
            mark = node.keys[part]
        node = below
    return node, mark, len(path)


def last_line_of(node: Node) -> int:
    """Given a node, return the last line on which a value of it begins. An alias counts where its anchor stands."""
    match node:
        case Scalar():
            return node.mark.line
        case Sequence():
            below: tuple[Node, ...] = node.items
        case MappingNode():
            below = tuple(node.values.values())
        case _:
            assert_never(node)
    return max([node.mark.line, *map(last_line_of, below)])
