"""YAML nodes to values, with the meaning that Ansible gives them: YAML 1.1, `!vault`, `!unsafe`, JSON where it is JSON.

Comes in: nodes of `inventory_nodes`. Goes out: plain values, or problems with places. Equal aliases become one shared
object, so an alias never costs more than once.
"""

import json
from collections.abc import Collection

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from opspact.schema.codes import Code
from opspact.schema.inventory.nodes import DEEPEST, position, record_yaml_error
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import Unreadable, Unsafe, Vaulted
from opspact.schema.value_error import quote

TEXT = "tag:yaml.org,2002:str"
MAPPING = "tag:yaml.org,2002:map"
SEQUENCE = "tag:yaml.org,2002:seq"
SPECIAL_KEYS = frozenset({"tag:yaml.org,2002:merge", "tag:yaml.org,2002:value"})
VAULT_TAGS = frozenset({"!vault", "!vault-encrypted"})
UNSAFE_TAG = "!unsafe"
JSON_VAULT, JSON_UNSAFE = "__ansible_vault", "__ansible_unsafe"
CONSTRUCTION_FAILS_WITH = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What PyYAML's own constructors let through for `!!int ''`, `2024-99-99` and the like."""


class InvalidNode(Exception):  # noqa: N818 - named after what it says; never leaves the readers
    """A node that has no value; carries its position."""

    def __init__(self, node: yaml.Node, message: str) -> None:
        super().__init__(message)
        self.position = position(node)


