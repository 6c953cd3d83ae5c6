"""What people recorded of what policies owe.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from opspact.evidence.applied_texts import AppliedTexts, jobs_since, schedules_of
from opspact.evidence.check_attempts import is_outdated
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.person_events import PersonRecorded
from opspact.obligations.evidence import Evidence, Outcome, observed_day
from opspact.obligations.obligation import PersonSource


class PersonEvidence:
    """Evidence of policies by records of people. It is owed wherever its policy is in effect: of the policy itself."""

    def __init__(self, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._recorded, self._texts = recorded, texts

    def of(self, source: PersonSource) -> Evidence:
        """Given what people record of a policy, return what is known of it."""
        texts, newest = self._texts.of_contract(source.policy), self._recorded.newest_record(source.policy, source.what)
        text_since = self._texts.contract_text_since(source.policy)
        jobs = jobs_since(texts, source.what)
        seen = None
        if newest:
            outcome, detail = _outcome(newest.event, source)
            outdated = is_outdated(newest.at, text_since)
            seen = observed_day(newest.event.day, source.zone, outcome, detail=detail, is_outdated=outdated)
        return Evidence(
            texts[0].at if texts else None,
            latest=seen,
            proof=seen if seen and seen.outcome is Outcome.DONE else None,
            schedules=schedules_of(jobs),
            is_pending=text_since is None,
        )


def _outcome(event: PersonRecorded, source: PersonSource) -> tuple[Outcome, str]:
    """Return what a record comes to, and that in words."""
    by = event.person
    if source.minimum is None:
        return Outcome.DONE, f"recorded by {by}"
    if event.found is None:
        return Outcome.UNKNOWN, f"recorded by {by} without a number"
    if event.found < source.minimum:
        return Outcome.FAILED, f"{event.found} counted by {by}, at least {source.minimum} required"
    return Outcome.DONE, f"{event.found} counted by {by}"
