"""Strict YAML: the 1.2 core meaning, repeated keys refused, every value with its place, and bounded work.

Comes in: a path and bytes. Goes out: the documents of the file as nodes, and all problems found on the way. Built on
the events of PyYAML's C parser, because composing nodes there recurses without a limit and expands aliases unseen.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Never, Protocol

import yaml

from opspact.errors import Problem
from opspact.schema.codes import Code
from opspact.schema.value_error import quote
from opspact.schema.yaml import limits
from opspact.schema.yaml.messages import QUOTE_VARIABLES, explain
from opspact.schema.yaml.nodes import MappingNode, Mark, Node, Scalar, Sequence, depth_of, size_of
from opspact.schema.yaml.source import Source, read_text
from opspact.structs import Struct
from opspact.text.unicode import escaped

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]{1,32}|(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{0,32})?)(?:[eE][-+]?[0-9]{1,2})?",
)
_YEAR = re.compile(r"[12][0-9]{3}")
_NUMERIC = frozenset("+-.0123456789")
"""What numbers begin with."""
_CORE = "tag:yaml.org,2002:"
_NULLS = frozenset({"", "~", "null"})
_BOOLEANS = {"true": True, "false": False}


class Read(Struct):
    """What a file holds: its source (None if it is no text), its documents that are not empty, and its problems."""

    source: Source | None
    documents: tuple[Node, ...]
    problems: tuple[Problem, ...]


def read_yaml(file: str, content: bytes) -> Read:
    """Given a file's bytes, return its documents and every problem; a document before a broken one is still returned.

    Never raises for any input, and works in time and memory bounded by `limits`.
    """
    source = read_text(file, content)
    if isinstance(source, Problem):
        return Read(None, (), (source,))
    builder = _Builder(source)
    documents = builder.documents()
    problems = tuple(islice(builder.problems, limits.PROBLEMS_PER_FILE + 1))
    return Read(source, documents, problems)


class _Position(Protocol):
    """A position as the parser has it."""

    line: int
    column: int


class _GivenUpError(Exception):
    """The rest of the file cannot be read; the problem is noted."""


class _Builder:
    """Builds the nodes of one file from the parser's events."""

    def __init__(self, source: Source) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._events: Iterator[yaml.Event] = iter(())
        self._anchors: dict[str, Node | None] = {}
        self._nodes = 0

    def documents(self) -> tuple[Node, ...]:
        found: list[Node] = []
        self._events = yaml.parse(self._source.text, Loader=yaml.CSafeLoader)
        try:
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self._document(event, found)
        except _GivenUpError:
            pass
        except yaml.MarkedYAMLError as error:
            self._note_syntax(error)
        return tuple(found)

    def _document(self, start: yaml.DocumentStartEvent, found: list[Node]) -> None:
        if start.version is not None and tuple(start.version) != (1, 2):
            self._note(Code.NOT_YAML, start, "only YAML 1.2 is supported", hint="remove the %YAML line")
        if start.tags:
            self._note(Code.BAD_TAG, start, "%TAG lines are not allowed", hint="remove it")
        self._anchors = {}
        node = self._node(next(self._events), depth=0)
        if not (isinstance(node, Scalar) and node.value is None):
            found.append(node)

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        match event:
            case yaml.ScalarEvent():
                self._count(event, 1)
                node: Node = Scalar(_mark(event), self._value(event), event.value)
            case yaml.AliasEvent():
                return self._alias(event, depth=depth)
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                self._count(event, 1)
                self._check_depth(event, depth + 1)
                self._check_tag(event, "seq" if isinstance(event, yaml.SequenceStartEvent) else "map")
                node = self._collection(event, depth=depth + 1)
            case _:
                self._give_up(Code.NOT_YAML, event, "invalid YAML: expected a value")
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _collection(self, event: yaml.CollectionStartEvent, *, depth: int) -> Node:
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # begun, not complete: an alias to it would never end
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth=depth)
        return self._mapping(event, depth=depth)

    def _sequence(self, start: yaml.CollectionStartEvent, *, depth: int) -> Sequence:
        items = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, depth=depth))
        size = 1 + sum(map(size_of, items))
        return Sequence(_mark(start), tuple(items), size, 1 + max(map(depth_of, items), default=0))

    def _mapping(self, start: yaml.CollectionStartEvent, *, depth: int) -> MappingNode:
        keys: dict[str, Mark] = {}
        values: dict[str, Node] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._plain_key(event, keys) or self._key(event, keys, depth=depth)
            value = self._node(next(self._events), depth=depth)
            if key is not None:
                keys[key] = _mark(event)
                values[key] = value
        below = values.values()
        size = 1 + len(values) + sum(map(size_of, below))
        return MappingNode(_mark(start), keys, values, size, 1 + max(map(depth_of, below), default=0))

    def _plain_key(self, event: yaml.Event, keys: Mapping[str, Mark]) -> str | None:
        """Return a key that is a word and new, as most are; None for any other, which must be looked at closely."""
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
            return None
        word: str = event.value
        if not word.isidentifier() or word in keys or word in _NULLS or word in _BOOLEANS:
            return None
        self._count(event, 1)
        return word

    def _key(self, event: yaml.Event, keys: dict[str, Mark], *, depth: int) -> str | None:
        """Return the key, or None when it cannot be used (noted)."""
        node = self._node(event, depth=depth)
        if not isinstance(node, Scalar):
            hint = QUOTE_VARIABLES if "{{" in self._source.raw(_mark(event).line) else ""
            self._note(Code.BAD_KEY, event, "a key must be text, not a list or a mapping", hint=hint)
            return None
        key = _key_text(node)
        if key is None:
            written = node.text or "nothing"
            hint = f'write it in quotes: "{node.text}"' if node.text else ""
            self._note(Code.BAD_KEY, event, f"a key must be text, not {written}", hint=hint)
        elif key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            hint = "list the keys, or use an alias for a whole value"
            self._note(Code.BAD_KEY, event, "merge keys (<<) are not part of YAML 1.2", hint=hint)
        elif key in keys:
            first = self._source.place(keys[key])
            self._note(Code.REPEATED_KEY, event, f"duplicate key {quote(key)}, first defined at {first}")
        else:
            return key
        return None

    def _alias(self, event: yaml.AliasEvent, *, depth: int) -> Node:
        name = event.anchor
        if name not in self._anchors:
            hint = "quote a text that starts with *"
            self._give_up(Code.BAD_ALIAS, event, f"the alias *{name} has no preceding anchor &{name}", hint=hint)
        node = self._anchors[name]
        if node is None:
            self._give_up(Code.BAD_ALIAS, event, f"the alias *{name} contains itself")
        self._count(event, size_of(node))
        self._check_depth(event, depth + depth_of(node))
        return node

    def _value(self, event: yaml.ScalarEvent) -> str | int | float | bool | None:
        if event.tag is None:
            return _core_value(event.value) if event.implicit[0] else event.value
        value = event.value if event.tag in {"!", _CORE + "str"} else _core_value(event.value)
        name = "str" if event.tag == "!" else event.tag.removeprefix(_CORE)
        if name not in _TYPES or not event.tag.startswith((_CORE, "!")):
            self._note_tag(event, event.tag)
        elif not isinstance(value, _TYPES[name]) or (name == "int" and isinstance(value, bool)):
            self._note(Code.BAD_TAG, event, f"!!{name} does not match the value")
        return value

    def _check_tag(self, event: yaml.CollectionStartEvent, name: str) -> None:
        if event.tag is not None and event.tag not in {"!", _CORE + name}:
            self._note_tag(event, event.tag)

    def _note_tag(self, event: yaml.Event, tag: str) -> None:
        name = escaped(tag.replace(_CORE, "!!", 1)[:80])
        hint = "remove it, or quote a text that starts with !"
        self._note(Code.BAD_TAG, event, f"the tag {name} is not allowed", hint=hint)

    def _count(self, event: yaml.Event, size: int) -> None:
        self._nodes += size
        if self._nodes > limits.NODES:
            message = f"more than {limits.NODES:,} values, with aliases expanded"
            self._give_up(Code.TOO_LARGE, event, message, hint="split the file or use fewer aliases")

    def _check_depth(self, event: yaml.Event, depth: int) -> None:
        if depth > limits.DEPTH:
            self._give_up(Code.TOO_LARGE, event, f"nested deeper than {limits.DEPTH} levels")

    def _note(self, code: Code, event: yaml.Event, message: str, *, hint: str = "") -> None:
        self.problems.append(self._source.problem(code, _mark(event), message, hint=hint))

    def _give_up(self, code: Code, event: yaml.Event, message: str, *, hint: str = "") -> Never:
        self._note(code, event, message, hint=hint)
        raise _GivenUpError

    def _note_syntax(self, error: yaml.MarkedYAMLError) -> None:
        begun, at = _marked(error.context_mark), _marked(error.problem_mark) or Mark(1, 1)
        context = error.context
        mark = at
        if begun is not None and begun.line != at.line:
            if self._source.raw(at.line).strip():
                context = f"{context or 'reading'} started on line {begun.line}"
            else:
                mark = begun  # the file ended, or a blank line follows: where it began says more
        message, hint = explain(context, error.problem, self._source.raw(mark.line))
        self.problems.append(self._source.problem(Code.NOT_YAML, mark, message, hint=hint))


_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}


def _key_text(node: Scalar) -> str | None:
    """Return a key's text, or None where it is none. A year may stand without quotes: nobody writes it with them."""
    if isinstance(node.value, str):
        return node.value
    return node.text if isinstance(node.value, int) and _YEAR.fullmatch(node.text) else None


def _core_value(text: str) -> str | int | float | bool | None:
    """Given a plain scalar, return its meaning: only true/false, null/~/nothing and decimal numbers are not text."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _mark(event: yaml.Event) -> Mark:
    return _marked(event.start_mark) or Mark(1, 1)


def _marked(mark: _Position | None) -> Mark | None:
    """Return a parser's position, which counts from 0, as ours; None where there is none."""
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else None
