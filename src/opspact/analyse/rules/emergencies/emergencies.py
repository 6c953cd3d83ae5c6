"""Rules about emergencies and runbooks: prepared for, tried, found, and safe to follow.

Comes in: a rule context. Goes out: violations.
"""

import shlex
from collections.abc import Iterable, Iterator

from opspact.analyse.host_sets import format_hosts
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.shell.destructive_commands import DATABASES, destructive_commands
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.model.policies.emergency import Emergency
from opspact.model.policies.runbook import Runbook, RunbookStep
from opspact.model.runbook_actions import ApproveAction, CommandAction, ScriptAction


def _steps(context: RuleContext) -> Iterator[tuple[Runbook, int, RunbookStep]]:
    for runbook in context.contract.runbooks:
        for index, step in enumerate(runbook.steps):
            yield runbook, index, step


def _called(runbook: Runbook, step: RunbookStep) -> str:
    return f'step {step.name} of {runbook.name} ("{step.text.en}")'


def _commands(step: RunbookStep) -> str:
    """Return the commands of a step for sh; empty where it has none."""
    match step.action:
        case CommandAction():
            return shlex.join(step.action.run)
        case ScriptAction():
            return step.action.script
    return ""


def _hosts(runbook: Runbook, step: RunbookStep) -> tuple[str, ...]:
    """Return every host on which a step may be carried out."""
    if step.hosts.input:
        return runbook.inputs[step.hosts.input].hosts if step.hosts.input in runbook.inputs else ()
    return step.hosts.names or runbook.hosts


def _not_secured(context: RuleContext) -> Iterator[Violation]:
    approvals = {each.name: each for each in context.contract.approvals}
    for runbook, index, step in _steps(context):
        if not step.destructive:
            continue
        before = [each.action.approval for each in runbook.steps[:index] if isinstance(each.action, ApproveAction)]
        approved = any("destructive" in approvals[name].occasions for name in before if name in approvals)
        without = [
            *([] if approved else ["no step before it that waits for an approval with for: [destructive]"]),
            *_without_way_back(runbook, step, context.contract.backups),
        ]
        if without:
            message = f"{_called(runbook, step)} is destructive, but has {' and '.join(without)}"
            path = ("steps", index, "destructive")
            yield Violation(runbook.origin.policy, message, path, subject=f"step {step.name}")


def _without_way_back(runbook: Runbook, step: RunbookStep, backups: Iterable[Backup]) -> Iterator[str]:
    """Yield in words what a step has for a restore point, if that is wrong."""
    if runbook.without_restore_point is not None:
        return
    used = [each for each in backups if each.name in runbook.restore_points]
    if not used:
        yield "no restore point"
        return
    hosts, commands = _hosts(runbook, step), destructive_commands(_commands(step))
    left_out = [host for host in hosts if not any(host in each.hosts for each in used)]
    names = " and ".join(each.name for each in used)
    if left_out:
        yield f"restore point {names}, which does not cover {format_hosts(left_out)}"
    elif not DATABASES.isdisjoint(commands) and not any(_dumps_on(each, hosts) for each in used):
        yield f"restore point {names}, which dumps no database of {format_hosts(hosts)}"
    elif not any(each.paths for each in used) and not DATABASES.issuperset(commands):
        yield f"restore point {names}, which copies no files of {format_hosts(hosts)}"


def _dumps_on(backup: Backup, hosts: Iterable[str]) -> bool:
    return any(each.hosts is None or not each.hosts.isdisjoint(hosts) for each in backup.databases)


def _destroys_unsaid(context: RuleContext) -> Iterator[Violation]:
    for runbook, index, step in _steps(context):
        what = () if step.destructive else destructive_commands(_commands(step))
        if what:
            message = f"{_called(runbook, step)} {what[0]}, but is not marked destructive"
            path = ("steps", index, "script" if isinstance(step.action, ScriptAction) else "command")
            yield Violation(runbook.origin.policy, message, path, subject=f"step {step.name}")


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
            "Set restore_point: of the runbook to a backup of all hosts of the step, with a dump if it changes a "
            "database; and add a step with approve: before it, an approval with for: [destructive]."
        ),
        find=_not_secured,
    ),
    Rule(
        code="OP242",
        family="safety",
        severity=Severity.WARNING,
        title="A destructive runbook step is not marked destructive",
        why="Only steps marked destructive wait for an approval and create a restore point.",
        remedy="Set destructive: true, with an approve: step before and a restore_point:; or use another command.",
        find=_destroys_unsaid,
    ),
)
