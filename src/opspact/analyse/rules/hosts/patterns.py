"""Rules about host patterns and policies that say the same twice.

Comes in: a rule context. Goes out: violations.
"""

import re
from collections.abc import Hashable, Iterator
from functools import cache
from itertools import islice, product

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import SUBSCRIPT, PatternRefused, select, split
from opspact.model.policies.access import Access
from opspact.model.policies.backup import Backup
from opspact.model.policies.inspection import Inspection, Item
from opspact.structs import replace
from opspact.text.names import join_names

_RANGE = re.compile(r"\[[0-9]{1,9}:[0-9]{1,9}\]")
_LONGEST_RANGE = 10_000


def _idle_parts(context: RuleContext) -> Iterator[Violation]:
    inventory = context.contract.inventory

    @cache
    def idle(pattern: str) -> tuple[tuple[str, str], ...]:
        return tuple(_idle(pattern, inventory))

    for use in context.contract.policy_index.patterns:
        for part, shorter in idle(use.pattern):
            message = f'"{part}" has no effect in "{use.pattern}": "{shorter}" selects the same hosts'
            yield Violation(use.by, message, use.path)


def _idle(pattern: str, inventory: Inventory) -> Iterator[tuple[str, str]]:
    """Yield each part of a pattern without which it chooses the same hosts, and the pattern without it."""
    try:
        parts = split(pattern)
        if len(parts) == 1:
            return
        chosen = select(pattern, inventory)
    except PatternRefused:
        return
    separator = "," if "," in pattern else ":"
    for index, part in enumerate(parts):
        shorter = separator.join([*parts[:index], *parts[index + 1 :]])
        if part[0] not in "&!" and all(each[0] in "&!" for each in shorter.split(separator)):
            continue  # without its only choice a pattern would mean all
        try:
            same = select(shorter, inventory) == chosen
        except PatternRefused:
            continue
        if same:
            yield part, shorter


def _ranges(context: RuleContext) -> Iterator[Violation]:
    inventory = context.contract.inventory

    @cache
    def ranges(pattern: str) -> tuple[str, ...]:
        return tuple(_misread(pattern, inventory))

    for use in context.contract.policy_index.patterns:
        for message in ranges(use.pattern):
            yield Violation(use.by, message, use.path)


def _misread(pattern: str, inventory: Inventory) -> Iterator[str]:
    """Say of each range of a pattern that would be other hosts in an inventory, and what it selects instead."""
    try:
        parts = [part.lstrip("&!") for part in split(pattern)]
        chosen = [(part, select(part, inventory)) for part in parts if _RANGE.search(part) and part[0] != "~"]
    except PatternRefused:
        return
    for part, hosts in chosen:
        meant = {name for name in _expanded(part) if name in inventory.hosts}
        if meant and meant != set(hosts):
            of_range = join_names(sorted(meant), "hosts")
            how = "counts hosts from 0" if SUBSCRIPT.fullmatch(part) else "matches one of the characters in brackets"
            yield f'"{part}" {how} and selects {join_names(hosts, "hosts")}; as a range it would be {of_range}'


def _expanded(part: str) -> Iterator[str]:
    """Yield the names that a part would stand for in an inventory."""
    pieces = _RANGE.split(part)
    ranges = [found[1:-1].split(":") for found in _RANGE.findall(part)]
    counted = [range(int(first), min(int(last), int(first) + _LONGEST_RANGE) + 1) for first, last in ranges]
    for numbers in islice(product(*counted), _LONGEST_RANGE):
        written = (f"{number:0{len(first)}d}" for number, (first, _) in zip(numbers, ranges, strict=True))
        yield pieces[0] + "".join(text + piece for text, piece in zip(written, pieces[1:], strict=True))


_EVERYBODY = ("all", "ungrouped")
"""Groups that every inventory has without naming them."""
_SUBSCRIPT = re.compile(r"\[[-\d:]+\]$")
_WILD = re.compile(r"[*?\[]|^~")


