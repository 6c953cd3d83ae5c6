"""Rules about what runbooks destroy: said, approved, with a way back.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterable, Iterator

from opspact.analyse.destructive_actions import action_losses, check_losses, step_losses
from opspact.analyse.host_sets import format_hosts, host_sets, union
from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.analyse.runbook_steps import LocatedStep, located_steps
from opspact.analyse.runbook_values import gotos, value_sources
from opspact.analyse.shell.destructive_commands import DATABASES
from opspact.model.finding import Severity
from opspact.model.policies.backup import Backup
from opspact.model.policies.runbook import OnFailure, Runbook, RunbookStep
from opspact.model.runbook_actions import ApproveAction, CheckAction, ManualAction, WaitAction


def _not_secured(context: RuleContext) -> Iterator[Violation]:
    approvals = {each.name for each in context.contract.approvals if "destructive" in each.occasions}
    for located in context.once(located_steps):
        if not located.step.destructive or located.runbook.rehearsal_only:
            continue
        without = [
            *([] if _is_approved(located, approvals) else ["no step that waits for an approval for it"]),
            *_without_way_back(located, context),
        ]
        if without:
            message = f"{located.called} is destructive, but has {' and '.join(without)}"
            yield Violation(located.policy, message, located.path("destructive"), subject=located.subject)


def _is_approved(located: LocatedStep, approvals: set[str]) -> bool:
    """Whether a step before it waits for an approval of what is destructive, and cannot be passed over."""
    jumps = gotos(located.runbook)
    return any(
        isinstance(each.action, ApproveAction)
        and each.action.approval in approvals
        and _is_waited_for(each, index, located)
        and not any(start <= index < end <= located.index for start, end in jumps)
        and each.on_failure not in _PASSED
        for index, each in enumerate(located.runbook.steps[: located.index])
    )


def _is_waited_for(approval: RunbookStep, index: int, located: LocatedStep) -> bool:
    """Whether an approval is waited for whenever a step is carried out: always, or by the same condition as that."""
    if not approval.when.alternatives:
        return True
    return approval.when == located.step.when and all(_is_same(name, index, located) for name in approval.when.names)


def _is_same(name: str, index: int, located: LocatedStep) -> bool:
    """Whether a value is the same one at an approval, by its index, and at a step after it, on whatever host."""
    runbook = located.runbook
    if name in runbook.inputs:
        return True
    sources = [each.index for each in value_sources(runbook).get(name, []) if each.index < located.index]
    if not sources:
        return name in {step.name for step in runbook.steps[:index]}
    return max(sources) < index and all(_is_of_one_host(runbook, runbook.steps[source]) for source in sources)


def _is_of_one_host(runbook: Runbook, step: RunbookStep) -> bool:
    """Whether a step is carried out on one host at most, or on none."""
    if isinstance(step.action, ManualAction) or step.hosts.input:
        return True
    return len(step.hosts.names) == 1 if step.hosts.names else runbook.max_targets == 1


_PASSED = frozenset({OnFailure.CONTINUE, OnFailure.ASK})
"""What follows an approval that failed, so that the next step is carried out all the same."""


def _without_way_back(located: LocatedStep, context: RuleContext) -> Iterator[str]:
    """Yield in words what a step has for a restore point, if that is wrong."""
    if located.runbook.without_restore_point is not None:
        return
    used = [each for each in context.contract.backups if each.name in located.runbook.restore_points]
    if not used:
        yield "no restore point"
        return
    hosts, losses = located.hosts, context.once(step_losses)[located.key]
    sets = context.once(host_sets)
    left_out = sets.names(sets.of(hosts) & ~union(sets.of(each.hosts) for each in used))
    names = " and ".join(each.name for each in used)
    if left_out:
        yield f"restore point {names}, which does not cover {format_hosts(left_out)}"
    elif not DATABASES.isdisjoint(losses) and not any(_dumps_on(each, hosts) for each in used):
        yield f"restore point {names}, which dumps no database of {format_hosts(hosts)}"
    elif not any(each.paths for each in used) and not DATABASES.issuperset(losses):
        yield f"restore point {names}, which copies no files of {format_hosts(hosts)}"


def _dumps_on(backup: Backup, hosts: Iterable[str]) -> bool:
    return any(each.hosts is None or not each.hosts.isdisjoint(hosts) for each in backup.databases)


def _destroys_unsaid(context: RuleContext) -> Iterator[Violation]:
    for located in context.once(located_steps):
        losses = () if located.step.destructive else context.once(step_losses)[located.key]
        if losses:
            message = f"{located.called} {losses[0]}, but is not marked destructive"
            is_check = isinstance(located.step.action, CheckAction | WaitAction)
            remedy = _NO_CHECK if is_check else ""
            yield Violation(located.policy, message, located.action_path, remedy, subject=located.subject)
        action = None if located.step.destructive else located.step.rollback_action
        undone = action_losses(action) if action is not None else ()
        if undone:
            message = f"the rollback of {located.called} {undone[0]}, but the step is not marked destructive"
            yield Violation(located.policy, message, located.path("rollback"), subject=f"{located.subject} rollback")
    for runbook in context.contract.runbooks:
        yield from _destructive_preconditions(runbook)


def _destructive_preconditions(runbook: Runbook) -> Iterator[Violation]:
    for index, each in enumerate(runbook.preconditions):
        if losses := check_losses(each.checks):
            message = f"precondition {index + 1} of {runbook.name} {losses[0]}"
            path = ("preconditions", index, "check")
            yield Violation(str(runbook.origin.policy), message, path, _NO_CHECK, subject=f"precondition {index + 1}")


_NO_CHECK = "A check changes nothing: use command: with destructive: true, or a command that is not destructive."

RULES = (
    Rule(
        code="OP241",
        family="safety",
        severity=Severity.ERROR,
        title="A destructive runbook step lacks an approval or a valid restore point",
        why="Destructive work requires an approval and a way back.",
        remedy=(
            "Add a step with approve: before it (for: [destructive]), without when: or with the same when:; set "
            "restore_point: of the runbook to a backup of all hosts of the step, with a dump if it changes a database."
        ),
        find=_not_secured,
    ),
    Rule(
        code="OP242",
        family="safety",
        severity=Severity.WARNING,
        title="A destructive runbook step is not marked destructive",
        why="Only steps marked destructive need an approval and ask for the name of the target.",
        remedy="Set destructive: true, with an approve: step before and a restore_point:; or use another command.",
        find=_destroys_unsaid,
    ),
)
