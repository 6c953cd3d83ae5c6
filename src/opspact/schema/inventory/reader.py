"""The written inventory: what every file of an inventory folder says, in Ansible's order of files.

Comes in: a tree (contract-relative POSIX path → bytes), never the disk, so that a commit can be read like a folder.
Goes out: a WrittenInventory, or Refused with every problem at once. Nothing of the repository is executed: scripts and
plugins are recognised and refused, see InventoryNeedsAnsible.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType

from opspact.errors import Place, Problem, Refused
from opspact.schema.codes import Code
from opspact.schema.inventory import encoding
from opspact.schema.inventory.checks import check
from opspact.schema.inventory.collector import collector_paused
from opspact.schema.inventory.encoding import VAULT, WHOLE_FILE, decoded
from opspact.schema.inventory.hosts import MOST_HOSTS
from opspact.schema.inventory.ini import read_ini
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import GroupNamed, HostsAdded, InventorySource, Source, Statement
from opspact.schema.inventory.variables import read_variables, variables_folder
from opspact.schema.inventory.yaml import read_yaml

IGNORED = re.compile(
    r"^\.|^(?:host_vars|group_vars|vars_plugins)$|\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$|~$"
)
"""File and folder names that Ansible passes over in an inventory folder (its defaults)."""

YAML_EXTENSIONS = frozenset({".yaml", ".yml", ".json"})
LOOKS_LIKE_YAML = re.compile(r"\A(?:\s|#[^\n]*\n)*(?:---|\{|[\w.\"'-]+[ \t]*:[ \t]*(?:#[^\n]*)?(?:\n|\Z))")
ALWAYS_THERE = ("all", "ungrouped")


class InventoryNeedsAnsible(Refused):
    """A file of the inventory is a script, a plugin's configuration or TOML; only `ansible-inventory` can read it.

    That runs code of the repository, so the user must have said that the inventory is trusted.
    """


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    sources: list[Source] = field(default_factory=list)
    groups: set[str] = field(default_factory=lambda: set(ALWAYS_THERE))
    hosts: dict[str, None] = field(default_factory=dict)
    collectors: dict[str, ProblemCollector] = field(default_factory=dict)
    hosts_left: int = MOST_HOSTS
    misplaced: set[str] = field(default_factory=set)

    def take(self, collector: ProblemCollector, statements: tuple[Statement, ...]) -> None:
        """Add what one file said."""
        self.collectors[collector.file] = collector
        self.hosts_left = collector.hosts_left
        self.sources.append(Source(collector.file, statements))
        for statement in statements:
            if isinstance(statement, HostsAdded):
                self.hosts.update(dict.fromkeys(statement.names))
            elif isinstance(statement, GroupNamed):
                self.groups.add(statement.group)


def read_inventory(
    tree: Mapping[str, bytes],
    folder: str = "inventory",
    *,
    encrypted: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> InventorySource:
    """Given a tree and the inventory's folder in it, return what its files say.

    `encrypted`: the names of the variables in files that are encrypted as a whole, by path; others are refused.

    Raise Refused with all problems (`OP050`-`OP058`) when anything in it is wrong or it names no host; raise
    InventoryNeedsAnsible when a file is no static inventory.
    """
    reading = _Reading()
    with collector_paused():
        for file in _sources(tree, folder):
            if not _is_misplaced(file, folder, reading):
                _read_source(file, tree[file], reading)
        groups, hosts = f"{folder}/group_vars", f"{folder}/host_vars"
        group_variables, collectors = read_variables(tree, groups, sorted(reading.groups), encrypted=encrypted)
        host_variables, more_notebooks = read_variables(tree, hosts, reading.hosts, encrypted=encrypted)
        check(reading.sources, reading.collectors)
    all_notebooks = (*reading.collectors.values(), *collectors, *more_notebooks)
    _refuse([problem for collector in all_notebooks for problem in collector.problems])
    if not reading.hosts:
        hint = f"add hosts to {folder}/hosts.yaml"
        nobody = Problem(Code.NO_HOST, Place(folder), "the inventory has no hosts", hint=hint)
        raise Refused("the inventory is empty", [nobody], hint=hint)
    return InventorySource(folder, tuple(reading.sources), group_variables, host_variables)


def refuse_encrypted(tree: Mapping[str, bytes], folder: str = "inventory") -> None:
    """Given a tree that Ansible is to read, raise Refused where a whole file of the inventory is encrypted.

    `ansible-inventory` opens it where the vault's password is set, and what it prints would be written down in clear.
    """
    collectors = [ProblemCollector(file) for file in sorted(tree) if file.startswith(f"{folder}/")]
    for collector in collectors:
        if tree[collector.file].startswith(VAULT):
            encoding.refuse_encrypted(collector, "encrypt single values (`ansible-vault encrypt_string`)")
    _refuse([problem for collector in collectors for problem in collector.problems])


def _refuse(problems: list[Problem]) -> None:
    """Raise what the problems call for, if there are any."""
    if any(problem.code == Code.NOT_STATIC for problem in problems):
        hint = "to read it with ansible-inventory, add --trust-inventory"
        raise InventoryNeedsAnsible("the inventory is not static", problems, hint=hint)
    if problems:
        raise Refused("cannot read the inventory", problems)


def _sources(tree: Mapping[str, bytes], folder: str) -> Iterator[str]:
    """Return the inventory files below the folder, folder by folder, sorted by name as Ansible does."""
    prefix = f"{folder}/"
    paths = [path[len(prefix) :].split("/") for path in tree if path.startswith(prefix)]
    for parts in sorted(paths):
        if not any(IGNORED.search(part) for part in parts):
            yield prefix + "/".join(parts)


def _is_misplaced(file: str, folder: str, reading: _Reading) -> bool:
    """Return whether a file is in a folder that is nearly one of variables; note the first one of each folder.

    Ansible reads such files as inventories: names of variables become groups.
    """
    parts = file.split("/")
    depth = next((number for number, part in enumerate(parts[:-1]) if number and variables_folder(part)), 0)
    if not depth:
        return False
    where = "/".join(parts[: depth + 1])
    if where not in reading.misplaced:
        reading.misplaced.add(where)
        collector = reading.collectors.setdefault(file, ProblemCollector(file))
        hint = f"variables are read from {folder}/{variables_folder(parts[depth])}/: rename the directory"
        collector.add(Code.INVENTORY_FILE, WHOLE_FILE, f"{where}/ is not a directory of variables", hint=hint)
    return True


def _read_source(file: str, content: bytes, reading: _Reading) -> None:
    """Read one inventory file into the reading."""
    collector = ProblemCollector(file, hosts_left=reading.hosts_left)
    statements: tuple[Statement, ...] = ()
    comments_may_be_anything = PurePosixPath(file).suffix not in YAML_EXTENSIONS
    text = decoded(content, collector, comments_may_be_anything=comments_may_be_anything)
    if text is not None:
        collector.text = text
        extension = PurePosixPath(file).suffix
        if text.startswith("#!"):
            collector.add(Code.NOT_STATIC, (1, 1), "the file is an inventory script")
        elif extension == ".toml":
            collector.add(Code.NOT_STATIC, WHOLE_FILE, "the file is TOML")
        elif extension in YAML_EXTENSIONS:
            statements = _as_yaml(text, collector)
        elif extension:
            statements = read_ini(text, collector, reading.groups)
        else:
            collector, statements = _either(text, collector, reading)
    reading.take(collector, statements)


def _as_yaml(text: str, collector: ProblemCollector) -> tuple[Statement, ...]:
    statements, plugin = read_yaml(text, collector)
    if plugin:
        collector.add(Code.NOT_STATIC, plugin, "the file configures an inventory plugin")
    return statements


def _either(text: str, blank: ProblemCollector, reading: _Reading) -> tuple[ProblemCollector, tuple[Statement, ...]]:
    """Read a file without extension: YAML if it is YAML, else INI. When it is neither, say what it looks most like."""
    as_yaml = ProblemCollector(blank.file, text, blank.hosts_left)
    statements = _as_yaml(text, as_yaml)
    if not as_yaml.problems:
        return as_yaml, statements
    if any(problem.code == Code.NOT_STATIC for problem in as_yaml.problems):
        return as_yaml, ()
    as_ini = ProblemCollector(blank.file, text, blank.hosts_left)
    ini_statements = read_ini(text, as_ini, reading.groups)
    if as_ini.problems and LOOKS_LIKE_YAML.match(text):
        return as_yaml, statements
    return as_ini, ini_statements
