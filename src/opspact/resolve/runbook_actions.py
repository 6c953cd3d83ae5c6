"""The actions of a runbook's steps: from what is written to its meaning.

Comes in: steps as written, their document's context. Goes out: actions; problems are noted in the context.
"""

import json
from collections.abc import Iterable
from hashlib import sha256

from opspact.model import runbook_actions as actions
from opspact.model.condition import Comparison
from opspact.model.text import complete_text
from opspact.resolve.context import DocumentContext
from opspact.schema.checks import HttpCheck, TcpCheck
from opspact.schema.runbook import actions as written_actions
from opspact.schema.runbook import checks, conditions, inputs, steps
from opspact.schema.unexpected_files import FABFILE, is_fabfile
from opspact.schema.yaml.nodes import PathPart

_CHECKS = ("unit", "file", "package", "process", "tcp", "http", "command")


def resolve_action(step: steps.RunbookStep, index: int, context: DocumentContext) -> actions.Action:
    """Given a step and its place, return what it does; what it names of other policies is noted."""
    match step.action:
        case "command" | "script" | "ansible" | "fabric":
            return _on_hosts(step, context, "steps", index)
        case "check":
            return actions.CheckAction(resolve_checks(step.check or ()))
        case "manual":
            asked = {name: _question(each, name) for name, each in step.ask.items()}
            return actions.ManualAction(complete_text(step.manual, step.name), asked, step.attach or "")
        case "approve":
            return actions.ApproveAction(_named(step.approve, "approval", index, context=context))
        case "backup":
            return actions.BackupAction(_named(step.backup, "backup", index, context=context))
    return _with_parts(step, index, context)


def _named(name: str | None, kind: str, index: int, *, context: DocumentContext) -> str:
    """Return a name that the step has as its action, noted as a reference to a policy of that kind."""
    word = "approve" if kind == "approval" else kind
    context.refer(kind, name or "", "steps", index, word)
    return name or ""


def _question(written: inputs.Question, name: str) -> actions.Question:
    return actions.Question(complete_text(written.text, name), written.pattern or "", written.choice, written.default)


def _with_parts(step: steps.RunbookStep, index: int, context: DocumentContext) -> actions.Action:
    path = ("steps", index)
    if step.wait is not None:
        return actions.WaitAction(resolve_checks(step.wait.until), step.wait.every)
    if step.notify is not None:
        recipient = step.notify.to
        context.refer(recipient.kind, recipient.name, *path, "notify", "to")
        return actions.NotifyAction(recipient, complete_text(step.notify.message, step.name))
    if step.restore is not None:
        context.refer("backup", step.restore.backup, *path, "restore", "backup")
        return _restore(step.restore)
    if step.runbook is None:
        raise AssertionError("the validator lets exactly one action through")
    context.refer("runbook", step.runbook.name, *path, "runbook", "name")
    return actions.CallAction(step.runbook.name, dict(step.runbook.inputs))


def _on_hosts(
    written: steps.RunbookStep | steps.RollbackAction, context: DocumentContext, *path: PathPart
) -> actions.RollbackAction:
    """Return what can also take the effect of a step back."""
    environment = dict(written.environment) if isinstance(written, steps.RunbookStep) else {}
    stdin = written.stdin if isinstance(written, steps.RunbookStep) else None
    if written.ansible is not None:
        return actions.AnsibleAction(json.dumps(written.ansible, ensure_ascii=False))
    if written.command is not None:
        return actions.CommandAction(written.command, written.user or "", environment, stdin)
    if written.script is not None:
        return actions.ScriptAction(written.script, written.user or "", environment, stdin)
    if written.fabric is None:
        raise AssertionError("the validator lets exactly one action through")
    context.file(FABFILE, *path, "fabric", "task")
    files = context.whole.files
    digest = sha256(b"".join(f"{path}\0".encode() + files[path] for path in sorted(filter(is_fabfile, files))))
    return actions.FabricAction(written.fabric.task, dict(written.fabric.arguments), digest.hexdigest())


def resolve_rollback(written: steps.RollbackAction, index: int, context: DocumentContext) -> actions.RollbackAction:
    """Given what takes the effect of a step back, and the step's place, return its meaning."""
    return _on_hosts(written, context, "steps", index, "rollback")


def _restore(written: written_actions.RestoreAction) -> actions.RestoreAction:
    return actions.RestoreAction(
        written.backup,
        written.database or "",
        written.new_name or "",
        written.files,
        written.to or "",
        written.at or "",
    )


def resolve_checks(written: Iterable[checks.RunbookCheck]) -> tuple[actions.RunbookCheck, ...]:
    """Given checks as written, return their meaning."""
    return tuple(map(_check, written))


def _check(written: checks.RunbookCheck) -> actions.RunbookCheck:
    found = next(each for each in (getattr(written, name) for name in _CHECKS) if each is not None)
    match found:
        case checks.UnitCheck():
            return actions.UnitCheck(found.name, found.running, found.enabled)
        case checks.FileCheck():
            return actions.FileCheck(found.path, found.exists, found.contains, found.owner, found.mode)
        case checks.PackageCheck():
            return actions.PackageCheck(found.name, found.installed)
        case checks.ProcessCheck():
            return actions.ProcessCheck(found.name, found.running)
        case checks.CommandCheck():
            output = resolve_comparison(found.output) if found.output else None
            return actions.CommandCheck(found.run, found.user or "", found.exit_code, output)
    return _from_outside(found)


def _from_outside(found: TcpCheck | HttpCheck) -> actions.RunbookCheck:
    if isinstance(found, TcpCheck):
        return actions.TcpCheck(found.port, found.address, found.within.seconds)
    return actions.HttpCheck(found.url, found.status, found.contains or "", found.within.seconds)


def resolve_comparison(written: conditions.Comparison) -> Comparison:
    """Given a comparison as written, return its meaning."""
    return Comparison(
        equals=written.is_,
        differs_from=written.is_not,
        one_of=written.one_of,
        contains=written.contains,
        matches=written.matches,
        above=written.above,
        below=written.below,
    )
