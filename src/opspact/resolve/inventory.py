"""The meaning of an inventory: every host's variables by Ansible's precedence, every group's hosts.

Comes in: a written inventory, or what `ansible-inventory --list` prints. Goes out: one and the same Inventory. Rules
from Ansible: variables of a parent group give way to a child's, among groups of one depth the higher
`ansible_group_priority` and then the later name wins, `group_vars` files win over groups' inline variables, hosts' own
over both; a mapping replaces a mapping.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from opspact.errors import Refused
from opspact.model.inventory.host import Host, Inventory
from opspact.schema.inventory.checks import PRIORITY, priority
from opspact.schema.inventory.statements import (
    ChildAdded,
    GroupNamed,
    HostsAdded,
    InventorySource,
    Unsafe,
    VariableSet,
    Vaulted,
)

ALL, UNGROUPED, META = "all", "ungrouped", "_meta"
KEPT_BY_ANSIBLE = frozenset(
    {
        "ansible_async_path",
        "ansible_collection_name",
        "ansible_config_file",
        "ansible_dependent_role_names",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_role_names",
        "ansible_playbook_python",
        "ansible_role_name",
        "ansible_role_names",
        "ansible_run_tags",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
    }
)
"""Names that Ansible sets itself whatever an inventory says; `ansible-inventory --list` leaves them out."""

Variables = Mapping[str, object]


@dataclass(slots=True)
class _Group:
    """A group while the statements are replayed. The dictionaries are ordered sets."""

    name: str
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    variables: dict[str, object] = field(default_factory=dict)
    priority: int = 1


@dataclass(slots=True)
class _Graph:
    """Groups by name, in the order in which they were first named, `all` and `ungrouped` first."""

    groups: dict[str, _Group] = field(default_factory=dict)

    def group(self, name: str) -> _Group:
        """Return the group, made if it is new."""
        if name not in self.groups:
            self.groups[name] = _Group(name)
        return self.groups[name]

    def link(self, parent: str, child: str) -> None:
        """Make one group the child of another."""
        self.group(parent).children[child] = None
        self.group(child).parents[parent] = None

    def members(self, name: str) -> tuple[str, ...]:
        """Return a group's hosts, its children's included: its own first, then level by level."""
        hosts = dict(self.groups[name].hosts)
        level, seen = list(self.groups[name].children), {name}
        while level:
            below: dict[str, None] = {}
            for child in level:
                if child not in seen:
                    seen.add(child)
                    hosts.update(self.groups[child].hosts)
                    below.update(self.groups[child].children)
            level = list(below)
        return tuple(hosts)

    def depths(self) -> dict[str, int]:
        """Return how far each group is below `all`, by the longest way."""
        depth = dict.fromkeys(self.groups, 0)
        waiting = {name: len(group.parents) for name, group in self.groups.items()}
        ready = [name for name, parents in waiting.items() if not parents]
        while ready:
            name = ready.pop()
            for child in self.groups[name].children:
                depth[child] = max(depth[child], depth[name] + 1)
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        return depth


def resolve_inventory(written: InventorySource) -> Inventory:
    """Given what `schema.inventory.read_inventory` returns, return what it means.

    Hosts of the same groups without variables of their own share one mapping.
    """
    graph = _Graph()
    graph.link(ALL, UNGROUPED)
    own: dict[str, dict[str, object]] = {}
    for source in written.sources:
        for statement in source.statements:
            match statement:
                case GroupNamed():
                    graph.group(statement.group)
                case VariableSet():
                    _set_variable(graph.group(statement.group), statement)
                case ChildAdded():
                    graph.link(statement.group, statement.child)
                case HostsAdded():
                    _add_hosts(graph.group(statement.group), statement, own)
    _settle(graph, own)
    return _inventory(graph, _variables_of(graph, written, own))


def from_ansible_list(listed: object) -> Inventory:
    """Given the parsed output of `ansible-inventory --list`, return the inventory that it describes.

    Raise Refused when it has another shape or names no host.
    """
    if not isinstance(listed, dict):
        raise _unexpected("not a JSON object")
    graph = _Graph()
    graph.link(ALL, UNGROUPED)
    for name, content in listed.items():
        if name == META:
            continue
        if not isinstance(content, dict):
            raise _unexpected(f'the group "{name}" is not a JSON object')
        for child in _names(content, "children"):
            graph.link(name, child)
        graph.group(name).hosts.update(dict.fromkeys(_names(content, "hosts")))
    meta = listed.get(META)
    variables = meta.get("hostvars", {}) if isinstance(meta, dict) else {}
    if not isinstance(variables, dict) or not all(isinstance(value, dict) for value in variables.values()):
        raise _unexpected("_meta.hostvars is not a mapping of hosts")
    _settle(graph, [name for group in graph.groups.values() for name in group.hosts])

    def variables_of(host: str) -> Variables:
        return {name: _marked(value) for name, value in variables.get(host, {}).items()}

    inventory = _inventory(graph, variables_of)
    if not inventory.hosts:
        raise _unexpected("no hosts")
    return inventory


def _unexpected(what: str) -> Refused:
    return Refused(f"unexpected output from ansible-inventory: {what}")


def _names(content: Mapping[str, object], key: str) -> list[str]:
    """Return a list of names of a group."""
    names = content.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _unexpected(f"{key} is not a list of names")
    return names


def _marked(value: object) -> object:
    """Return a listed value, encrypted and unsafe texts as what they are."""
    match value:
        case {"__ansible_vault": str(ciphertext)}:
            return Vaulted(ciphertext)
        case {"__ansible_unsafe": str(text)}:
            return Unsafe(text)
        case dict():
            return {name: _marked(member) for name, member in value.items()}
        case list():
            return [_marked(member) for member in value]
    return value


def _set_variable(group: _Group, statement: VariableSet) -> None:
    if statement.name == PRIORITY:
        group.priority = priority(statement.value) or 0
    else:
        group.variables[statement.name] = statement.value


def _add_hosts(group: _Group, statement: HostsAdded, own: dict[str, dict[str, object]]) -> None:
    for name in statement.names:
        if name not in own:  # the port counts where the host is first named
            own[name] = {} if statement.port is None else {"ansible_port": statement.port}
        if statement.variables:
            own[name].update(statement.variables)
    group.hosts.update(dict.fromkeys(statement.names))


def _settle(graph: _Graph, hosts: Iterable[str]) -> None:
    """Hang every group below `all`; put exactly those hosts into `ungrouped` that no other group holds."""
    for name, group in graph.groups.items():
        if name != ALL and not group.parents:
            graph.link(ALL, name)
    grouped = {host for name, group in graph.groups.items() if name not in {ALL, UNGROUPED} for host in group.hosts}
    ungrouped = graph.groups[UNGROUPED]
    ungrouped.hosts = {host: None for host in (*ungrouped.hosts, *hosts) if host not in grouped}


def _variables_of(
    graph: _Graph, written: InventorySource, own: Mapping[str, dict[str, object]]
) -> Callable[[str], Variables]:
    """Return the function that merges one host's variables. Hosts of the same groups share the groups' part."""
    direct: dict[str, list[str]] = {host: [] for host in own}
    for name, group in graph.groups.items():
        for host in group.hosts:
            direct[host].append(name)
    depths = graph.depths()
    ways: dict[tuple[str, ...], Variables] = {}

    def merged(host: str) -> Variables:
        groups = tuple(direct[host])
        if groups not in ways:
            ways[groups] = _group_variables(graph, written, _sorted_above(graph, groups, depths))
        mine = {**own[host], **written.host_variables.get(host, {})}
        if not mine:
            return ways[groups]
        return _without_kept({**ways[groups], **mine})

    return merged


def _sorted_above(graph: _Graph, groups: Iterable[str], depths: Mapping[str, int]) -> list[_Group]:
    """Return the groups and all above them but `all`, weakest first."""
    found: set[str] = set()
    stack = list(groups)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(graph.groups[name].parents)
    found.discard(ALL)
    return sorted(
        (graph.groups[name] for name in found), key=lambda group: (depths[group.name], group.priority, group.name)
    )


def _group_variables(graph: _Graph, written: InventorySource, groups: Iterable[_Group]) -> Variables:
    """Return the variables that groups give, in Ansible's order: all inline ones, then all files."""
    groups = list(groups)
    merged = dict(graph.groups[ALL].variables)
    for group in groups:
        merged |= group.variables
    merged |= written.group_variables.get(ALL, {})
    for group in groups:
        merged |= written.group_variables.get(group.name, {})
    return _without_kept(merged)


def _without_kept(variables: dict[str, object]) -> dict[str, object]:
    """Take out the names that Ansible sets itself."""
    for name in KEPT_BY_ANSIBLE & variables.keys():
        del variables[name]
    return variables


def _inventory(graph: _Graph, variables_of: Callable[[str], Variables]) -> Inventory:
    """Return the inventory of a settled graph; its order of hosts is that of `all`."""
    groups = {name: graph.members(name) for name in graph.groups}
    return Inventory(hosts={name: Host(name, variables_of(name)) for name in groups[ALL]}, groups=groups)
