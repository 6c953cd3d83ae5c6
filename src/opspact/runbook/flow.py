"""Which stage of a run is carried out, and which is skipped: gotos and rollbacks, as they are recorded.

Comes in: the events of a run's steps. Goes out: for each stage whether it is skipped, and why.
"""

from collections.abc import Iterable, Iterator

from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome
from opspact.model.policies.runbook import ROLLING_BACK
from opspact.model.runbook_actions import ApproveAction
from opspact.runbook.procedure import Part, ProcedureStep

ROLLBACK = "rollback"
"""What follows a step after which the run is rolled back (`RunbookStepEnded.following`)."""
WAITING = "waiting"
"""How the detail of a stage begins that ended before it did anything, as people have to do something first."""


class Flow:
    """The way that a run takes through its stages."""

    def __init__(
        self,
        events: Iterable[RunbookStepEnded] = (),
        confirmed: Iterable[str] = (),
        interrupted: Iterable[str] = (),
    ) -> None:
        """Given the events of earlier attempts, and the steps of which a person has said that they are done.

        `interrupted`: steps that were begun once and have no result: they may have had their effect anywhere.
        """
        self.is_rolling_back = False
        self._goto = ""
        self._begun: set[tuple[str, str]] = {(step, "") for step in (*confirmed, *interrupted)}
        self._done: set[tuple[str, str]] = set()
        self._skipped: set[tuple[str, str]] = set()
        self._retried: set[str] = set()
        for event in events:
            self.add(event)
        if (self._goto, "") in self._begun:
            self._goto = ""  # a person has said that its target is done

    def add(self, event: RunbookStepEnded) -> None:
        """Given a step that ended, follow it."""
        if event.step == self._goto:
            self._goto = ""
        if event.outcome is StepOutcome.SKIPPED:
            self._skipped.add((event.step, event.host))
        elif event.tries:
            self._begun.add((event.step, event.host))
        if event.outcome is StepOutcome.DONE:
            self._done.add((event.step, event.host))
        if event.following == ROLLBACK:
            self.is_rolling_back = True
        elif event.following:
            self._goto = event.following

    def arrive(self, name: str) -> None:
        """Given the stage that is about to be carried out, end the goto that leads there."""
        if name == self._goto:
            self._goto = ""

    def retry_once(self, step: str) -> bool:
        """Whether a step has not been asked this before: an answer that was given up front would hold for ever."""
        is_first = step not in self._retried
        self._retried.add(step)
        return is_first

    def is_done(self, step: str, host: str) -> bool:
        """Whether a step is done on a host: it is not repeated there when its stage starts over for others."""
        return (step, host) in self._done

    def needed_approvals(self, before: Iterable[ProcedureStep]) -> Iterator[tuple[ProcedureStep, str]]:
        """Given the stages before one that changes something, yield the approvals that it needs: step and policy.

        Those of steps that were skipped are not needed. That a step is recorded as done is no approval: signatures are.
        """
        for each in before:
            if each.part is Part.STEP and not self._is_skipped(each.name):
                action = each.runbook_step.action
                if isinstance(action, ApproveAction):
                    yield each, action.approval

    def _is_skipped(self, step: str) -> bool:
        return any(name == step for name, _ in self._skipped) and not any(name == step for name, _ in self._done)

    def has_started(self, step: str) -> bool:
        """Whether a step was begun, on whatever host."""
        return any(name == step for name, _ in self._begun)

    def rollback_hosts(self, stage: ProcedureStep) -> tuple[str, ...]:
        """Given a stage that takes a step back, return the hosts on which that step was begun, for all one knows."""
        step = stage.name.removeprefix(ROLLING_BACK)
        may_be = {host for host in stage.hosts if (step, "") in self._begun and (step, host) not in self._skipped}
        return tuple(host for host in stage.hosts if (step, host) in self._begun or host in may_be)

    def is_started(self, step: str, host: str) -> bool:
        """Whether it is known that a step was begun on a host."""
        return (step, host) in self._begun

    def skip_reason(self, stage: ProcedureStep) -> str:
        """Given a stage, return why it is skipped; empty: it is carried out."""
        if stage.part is Part.ROLLBACK:
            if not self.is_rolling_back:
                return "nothing is rolled back"
            return "" if self.rollback_hosts(stage) else "its step was not carried out"
        if stage.part is Part.CLOSE:
            return ""
        if self.is_rolling_back:
            return "the run is rolled back"
        return f"{self._goto} follows" if self._goto and stage.name != self._goto else ""
