"""What shows that an emergency was rehearsed: its drills, and the runs of runbooks that they name.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.check_attempts import is_outdated
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunFinished, RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed, RunbookStarted
from opspact.obligations.evidence import Evidence, Observation, Outcome
from opspact.obligations.obligation import DrillSource
from opspact.text.durations import format_hours

_OUTCOMES = {
    RunOutcome.DONE: Outcome.DONE,
    RunOutcome.FAILED: Outcome.FAILED,
    RunOutcome.STOPPED: Outcome.UNKNOWN,  # nobody knows whether the runbook would have cured it
}


class DrillEvidence:
    """Evidence of emergencies by their drills."""

    def __init__(self, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._recorded, self._texts = recorded, texts

    def of(self, source: DrillSource) -> Evidence:
        """Given an emergency, return what is known of its drills."""
        texts, text_since = self._texts.of_contract(source.policy), self._texts.contract_text_since(source.policy)
        seen = [
            self._observation(each, outdated=is_outdated(each.at, text_since))
            for each in self._recorded.of_policy(EmergencyRehearsed, source.policy)
        ]
        done = [index for index, each in enumerate(seen) if each.outcome is Outcome.DONE]
        since = [each for each in seen[done[-1] + 1 if done else 0 :] if each.outcome is Outcome.FAILED]
        return Evidence(
            texts[0].at if texts else None,
            latest=seen[-1] if seen else None,
            proof=seen[done[-1]] if done else None,
            failed=since[-1] if since else None,
            is_pending=text_since is None,
        )

    def _observation(self, drill: Recorded[EmergencyRehearsed], *, outdated: bool) -> Observation:
        event = drill.event
        outcome, detail = _OUTCOMES[event.outcome], event.detail
        if outcome is Outcome.DONE:
            if problem := self._problem(event):
                outcome, detail = Outcome.UNKNOWN, problem
            elif event.cured and event.broken:
                took = format_hours(round((event.cured - event.broken).total_seconds()))
                detail = f"cured on {event.host} in {took}"
        return Observation(event.began, event.cured or drill.at, outcome, detail, is_outdated=outdated)

    def _problem(self, event: EmergencyRehearsed) -> str:
        """Return why a drill that went well proves nothing, by the runs that it names; empty: it does."""
        name = event.policy.partition("/")[2]
        for run in (event.fault_run, event.runbook_run):
            started = next(self._recorded.of_run(RunbookStarted, run), None)
            if started is None or started.event.drill != name or event.host not in started.event.targets:
                return f"run {run} is no run of a drill of {name} on {event.host}"
            ends = [each.event.outcome for each in self._recorded.of_run(RunFinished, run)]
            if ends[-1:] != [RunOutcome.DONE]:
                return f"run {run} was not carried out to its end"
        return ""
