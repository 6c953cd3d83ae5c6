"""The text of a run's runbook: as it is here, or as it was at the run's commit.

Comes in: the contract's folder, how the run began. Goes out: its procedure, and whether it is the text that was run.
"""

from opspact.errors import Refused
from opspact.ledger.events import Recorded
from opspact.ledger.runbook_events import RunbookStarted
from opspact.model.contract import Contract
from opspact.model.runbook_actions import ApproveAction
from opspact.model.text import Text
from opspact.runbook.procedure import Procedure, ProcedureStep, procedure
from opspact.runbook.request import find_runbook
from opspact.structs import Struct
from opspact.workspace.workspace import Workspace


class RunText(Struct):
    """A run's procedure. None: no text of its runbook is known. `is_same`: it is the text that was run."""

    procedure: Procedure | None = None
    is_same: bool = False

    def step(self, name: str) -> ProcedureStep | None:
        """Given a stage's name, return it; None where the text has none of that name."""
        steps = self.procedure.steps if self.procedure else ()
        return next((each for each in steps if each.name == name), None)

    def words(self, name: str) -> Text | None:
        """Given a stage's name, return what its step is for; None where that is not known."""
        found = self.step(name)
        return found.step.text if found and found.step else None

    def approval(self, name: str) -> str:
        """Given a stage's name, return the approval policy that its step names; empty: none is known."""
        found = self.step(name)
        action = found.step.action if found and found.step else None
        return action.approval if isinstance(action, ApproveAction) else ""


def run_text(workspace: Workspace, contract: Contract, started: Recorded[RunbookStarted]) -> RunText:
    """Given the contract's folder and what it holds now, and how a run began, return the text that was run.

    Where neither the folder nor its commit has that, it is the text that is here now.
    """
    here = _procedure(contract, started.event)
    if here is not None and here.digest == started.event.digest:
        return RunText(here, is_same=True)
    commit = started.commit.partition("+")[0]
    then = None
    if commit:
        try:
            then = _procedure(workspace.contract_at(commit), started.event)
        except Refused:  # git does not have it, or this version does not read it
            then = None
    if then is not None and then.digest == started.event.digest:
        return RunText(then, is_same=True)
    return RunText(here)


def _procedure(contract: Contract, started: RunbookStarted) -> Procedure | None:
    try:
        runbook = find_runbook(contract, started.runbook)
        return procedure(contract, runbook, started.targets, inputs=started.inputs)
    except Refused:
        return None
