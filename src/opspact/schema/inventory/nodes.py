"""Text to YAML nodes, safely: no crash, no explosion, whatever a pull request puts into an inventory.

Comes in: the text of a YAML or JSON file. Goes out: its root node, or problems with their places. libyaml composes
nodes by recursion in C, so depth is bounded before it starts; aliases are weighed before anything expands them.
"""

import json
import re
from collections.abc import Iterator

import yaml

from opspact.schema.codes import Code
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.yaml.messages import explain

DEEPEST = 100
"""Levels of nesting; hand-written inventories have fewer than twenty."""

HEAVIEST = 5_000_000
"""Values that a file may mean once its aliases are written out: a hundred for each of 50,000 hosts."""

SURELY_SHALLOW = 2_000
"""Levels that libyaml composes without harm (it crashes at some 50,000)."""

NOT_ALIKE_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]|\\\\u[dD][89a-fA-F]")
"""Characters in JSON strings that YAML reads differently or not at all."""

JSON_SCALAR = "tag:yaml.org,2002:json"
"""A number, a boolean or null of a JSON file that YAML could not read."""

OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def position(node: yaml.Node) -> tuple[int, int]:
    """Return line and column of a node, from 1; (0, 0) for a node that was not read from YAML."""
    mark = node.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def read_root(text: str, collector: ProblemCollector) -> tuple[yaml.Node | None, bool]:
    """Given a file's text, return its root node (None: an empty document) and whether it is JSON.

    What cannot be read is noted as a problem, and the root is None.
    """
    if text[:200].lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None  # not JSON; YAML will say what is wrong with it
        if value is not None:
            return _json_root(text, value, collector), True
    try:
        return _compose(text, collector), False
    except yaml.YAMLError as error:
        record_yaml_error(error, collector)
    return None, False


def record_yaml_error(error: yaml.YAMLError, collector: ProblemCollector) -> None:
    """Given what the YAML parser complained about, note it at its place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    context = getattr(error, "context", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None)
    at = collector.inside((mark.line + 1, mark.column + 1) if mark else (1, 1))
    message, hint = explain(context, said, collector.line(at[0]))
    collector.add(Code.INVENTORY_YAML, at, message, hint=hint)


def _json_root(text: str, value: object, collector: ProblemCollector) -> yaml.Node | None:
    """Return the nodes of a JSON file: from its text, with places, wherever YAML reads JSON alike."""
    if not NOT_ALIKE_IN_YAML.search(text):
        try:
            return _compose(text, collector)
        except yaml.YAMLError:
            pass  # valid JSON that YAML cannot read (a key of more than 1024 characters): go on without places
    return _from_json(value)


def _from_json(value: object) -> yaml.Node:
    """Return nodes without places for a JSON value, as deep as json.loads itself could go."""
    match value:
        case dict():
            pairs = [(_from_json(key), _from_json(member)) for key, member in value.items()]
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs)
        case list():
            return yaml.SequenceNode("tag:yaml.org,2002:seq", [_from_json(member) for member in value])
        case str():
            return yaml.ScalarNode("tag:yaml.org,2002:str", value, style='"')
        case _:
            return yaml.ScalarNode(JSON_SCALAR, json.dumps(value))


def _compose(text: str, collector: ProblemCollector) -> yaml.Node | None:
    """Return the root node, or None when there is none or it is too deep, too heavy or holds itself."""
    if _may_be_deep(text) and (too_deep := _first_too_deep(text)):
        collector.add(Code.INVENTORY_YAML, too_deep, f"nested deeper than {DEEPEST} levels")
        return None
    root: yaml.Node | None = yaml.compose(text, yaml.CSafeLoader)
    if root is None or "&" not in text:
        return root
    return root if _is_bearable(root, collector) else None


def _may_be_deep(text: str) -> bool:
    """Tell whether the text could nest deeply: each level needs an opening bracket or a column of its own."""
    openings = text.count("[") + text.count("{")
    return openings > SURELY_SHALLOW or 2 * max(map(len, text.splitlines()), default=0) > SURELY_SHALLOW


def _first_too_deep(text: str) -> tuple[int, int] | None:
    """Return where nesting passes the bound. The parser's events need no recursion."""
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, OPENING):
            depth += 1
            if depth > DEEPEST and event.start_mark:
                return event.start_mark.line + 1, event.start_mark.column + 1
        elif isinstance(event, CLOSING):
            depth -= 1
    return None


def _is_bearable(root: yaml.Node, collector: ProblemCollector) -> bool:
    """Tell whether no anchor holds itself and no aliases mean more values than HEAVIEST; note the first that does."""
    weights: dict[int, int] = {}
    begun: set[int] = set()
    stack = [root]
    while stack:
        node = stack[-1]
        if id(node) in weights:
            stack.pop()
            continue
        members = list(_members(node))
        if id(node) in begun:
            weights[id(node)] = 1 + sum(weights[id(member)] for member in members)
            if weights[id(node)] > HEAVIEST:
                collector.add(
                    Code.INVENTORY_YAML,
                    position(node),
                    f"its aliases expand to more than {HEAVIEST} values",
                )
                return False
            stack.pop()
            continue
        begun.add(id(node))
        for member in members:
            if id(member) in begun and id(member) not in weights:
                collector.add(Code.INVENTORY_YAML, position(member), "the anchor contains itself")
                return False
        stack.extend(member for member in members if id(member) not in weights)
    return True


def _members(node: yaml.Node) -> Iterator[yaml.Node]:
    """Return the nodes directly inside a node."""
    match node:
        case yaml.MappingNode():
            for key, value in node.value:
                yield key
                yield value
        case yaml.SequenceNode():
            yield from node.value
