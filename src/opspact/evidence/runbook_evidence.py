"""What shows that runs of runbooks are not left open: each ended, or was abandoned.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunFinished, RunOutcome
from opspact.ledger.runbook_events import RunbookAbandoned, RunbookStarted
from opspact.obligations.evidence import Evidence, Occasion
from opspact.obligations.obligation import RunbookSource


class RunbookEvidence:
    """Evidence of runbooks by their runs."""

    def __init__(self, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._recorded, self._texts = recorded, texts

    def of(self, source: RunbookSource) -> Evidence:
        """Given a runbook, return each of its runs, and when it was closed."""
        policy = f"runbook/{source.runbook}"
        texts = self._texts.of_contract(policy)
        return Evidence(
            texts[0].at if texts else None,
            is_pending=self._texts.contract_text_since(policy) is None,
            occasions=tuple(map(self._occasion, self._recorded.runbook_runs.get(source.runbook, ()))),
        )

    def _occasion(self, started: Recorded[RunbookStarted]) -> Occasion:
        run = started.event.run
        ends = list(self._recorded.of_run(RunFinished, run))
        abandoned = next(self._recorded.of_run(RunbookAbandoned, run), None)
        at = ends[-1].at if ends else started.at
        if abandoned is not None:
            return Occasion(run, at, done=abandoned.at, detail=f"abandoned by {abandoned.actor}")
        is_done = bool(ends) and ends[-1].event.outcome is RunOutcome.DONE
        return Occasion(run, at, done=at if is_done else None, detail=f"done by {started.actor}" if is_done else "")
