"""Rules about rehearsals: a fault is made in drills alone, and a drill makes one.

Comes in: a rule context. Goes out: violations.
"""

from collections.abc import Iterator

from opspact.analyse.rule import Rule, RuleContext, Violation
from opspact.model.finding import Severity
from opspact.model.runbook_actions import CallAction


def _outside_of_drills(context: RuleContext) -> Iterator[Violation]:
    runbooks = {each.name: each for each in context.contract.runbooks}
    faults = {name for name, each in runbooks.items() if each.rehearsal_only}
    for emergency in context.contract.emergencies:
        if emergency.runbook in faults:
            message = f"emergency {emergency.name} is handled by {emergency.runbook}, which makes a fault"
            yield Violation(emergency.origin.policy, message, ("runbook",))
        fault = emergency.rehearsal.fault if emergency.rehearsal else ""
        if fault in runbooks and fault not in faults:
            message = f"the fault of emergency {emergency.name} is {fault}, which may run outside of drills, too"
            yield Violation(emergency.origin.policy, message, ("rehearsal", "fault", "name"))
    for runbook in context.contract.runbooks:
        for index, step in enumerate(runbook.steps):
            if isinstance(step.action, CallAction) and step.action.runbook in faults and not runbook.rehearsal_only:
                message = f"step {step.name} of {runbook.name} calls {step.action.runbook}, which makes a fault"
                yield Violation(runbook.origin.policy, message, ("steps", index, "runbook", "name"))


RULES = (
    Rule(
        code="OP257",
        family="safety",
        severity=Severity.ERROR,
        title="A fault can be made outside of a drill",
        why="A runbook that breaks a host on purpose may run in drills alone, on hosts that are there to be broken.",
        remedy="Set rehearsal_only: true of the runbook that makes the fault, and name it only there.",
        find=_outside_of_drills,
    ),
)
