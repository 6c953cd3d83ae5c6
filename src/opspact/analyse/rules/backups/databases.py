"""Rules about databases: is each looked at, does somebody answer for it?

Comes in: a rule context. Goes out: violations. That each is in a backup is asked elsewhere.
"""

from collections.abc import Iterator

from opspact.analyse.cause import Condition, affected
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.rules.backups.unprotected_data import databases_in_use
from opspact.model.finding import Severity
from opspact.structs import Struct
from opspact.text.names import join_names


class _Named(Struct):
    """A database where a policy names it; on which of these hosts it is may not be written (`somewhere`)."""

    name: str
    hosts: frozenset[str]
    policy: str
    path: tuple[str | int, ...]
    somewhere: bool = False


def _named(context: RuleContext) -> Iterator[_Named]:
    contract = context.contract
    for service in contract.services:
        for index, name in enumerate(service.databases):
            hosts, place = frozenset(service.hosts), ("data", "databases", index)
            yield _Named(name, hosts, service.origin.policy, place, somewhere=True)
    for policy, path, name, those in databases_in_use(context):
        yield _Named(name, frozenset(those), policy, path)
    for backup in contract.backups:
        for index, database in enumerate(backup.databases):
            hosts = frozenset(backup.hosts) if database.hosts is None else database.hosts
            yield _Named(database.name, hosts, f"backup/{backup.name}", ("what", "databases", index))


def _not_looked_at(context: RuleContext) -> Iterator[Violation]:
    looked_at: dict[str, set[str]] = {}
    for inspection in context.contract.inspections:
        for item in inspection.items:
            if item.settings.get("item") == "postgresql":
                hosts = inspection.hosts if item.hosts is None else item.hosts
                looked_at.setdefault(str(item.settings["database"]), set()).update(hosts)
    reported: set[tuple[str, str]] = set()
    for each in _named(context):
        missing = each.hosts - looked_at.get(each.name, set())
        if each.somewhere and missing != each.hosts:
            continue
        new = {host for host in missing if (each.name, host) not in reported}
        reported |= {(each.name, host) for host in new}
        if new:
            message = f"no inspection checks database {each.name} on {join_names(sorted(new), 'hosts')}"
            rests_on = (affected(Condition.NO_INSPECTION, *new),)
            yield Violation(each.policy, message, each.path, subject=each.name, rests_on=rests_on)


def _nobodys(context: RuleContext) -> Iterator[Violation]:
    owned: dict[str, set[str]] = {}
    for service in context.contract.services:
        for name in service.databases:
            owned.setdefault(name, set()).update(service.hosts)
    reported: set[str] = set()
    for each in _named(context):
        if not each.hosts & owned.get(each.name, set()) and each.name not in reported:
            reported.add(each.name)
            message = f"database {each.name} belongs to no service: it has no owner and no tier"
            rests_on = (affected(Condition.NO_SERVICE, *each.hosts),)
            yield Violation(each.policy, message, each.path, subject=each.name, rests_on=rests_on)


RULES = (
    Rule(
        code="OP228",
        family="coverage",
        severity=Severity.WARNING,
        title="A database is in no inspection",
        why="No one notices that it refuses connections or fills up until the application fails.",
        remedy="Add it to an inspection of its hosts: items: [{postgresql: {database: NAME}}].",
        find=_not_looked_at,
    ),
    Rule(
        code="OP229",
        family="coverage",
        severity=Severity.WARNING,
        title="A database belongs to no service",
        why=(
            "Owner and tier are fields of a service: without one, no one is responsible for the database, and "
            "its faults have no deadlines."
        ),
        remedy="Add it to its service: data: {databases: [NAME]}.",
        find=_nobodys,
    ),
)
