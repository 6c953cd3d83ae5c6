"""Rules about emergencies and runbooks: prepared for, tried, found, and safe to follow.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.host_sets import format_hosts
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.shell.destructive_commands import DATABASES, destructive_commands
from opspact.model.finding import Severity
from opspact.model.policies.approval import Approval
from opspact.model.policies.backup import Backup
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook, RunbookStep


def _steps(context: RuleContext) -> Iterator[tuple[Runbook, int, RunbookStep]]:
    for runbook in context.contract.runbooks:
        for index, step in enumerate(runbook.steps):
            yield runbook, index, step


def _called(runbook: Runbook, index: int, step: RunbookStep) -> str:
    return f'step {index + 1} of {runbook.name} ("{step.text.en}")'


def _not_secured(context: RuleContext) -> Iterator[Violation]:
    for runbook, index, step in _steps(context):
        if not step.destructive:
            continue
        without = [
            *_without_approval(step, context.contract.approvals),
            *(_without_way_back(step, context.contract.backups) if step.doing == "run" else ()),
        ]
        if without:
            message = f"{_called(runbook, index, step)} destroys something {', and '.join(without)}"
            path = ("steps", index, "destructive")
            yield Violation(runbook.origin.policy, message, path, subject=f"step {index + 1}")


def _without_approval(step: RunbookStep, approvals: Iterable[Approval]) -> Iterator[str]:
    """Yield in words what is wrong with a step's approval. One that is for what destroys counts for all steps."""
    if any("destructive" in approval.occasions for approval in approvals):
        return
    yield f"with the approval {step.approval}, which is not for: [destructive]" if step.approval else "without approval"


def _without_way_back(step: RunbookStep, backups: Iterable[Backup]) -> Iterator[str]:
    """Yield in words what is wrong with a step's restore point."""
    backup = next((each for each in backups if each.name == step.restore_point), None)
    if backup is None:
        yield "without restore point"
        return
    left_out = [host for host in step.hosts if host not in backup.hosts]
    if left_out:
        yield f"with the restore point {backup.name}, which copies nothing of {format_hosts(left_out)}"
    elif not DATABASES.isdisjoint(destructive_commands(step.command)) and not _dumps_on(backup, step.hosts):
        yield f"with the restore point {backup.name}, which dumps no database of {format_hosts(step.hosts)}"
    elif not backup.paths and not DATABASES.issuperset(destructive_commands(step.command)):
        yield f"with the restore point {backup.name}, which copies no files of {format_hosts(step.hosts)}"


def _dumps_on(backup: Backup, hosts: Iterable[str]) -> bool:
    return any(each.hosts is None or not each.hosts.isdisjoint(hosts) for each in backup.databases)


def _destroys_unsaid(context: RuleContext) -> Iterator[Violation]:
    for runbook, index, step in _steps(context):
        if step.destructive or not step.command:
            continue
        what = destructive_commands(step.command)
        if what:
            message = f"{_called(runbook, index, step)} {what[0]}, and does not say that it is destructive"
            looks = "A check only looks: make it run:, with destructive: true; or use a command that destroys nothing."
            yield Violation(
                runbook.origin.policy,
                message,
                ("steps", index, step.doing),
                looks if step.doing == "check" else "",
                subject=f"step {index + 1}",
            )


def _not_prevented(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if not emergency.prevented_by and not emergency.by_hand:
            message = f"nothing prevents emergency {emergency.name}"
            yield Violation(emergency.origin.policy, message, ("name",))


def _never_tried(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if emergency.drill_within is None:
            message = f"runbook {emergency.runbook} of emergency {emergency.name} is never tried"
            yield Violation(emergency.origin.policy, message, ("runbook",), "for example drill_within: 180 days")


def _not_found(context: RuleContext) -> Iterator[Violation]:
    entries: list[Emergency | Runbook] = [*context.contract.emergencies, *context.contract.runbooks]
    for entry in entries:
        if isinstance(entry, Runbook) and not (entry.symptoms.zh or entry.symptoms.en):
            continue  # found through the emergencies that name it
        missing = [word for word, symptoms in _by_language(entry) if not symptoms]
        if missing:
            kind = "emergency" if isinstance(entry, Emergency) else "runbook"
            message = f"{kind} {entry.name} has no symptoms in {missing[0]}: nobody finds it by them"
            yield Violation(entry.origin.policy, message, ("symptoms",))


def _by_language(entry: Emergency | Runbook) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("Chinese", entry.symptoms.zh), ("English", entry.symptoms.en))


RULES = (
    Rule(
        code="OP233",
        family="coverage",
        severity=Severity.WARNING,
        title="An emergency has no prevention",
        why="The contract promises prevention of each event, not its handling alone.",
        remedy="Name what prevents it, such as prevention: [{backup: daily}], or what people do: [{by_hand: {en: …}}].",
        find=_not_prevented,
    ),
    Rule(
        code="OP234",
        family="coverage",
        severity=Severity.WARNING,
        title="The runbook of an emergency is never tried",
        why="A procedure that nobody has followed yet fails on the day on which it is needed.",
        remedy="Write drill_within:, such as 180 days.",
        find=_never_tried,
    ),
    Rule(
        code="OP235",
        family="coverage",
        severity=Severity.NOTE,
        title="An emergency or runbook is not found in one of the two languages",
        why="The knowledge base is searched by what people say, in Chinese or in English.",
        remedy="Write symptoms: {zh: […], en: […]}.",
        find=_not_found,
    ),
    Rule(
        code="OP241",
        family="safety",
        severity=Severity.ERROR,
        title="A destructive step of a runbook has no approval or no restore point that fits",
        why="Work is promised to happen only while data and system are safe: somebody agrees, and there is a way back.",
        remedy="Write restore_point: a backup of all hosts of the step, with a dump where a database is changed; and "
        "an approval that is for: [destructive], which counts for all steps.",
        find=_not_secured,
    ),
    Rule(
        code="OP242",
        family="safety",
        severity=Severity.WARNING,
        title="A step of a runbook destroys something and does not say so",
        why="Only steps that say so wait for an approval and take a restore point.",
        remedy="Write destructive: true, with approval: and restore_point:; or use a command that destroys nothing.",
        find=_destroys_unsaid,
    ),
)