def _matching_all(context: RuleContext) -> Iterator[Violation]:
    inventory = context.contract.inventory
    named = {name: hosts for name, hosts in inventory.groups.items() if name not in _EVERYBODY}
    without = replace(inventory, groups=named)

    @cache
    def messages(pattern: str) -> tuple[str, ...]:
        return tuple(_by_accident(pattern, inventory, without))

    for use in context.contract.policy_index.patterns:
        for message in messages(use.pattern):
            yield Violation(use.by, message, use.path)


def _by_accident(pattern: str, inventory: Inventory, without: Inventory) -> Iterator[str]:
    """Say of each part of a pattern that selects more hosts because it fits the name of the group `all`."""
    for part in (each.lstrip("&!") for each in _parts(pattern)):
        chosen = _chosen(part, inventory)
        meant = _chosen(part, without)
        if _WILD.search(_SUBSCRIPT.sub("", part)) and set(chosen) != set(meant):
            instead = join_names(meant, "hosts") if meant else "no host"
            yield f'"{part}" matches the group all and selects {join_names(chosen, "hosts")}; otherwise {instead}'


def _parts(pattern: str) -> tuple[str, ...]:
    try:
        return split(pattern)
    except PatternRefused:
        return ()


def _chosen(part: str, inventory: Inventory) -> tuple[str, ...]:
    try:
        return select(part, inventory)
    except PatternRefused:
        return ()


def _said_twice(context: RuleContext) -> Iterator[Violation]:
    seen: dict[Hashable, str] = {}
    contract = context.contract
    policies: list[Inspection | Backup | Access] = [*contract.inspections, *contract.backups, *contract.accesses]
    for policy in policies:
        first = seen.setdefault(_meaning(policy), policy.origin.policy)
        if first != policy.origin.policy:
            message = f"{policy.origin.policy} duplicates {first} on {join_names(policy.hosts, 'hosts')}"
            yield Violation(policy.origin.policy, message, ("hosts",))


def _meaning(policy: Inspection | Backup | Access) -> Hashable:
    """Return what two policies of a kind have in common when one of them is too many."""
    match policy:
        case Inspection():
            return ("inspection", policy.hosts, policy.schedule, frozenset(map(_item, policy.items)))
        case Backup():
            target = (policy.server, policy.repository, policy.schedule)
            return ("backup", policy.hosts, policy.paths, policy.exclude, policy.databases, target)
        case Access():
            return ("access", policy.hosts, policy.people, policy.groups, policy.sudo, policy.exclusive, policy.others)


def _item(item: Item) -> Hashable:
    return (repr(sorted(item.settings.items(), key=lambda pair: pair[0])), item.hosts)


RULES = (
    Rule(
        code="OP203",
        family="references",
        severity=Severity.NOTE,
        title="A part of a host pattern has no effect",
        why="An exclusion without effect looks like protection, and a host selected twice looks like two.",
        remedy="Remove the part; keep it if matching hosts will be added.",
        find=_idle_parts,
    ),
    Rule(
        code="OP204",
        family="references",
        severity=Severity.WARNING,
        title="Two policies are duplicates",
        why="The work is done twice, and changing one of them has no effect while the other stays.",
        remedy="Remove one of them, and list the clauses of both in the other.",
        find=_said_twice,
    ),
    Rule(
        code="OP210",
        family="references",
        severity=Severity.WARNING,
        title="A host pattern looks like a range, and is none",
        why="In a host pattern, [1:3] counts hosts, or stands for one of the characters; the wrong hosts are selected.",
        remedy="List the hosts, or use a group; ranges are part of inventories only.",
        find=_ranges,
    ),
    Rule(
        code="OP213",
        family="references",
        severity=Severity.WARNING,
        title="A host pattern matches the group all",
        why="Wildcards match names of groups too, and every inventory has the groups all and ungrouped.",
        remedy="Write more of the name, name a group, or write all if every host is meant.",
        find=_matching_all,
    ),
)
