"""Rules about host patterns and policies that say the same twice.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Hashable, Iterator
from functools import cache

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import PatternRefused, select, split
from opspact.model.policies.access import Access
from opspact.model.policies.backup import Backup
from opspact.model.policies.inspection import Inspection, Item
from opspact.text.names import join_names


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
            return ("access", policy.hosts, policy.people, policy.groups, policy.sudo, policy.exclusive)


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
)
