"""Which step of a run waits for an approval, and by which policy.

In: the approvals of a run, the run, the time. Out: the step; Refused where none waits.
"""

from collections.abc import Sequence
from datetime import datetime

from opspact.errors import Refused
from opspact.model.runbook_actions import ApproveAction
from opspact.model.text import Text
from opspact.run.state import NotStarted, is_done
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.flow import Flow
from opspact.runbook.history import RunbookRun, run_procedure
from opspact.runbook.procedure import Part, ProcedureStep
from opspact.structs import Struct


class WaitingStep(Struct):
    """A step that waits, by its name in the run, what it says, and the approval policy that it names.

    `needed_at`: the later step at which the run is, where it was approved before and that does not count any more.
    """

    name: str
    text: Text
    approval: str
    needed_at: str = ""


def waiting_step(approvals: RunApprovals, found: RunbookRun, *, named: str | None, at: datetime) -> WaitingStep:
    """Given a run, and a step where one is named, return the step that waits for an approval. Raise Refused for none.

    It is the one that was begun and is not done; or one before, whose approval has expired since, or counts no more for
    another reason. The run's runbook has to be the same here.
    """
    if found.is_over:
        raise Refused(f"run {found.id} is {found.word}")
    stages = run_procedure(approvals.contract, found).steps
    here = next((stage for stage in stages if not is_done(found.state.of(stage.name))), stages[-1])
    is_between = isinstance(found.state.of(here.name), NotStarted)
    if not is_between and here.step and isinstance(here.step.action, ApproveAction) and named in {None, here.name}:
        return WaitingStep(here.name, here.step.text, here.step.action.approval)
    before = stages[: stages.index(here)] if here.part is Part.STEP else ()
    if (again := _approved_no_more(approvals, found, before, named=named, at=at)) is not None:
        stage, approval = again
        return WaitingStep(stage.name, stage.runbook_step.text, approval, here.name)
    wanted = f"step {named}" if named else "an approval"
    where = "it is between two steps" if is_between else f"it is at step {here.name}"
    raise Refused(f"run {found.id} does not wait for {wanted}", hint=where)


def _approved_no_more(
    approvals: RunApprovals, found: RunbookRun, before: Sequence[ProcedureStep], *, named: str | None, at: datetime
) -> tuple[ProcedureStep, str] | None:
    """Return the first approval before a step of the runbook that the run went past, and that does not count now."""
    for stage, approval in Flow(each.event for each in found.steps).needed_approvals(before):
        if named in {None, stage.name} and not approvals.status(stage.name, approval, at=at).is_approved:
            return stage, approval
    return None
