"""Rules about hosts that a kind of policy leaves out.

Comes in: a rule context. Goes out: violations, one for all hosts that lack the same.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.cause import Condition, affected
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.text.names import is_or_are, join_names


def _left_out(
    context: RuleContext, covered: Iterable[Iterable[str]], what: str, *, lack: Condition | None = None
) -> Iterator[Violation]:
    """Yield one violation that names a few of the hosts outside all these sets, and how many there are."""
    inside = {name for each in covered for name in each}
    outside = [name for name in context.contract.inventory.hosts if name not in inside]
    if outside:
        message = f"{join_names(outside, 'hosts')} {is_or_are(outside)} in no {what}"
        states = (affected(lack, *outside),) if lack else ()
        yield Violation(
            f"contract/{context.contract.name}",
            message,
            ("name",),
            about=tuple(outside),
            states=states,
            rests_on=states,
        )


def _no_inspection(context: RuleContext) -> Iterator[Violation]:
    inspected = (each.hosts for each in context.contract.inspections)
    yield from _left_out(context, inspected, "inspection", lack=Condition.NO_INSPECTION)


def _no_backup(context: RuleContext) -> Iterator[Violation]:
    backups = context.contract.backups
    servers = {each.server for each in backups}
    copied = [*(each.hosts for each in backups), servers]
    yield from _left_out(context, copied, "backup", lack=Condition.NO_BACKUP)


def _no_service(context: RuleContext) -> Iterator[Violation]:
    backups = context.contract.backups
    servers = {each.server for each in backups}
    serving = [*(each.hosts for each in context.contract.services), servers]
    yield from _left_out(context, serving, "service", lack=Condition.NO_SERVICE)


def _no_access(context: RuleContext) -> Iterator[Violation]:
    yield from _left_out(context, (each.hosts for each in context.contract.accesses), "access policy")


RULES = (
    Rule(
        code="OP220",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no inspection",
        why="An outage, a full disk or a disk failure goes unnoticed.",
        remedy="Add each host to hosts: of an inspection, or remove it from the inventory.",
        find=_no_inspection,
    ),
    Rule(
        code="OP221",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no backup",
        why="Its data is lost with the host. Backup servers are not counted.",
        remedy="Add each host to hosts: of a backup; or accept the finding with a reason for hosts that store no data.",
        find=_no_backup,
    ),
    Rule(
        code="OP222",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no service",
        why="Its purpose, its software and its owner are undefined.",
        remedy="Add each host to hosts: of a service, or remove it from the inventory.",
        find=_no_service,
    ),
    Rule(
        code="OP223",
        family="coverage",
        severity=Severity.WARNING,
        title="A host is in no access policy",
        why="Logins are unmanaged, and people who leave keep their keys.",
        remedy="Add each host to hosts: of an access policy.",
        find=_no_access,
    ),
)
