"""What no single file can show: groups in a circle, a name that is both host and group, a priority that is no number.

Comes in: the statements of all sources. Goes out: problems in the notebooks of the files where they stand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from opspact.schema.codes import Code
from opspact.schema.inventory.problems import ProblemCollector
from opspact.schema.inventory.statements import ChildAdded, GroupNamed, HostsAdded, Source, Statement, VariableSet

PRIORITY = "ansible_group_priority"

DEEPEST = 100
"""Groups inside groups; every group above a host is a copy of its name, so endless chains would fill the memory."""

Notebooks = Mapping[str, ProblemCollector]
Written = tuple[str, ChildAdded]


def check(sources: Sequence[Source], collectors: Notebooks) -> None:
    """Given all sources and a notebook for each of their files, note what is wrong between them."""
    _check_names(sources, collectors)
    _check_priorities(sources, collectors)
    _check_links(sources, collectors)


def _statements(sources: Sequence[Source]) -> Iterator[tuple[str, Statement]]:
    for source in sources:
        for statement in source.statements:
            yield source.file, statement


def _check_names(sources: Sequence[Source], collectors: Notebooks) -> None:
    """Note every host that is called like a group: Ansible warns, and then mixes up their variables."""
    groups = {"all": "", "ungrouped": ""}
    for file, statement in _statements(sources):
        if isinstance(statement, GroupNamed):
            groups.setdefault(statement.group, f"{file}:{statement.line}")
    noted: set[str] = set()
    for file, statement in _statements(sources):
        if isinstance(statement, HostsAdded):
            for name in statement.names:
                if name in groups and name not in noted:
                    noted.add(name)
                    where = f" ({groups[name]})" if groups[name] else ""
                    message = f'the host "{name}" has the same name as a group{where}'
                    at = (statement.line, statement.column)
                    collectors[file].add(
                        Code.HOST_IS_GROUP, at, message, where=statement.group, hint="rename one of them"
                    )


def _check_priorities(sources: Sequence[Source], collectors: Notebooks) -> None:
    for file, statement in _statements(sources):
        if isinstance(statement, VariableSet) and statement.name == PRIORITY and priority(statement.value) is None:
            at = (statement.line, statement.column)
            collectors[file].add(Code.BAD_VARIABLE, at, f"{PRIORITY} must be a whole number", where=statement.group)


def priority(value: object) -> int | None:
    """Given a written group priority, return the number that Ansible takes it for, or None when it is none."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _check_links(sources: Sequence[Source], collectors: Notebooks) -> None:
    """Note every link between groups that closes a circle, or that moves the two groups which are Ansible's own."""
    children: dict[str, list[Written]] = {}
    for file, statement in _statements(sources):
        if not isinstance(statement, ChildAdded):
            continue
        if statement.child == "all":
            message = "'all' contains every group and cannot be a child"
        elif statement.child == "ungrouped" and statement.group != "all":
            message = "'ungrouped' can only be a child of 'all'"
        elif statement.group == "ungrouped":
            message = "'ungrouped' contains hosts without a group and cannot have children"
        else:
            children.setdefault(statement.group, []).append((file, statement))
            continue
        collectors[file].add(Code.BAD_GROUP, (statement.line, statement.column), message, where=statement.group)
    named = [statement.group for _, statement in _statements(sources) if isinstance(statement, GroupNamed)]
    for file, statement, message in _bad_links(children, dict.fromkeys(("all", *named))):
        collectors[file].add(Code.BAD_GROUP, (statement.line, statement.column), message, where=statement.group)


def _bad_links(children: Mapping[str, list[Written]], groups: Iterable[str]) -> Iterator[tuple[str, ChildAdded, str]]:
    """Given every group's links and all groups, return the links that lead back to a group above, or stand too high.

    A search in depth, without recursion. A group's height is the longest way down from it.
    """
    heights: dict[str, int] = {}
    for start in groups:
        if start in heights:
            continue
        above = {start: iter(children.get(start, ()))}
        while above:
            group, links = next(reversed(above.items()))
            for file, statement in links:
                if statement.child in above:
                    said = f'"{group}" is its own descendant through its child "{statement.child}"'
                    yield file, statement, said
                elif statement.child not in heights:
                    above[statement.child] = iter(children.get(statement.child, ()))
                    break
            else:
                below = children.get(group, [])
                heights[group] = 1 + max((heights.get(statement.child, 0) for _, statement in below), default=0)
                if heights[group] == DEEPEST + 1:
                    file, statement = below[0]
                    yield file, statement, f'more than {DEEPEST} levels of groups below "{group}"'
                del above[group]