class ValueReader:
    """Reads the values of one file; `is_json` when the file is JSON."""

    def __init__(self, collector: ProblemCollector, *, is_json: bool) -> None:
        self._collector = collector
        self._is_json = is_json
        self._constructor = SafeConstructor()
        self._resolver = Resolver()
        self._scalars: dict[tuple[str, str], object] = {}
        self._shared: dict[tuple[int, bool], object] = {}
        self._kept: list[yaml.Node] = []
        self._compared: set[int] = set()
        self._depth = 0

    def value(self, node: yaml.Node) -> tuple[object, bool]:
        """Given a node, return its value and True; after noting a problem, None and False."""
        try:
            return self._build(node, unsafe=False), True
        except InvalidNode as error:
            self._collector.add(Code.INVENTORY_SHAPE, error.position, str(error))
        except yaml.YAMLError as error:
            record_yaml_error(error, self._collector)
        self._depth = 0
        return None, False

    def pairs(self, node: yaml.MappingNode) -> dict[object, tuple[yaml.Node, yaml.Node]]:
        """Given a mapping node, return its members by key, merge keys resolved.

        Keys that cannot be read, or stand there twice, are noted as problems.
        """
        found: dict[object, tuple[yaml.Node, yaml.Node]] = {}
        try:
            self._flatten(node)
        except yaml.YAMLError as error:
            record_yaml_error(error, self._collector)
            return found
        for key_node, value_node in node.value:
            if key_node.tag == TEXT:
                found[key_node.value] = (key_node, value_node)
                continue
            key, readable = self.value(key_node)
            if readable and self._is_hashable(key):
                found[key] = (key_node, value_node)
            elif readable:
                self._collector.add(Code.INVENTORY_SHAPE, position(key_node), "a list or a mapping cannot be a key")
        return found

    @staticmethod
    def _is_hashable(key: object) -> bool:
        return not isinstance(key, (dict, list, Vaulted))

    def _flatten(self, node: yaml.MappingNode) -> None:
        """Put merged members in place; the constructor's own rules, only where a merge key is."""
        if id(node) not in self._compared:  # afterwards a member and the merged one that it replaces are both in there
            self._compared.add(id(node))
            self._refuse_repeated(node)
        if any(key.tag in SPECIAL_KEYS for key, _ in node.value):
            self._constructor.flatten_mapping(node)

    def _refuse_repeated(self, node: yaml.MappingNode) -> None:
        """Note keys that stand in a mapping twice: Ansible warns, and forgets all that is under the first one."""
        first: dict[tuple[str, object], yaml.Node] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag not in SPECIAL_KEYS:
                earlier = first.setdefault((key.tag, key.value), key)
                if earlier is not key:
                    message = f"duplicate key {quote(key.value)}, first defined in line {position(earlier)[0]}"
                    self._collector.add(Code.REPEATED_KEY, position(key), message)

    def _build(self, node: yaml.Node, *, unsafe: bool) -> object:
        if isinstance(node, yaml.ScalarNode) and node.tag == TEXT and (node.style == '"' or not self._is_json):
            return Unsafe(node.value) if unsafe else node.value
        if node.tag == UNSAFE_TAG:
            return self._build(self._untagged(node), unsafe=True)
        if node.tag in VAULT_TAGS:
            return self._vaulted(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        shared = (id(node), unsafe)
        if shared not in self._shared:
            self._depth += 1
            if self._depth > DEEPEST:
                raise InvalidNode(node, f"nested deeper than {DEEPEST} levels")
            self._shared[shared] = self._collection(node, unsafe=unsafe)
            self._depth -= 1
        return self._shared[shared]

    def _collection(self, node: yaml.Node, *, unsafe: bool) -> object:
        if isinstance(node, yaml.SequenceNode) and node.tag == SEQUENCE:
            return [self._build(member, unsafe=unsafe) for member in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == MAPPING:
            built = self._mapping(node, unsafe=unsafe)
            return self._json_marked(node, built) if self._is_json else built
        constructed = self._construct(node)
        return in_order(constructed) if isinstance(constructed, set) else constructed

    def _mapping(self, node: yaml.MappingNode, *, unsafe: bool) -> dict[object, object]:
        self._flatten(node)
        built: dict[object, object] = {}
        for key_node, value_node in node.value:
            key = self._build(key_node, unsafe=False)
            if not self._is_hashable(key):
                raise InvalidNode(key_node, "a list or a mapping cannot be a key")
            built[key] = self._build(value_node, unsafe=unsafe)
        return built

    @staticmethod
    def _json_marked(node: yaml.Node, built: dict[object, object]) -> object:
        """Return what Ansible's JSON means: two keys mark encrypted and unsafe texts."""
        for key, kind in ((JSON_UNSAFE, Unsafe), (JSON_VAULT, Vaulted)):
            if key in built:
                text = built[key]
                if not isinstance(text, str):
                    raise InvalidNode(node, f"{key} must be text")
                return kind(text)
        return built

    def _scalar(self, node: yaml.ScalarNode) -> object:
        """Return a number, a boolean, a date, …; the same text with the same tag is made once."""
        key = (node.tag, node.value)
        if key not in self._scalars:
            self._scalars[key] = json.loads(node.value) if self._is_json else self._construct(node)
        return self._scalars[key]

    def _construct(self, node: yaml.Node) -> object:
        """Return what PyYAML's own constructors make of a node."""
        try:
            value: object = self._constructor.construct_object(node, deep=True)
        except CONSTRUCTION_FAILS_WITH as error:
            kind = node.tag.rpartition(":")[2]
            raise InvalidNode(node, f"invalid {kind}") from error
        return value

    def _vaulted(self, node: yaml.Node) -> Vaulted:
        text = self._build(self._untagged(node), unsafe=False)
        if not isinstance(text, str):
            raise InvalidNode(node, f"{node.tag} needs text, as written by `ansible-vault encrypt_string`")
        return Vaulted(text)

    def _untagged(self, node: yaml.Node) -> yaml.Node:
        """Return the node as it would be without its tag."""
        tag = self._resolver.resolve(type(node), node.value, (True, False))  # type: ignore[no-untyped-call]
        again = type(node)(tag, node.value, node.start_mark, node.end_mark)
        self._kept.append(again)  # values are remembered by the node's identity, so the node must live on
        return again


def in_order(values: Collection[object]) -> list[object]:
    """Given a set, return its members in an order that is the same on every machine."""
    try:
        return sorted(values)  # type: ignore[type-var]  # what cannot be compared is caught
    except TypeError:
        return sorted(values, key=repr)


def as_variables(value: object) -> dict[str, object]:
    """Given a value, return it as variables. Raise Unreadable when it is no mapping with names for keys."""
    if not isinstance(value, dict):
        raise Unreadable(f"expected variables (name: value), got {described(value)}")
    for name in value:
        if not isinstance(name, str):
            raise Unreadable(f'the variable name "{name}" is not text', hint="put it in quotes")
    return value


def described(value: object) -> str:
    """Return in words what kind of value it is, without telling the value."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (dict, "a mapping"),
        (list, "a list"),
        (str, "text"),
        (int, "a number"),
        (float, "a number"),
        (Vaulted, "an encrypted value"),
    )
    return next((words for kind, words in kinds if isinstance(value, kind)), "nothing" if value is None else "a value")
