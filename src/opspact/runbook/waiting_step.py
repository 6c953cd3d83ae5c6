"""Which step of a run waits for an approval, and by which policy.

In: the contract, a run. Out: the step; Refused where none waits.
"""

from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.model.runbook_actions import ApproveAction
from opspact.model.text import Text
from opspact.run.state import NotStarted, is_done
from opspact.runbook.history import RunbookRun, run_procedure
from opspact.structs import Struct


class WaitingStep(Struct):
    """A step that waits, by its name in the run, what it says, and the approval policy that it names."""

    name: str
    text: Text
    approval: str


def waiting_step(contract: Contract, found: RunbookRun, *, named: str | None) -> WaitingStep:
    """Given a run, and a step where one is named, return the step that waits for an approval. Raise Refused for none.

    It is the one that was begun and is not done. Its runbook has to be the same here.
    """
    if found.is_over:
        raise Refused(f"run {found.id} is {found.word}")
    wanted = f"step {named}" if named else "an approval"
    for stage in run_procedure(contract, found).steps:
        state = found.state.of(stage.name)
        if isinstance(state, NotStarted) or is_done(state):
            continue
        if stage.step is None or not isinstance(stage.step.action, ApproveAction) or named not in {None, stage.name}:
            raise Refused(f"run {found.id} does not wait for {wanted}", hint=f"it is at step {stage.name}")
        return WaitingStep(stage.name, stage.step.text, stage.step.action.approval)
    raise Refused(f"run {found.id} does not wait for {wanted}", hint="it is between two steps")
