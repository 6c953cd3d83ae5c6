"""A YAML or JSON inventory file to statements, in the order in which Ansible's yaml plugin obeys them.

Comes in: the text of one file. Goes out: statements, or problems with places. Stricter than Ansible in one thing: what
Ansible skips with a warning (a misspelt `host:`, a group that is a list) is refused, because hosts would silently be
lost.
"""

from collections.abc import Callable

import yaml

from opspact.schema.codes import Code
from opspact.schema.inventory.nodes import JSON_SCALAR, position, read_root
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import ChildAdded, GroupNamed, HostsAdded, Statement, Unreadable, VariableSet
from opspact.schema.inventory.values import TEXT, ValueReader, as_variables, described
from opspact.schema.value_error import quote
from opspact.text.suggestions import did_you_mean

SECTIONS = ("vars", "children", "hosts")
PLUGIN = "plugin"
NULL = "tag:yaml.org,2002:null"
NO_VARIABLES: dict[str, object] = {}
"""Shared by every host that has none of its own; nobody writes into it."""

Pairs = dict[object, tuple[yaml.Node, yaml.Node]]


def read_yaml(text: str, collector: ProblemCollector) -> tuple[tuple[Statement, ...], tuple[int, int] | None]:
    """Given a file's text, return its statements, and where it names an inventory plugin (None: nowhere).

    Everything that is wrong is noted; an empty document says nothing, as in Ansible.
    """
    root, is_json = read_root(text, collector)
    if root is None or _is_null(root):
        return (), None
    if not isinstance(root, yaml.MappingNode):
        collector.add(Code.INVENTORY_SHAPE, position(root), "an inventory is a mapping of groups (group: {hosts: …})")
        return (), None
    reader = _GroupReader(collector, is_json=is_json)
    groups = reader.values.pairs(root)
    if plugin := _plugin(groups, reader):
        return (), plugin
    for name, (name_node, node) in groups.items():
        reader.group(name, name_node, node)
    return tuple(reader.statements), None


def _plugin(groups: Pairs, reader: "_GroupReader") -> tuple[int, int] | None:
    """Return where the file names the plugin that makes its hosts."""
    if PLUGIN not in groups:
        return None
    name_node, node = groups[PLUGIN]
    value, _ = reader.values.value(node)
    return position(name_node) if value else None


def _is_null(node: yaml.Node) -> bool:
    return node.tag == NULL or (node.tag == JSON_SCALAR and node.value == "null")


class _GroupReader:
    """Walks the groups of one file and collects statements."""

    def __init__(self, collector: ProblemCollector, *, is_json: bool) -> None:
        self.statements: list[Statement] = []
        self.values = ValueReader(collector, is_json=is_json)
        self._collector = collector
        self._sections: dict[str, Callable[[str, yaml.MappingNode], None]] = {
            "vars": self._variables,
            "children": self._children,
            "hosts": self._hosts,
        }

    def group(self, name: object, name_node: yaml.Node, node: yaml.Node) -> str | None:
        """Given a group's name and content, take its statements; return the name, or None when it is no name."""
        at = position(name_node)
        if not isinstance(name, str) or not name:
            self._collector.add(
                Code.INVENTORY_SHAPE, at, f"a group needs a name, got {described(name)}", hint="put it in quotes"
            )
            return None
        self.statements.append(GroupNamed(name, *at))
        if _is_null(node):
            return name
        if not isinstance(node, yaml.MappingNode):
            self._collector.add(
                Code.INVENTORY_SHAPE,
                position(node),
                f"the group {quote(name)} must be a mapping with {', '.join(SECTIONS)}",
                where=name,
            )
            return name
        for key, (key_node, section) in self.values.pairs(node).items():
            if key in SECTIONS:
                self._section(name, str(key), section)
            else:
                self._unknown(name, key, key_node)
        return name

    def _section(self, group: str, key: str, node: yaml.Node) -> None:
        if _is_null(node):
            return
        if isinstance(node, yaml.ScalarNode) and node.tag == TEXT:  # `hosts: one` is short for `hosts: {one: }`
            nothing = yaml.ScalarNode(NULL, "", node.start_mark, node.end_mark)
            node = yaml.MappingNode("tag:yaml.org,2002:map", [(node, nothing)], node.start_mark, node.end_mark)
        if isinstance(node, yaml.MappingNode):
            self._sections[key](group, node)
            return
        kind = "a list" if isinstance(node, yaml.SequenceNode) else "something else"
        self._collector.add(
            Code.INVENTORY_SHAPE,
            position(node),
            f"expected a mapping, got {kind}",
            where=f"{group}.{key}",
            hint="write each name followed by a colon, without a dash" if key != "vars" else "write name: value",
        )

    def _unknown(self, group: str, key: object, key_node: yaml.Node) -> None:
        hint = did_you_mean(str(key), SECTIONS)
        message = f'unknown key "{key}" in a group'
        self._collector.add(Code.INVENTORY_SHAPE, position(key_node), message, where=group, hint=hint)

    def _variables(self, group: str, node: yaml.MappingNode) -> None:
        for name, (name_node, value_node) in self.values.pairs(node).items():
            value, readable = self.values.value(value_node)
            if not isinstance(name, str):
                hint = "put it in quotes"
                self._collector.add(
                    Code.BAD_VARIABLE,
                    position(name_node),
                    f'the variable name "{name}" is not text',
                    hint=hint,
                )
            elif readable:
                self.statements.append(VariableSet(group, name, value, *position(name_node)))

    def _children(self, group: str, node: yaml.MappingNode) -> None:
        for name, (name_node, child_node) in self.values.pairs(node).items():
            child = self.group(name, name_node, child_node)
            if child is not None:
                self.statements.append(ChildAdded(group, child, *position(name_node)))

    def _hosts(self, group: str, node: yaml.MappingNode) -> None:
        for text, (host_node, variables_node) in self.values.pairs(node).items():
            at = position(host_node)
            if not isinstance(text, str):
                message = f"a host needs a name, got {described(text)}"
                self._collector.add(Code.BAD_HOST, at, message, where=f"{group}.hosts", hint="put it in quotes")
                continue
            try:
                names, port = self._collector.hosts(text)
            except Unreadable as error:
                self._collector.add(Code.BAD_HOST, at, str(error), where=f"{group}.hosts", hint=error.hint)
                continue
            variables = self._own_variables(variables_node, where=f"{group}.hosts.{text}")
            self.statements.append(HostsAdded(group, names, port, variables, *at))

    def _own_variables(self, node: yaml.Node, *, where: str) -> dict[str, object]:
        if _is_null(node):
            return NO_VARIABLES
        value, readable = self.values.value(node)
        if not readable or not value:
            return NO_VARIABLES
        try:
            return as_variables(value)
        except Unreadable as error:
            self._collector.add(Code.INVENTORY_SHAPE, position(node), str(error), where=where, hint=error.hint)
            return NO_VARIABLES
