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
            message = f"{_called(runbook, index, step)} is destructive, but has {' and '.join(without)}"
            path = ("steps", index, "destructive")
            yield Violation(runbook.origin.policy, message, path, subject=f"step {index + 1}")


def _without_approval(step: RunbookStep, approvals: Iterable[Approval]) -> Iterator[str]:
    """Yield in words what a step has for an approval, if that is wrong.

    One that is for what destroys counts for all steps.
    """
    if any("destructive" in approval.occasions for approval in approvals):
        return
    yield f"approval {step.approval}, which is not for: [destructive]" if step.approval else "no approval"


def _without_way_back(step: RunbookStep, backups: Iterable[Backup]) -> Iterator[str]:
    """Yield in words what a step has for a restore point, if that is wrong."""
    backup = next((each for each in backups if each.name == step.restore_point), None)
    if backup is None:
        yield "no restore point"
        return
    covered = frozenset(backup.hosts)
    left_out = [host for host in step.hosts if host not in covered]
    if left_out:
        yield f"restore point {backup.name}, which does not cover {format_hosts(left_out)}"
    elif not DATABASES.isdisjoint(destructive_commands(step.command)) and not _dumps_on(backup, step.hosts):
        yield f"restore point {backup.name}, which dumps no database of {format_hosts(step.hosts)}"
    elif not backup.paths and not DATABASES.issuperset(destructive_commands(step.command)):
        yield f"restore point {backup.name}, which copies no files of {format_hosts(step.hosts)}"


def _dumps_on(backup: Backup, hosts: Iterable[str]) -> bool:
    return any(each.hosts is None or not each.hosts.isdisjoint(hosts) for each in backup.databases)


def _destroys_unsaid(context: RuleContext) -> Iterator[Violation]:
    for runbook, index, step in _steps(context):
        if step.destructive or not step.command:
            continue
        what = destructive_commands(step.command)
        if what:
            message = f"{_called(runbook, index, step)} {what[0]}, but is not marked destructive"
            looks = (
                "A check must not change anything: use run: with destructive: true, or a command that is not "
                "destructive."
            )
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
            message = f"emergency {emergency.name} has no prevention"
            yield Violation(emergency.origin.policy, message, ("name",))


def _never_tried(context: RuleContext) -> Iterator[Violation]:
    for emergency in context.contract.emergencies:
        if emergency.drill_within is None:
            message = f"runbook {emergency.runbook} of emergency {emergency.name} has no drill"
            yield Violation(emergency.origin.policy, message, ("runbook",), "Set drill_within:, such as 180 days.")


def _not_found(context: RuleContext) -> Iterator[Violation]:
    entries: list[Emergency | Runbook] = [*context.contract.emergencies, *context.contract.runbooks]
    for entry in entries:
        if isinstance(entry, Runbook) and not (entry.symptoms.zh or entry.symptoms.en):
            continue  # found through the emergencies that name it
        missing = [word for word, symptoms in _by_language(entry) if not symptoms]
        if missing:
            kind = "emergency" if isinstance(entry, Emergency) else "runbook"
            message = f"{kind} {entry.name} has no symptoms in {missing[0]}, so a search does not find it"
            yield Violation(entry.origin.policy, message, ("symptoms",))


def _by_language(entry: Emergency | Runbook) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("Chinese", entry.symptoms.zh), ("English", entry.symptoms.en))


RULES = (
    Rule(
        code="OP233",
        family="coverage",
        severity=Severity.WARNING,
        title="An emergency has no prevention",
        why="The contract requires prevention of each event, not only a response.",
        remedy="Add prevention, such as prevention: [{backup: daily}], or manual work: [{by_hand: {en: …}}].",
        find=_not_prevented,
    ),
    Rule(
        code="OP234",
        family="coverage",
        severity=Severity.WARNING,
        title="The runbook of an emergency has no drill",
        why="An untested procedure fails when it is needed.",
        remedy="Set drill_within:, such as 180 days.",
        find=_never_tried,
    ),
    Rule(
        code="OP235",
        family="coverage",
        severity=Severity.NOTE,
        title="An emergency or runbook has no symptoms in one language",
        why="The knowledge base is searched by symptoms, in Chinese and in English.",
        remedy="Set symptoms: {zh: […], en: […]}.",
        find=_not_found,
    ),
    Rule(
        code="OP241",
        family="safety",
        severity=Severity.ERROR,
        title="A destructive runbook step lacks an approval or a valid restore point",
        why="Destructive work requires an approval and a way back.",
        remedy=(
            "Set restore_point: to a backup of all hosts of the step, with a dump if it changes a database; and "
            "add an approval with for: [destructive], which applies to all steps."
        ),
        find=_not_secured,
    ),
    Rule(
        code="OP242",
        family="safety",
        severity=Severity.WARNING,
        title="A destructive runbook step is not marked destructive",
        why="Only steps marked destructive wait for an approval and create a restore point.",
        remedy="Set destructive: true with approval: and restore_point:; or use a command that is not destructive.",
        find=_destroys_unsaid,
    ),
)
