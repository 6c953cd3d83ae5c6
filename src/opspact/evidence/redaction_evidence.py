"""What shows that a redaction masks what it promises to: its sample lines as they stand in the ledger, hosts' results.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.check_attempts import is_outdated
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.redaction_check import digest_of
from opspact.ledger.redaction_events import RedactionChecked
from opspact.obligations.evidence import Evidence, Observation, Outcome
from opspact.obligations.obligation import RedactionSource
from opspact.text.counts import format_count
from opspact.text.names import join_names


class RedactionEvidence:
    """Evidence of redactions by checks of their sample lines, and by what hosts left unmasked."""

    def __init__(self, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._recorded, self._texts = recorded, texts

    def of(self, source: RedactionSource) -> Evidence:
        """Given the sample lines of a redaction, return what is known of it."""
        texts, text_since = self._texts.of_contract(source.policy), self._texts.contract_text_since(source.policy)
        checked = self._recorded.redaction_checks.get(f"policy/{source.policy}")
        seen = None
        if checked:
            outcome, detail = _outcome(checked.event, source)
            outdated = is_outdated(checked.at, text_since)
            seen = Observation(checked.at, checked.at, outcome, detail, is_outdated=outdated)
        return Evidence(
            texts[0].at if texts else None,
            latest=seen,
            proof=seen if seen and seen.outcome is Outcome.DONE else None,
            against=self._unmasked(),
            is_pending=text_since is None,
        )

    def _unmasked(self) -> tuple[str, ...]:
        """Return the hosts' newest results of jobs in which something was left unmasked."""
        results = (taken.event for taken in self._recorded.results.values())
        return tuple(
            f"{it.result.host} kept a result of {it.result.job} in which secrets are not masked"
            for it in results
            if it.has_secrets
        )


def _outcome(event: RedactionChecked, source: RedactionSource) -> tuple[Outcome, str]:
    """Return what a check comes to, and that in words."""
    if event.lines != digest_of(source.samples):
        return Outcome.UNKNOWN, "its sample lines have changed since the last check"
    pairs = enumerate(zip(event.planted, source.samples, strict=True), 1)
    open_lines = [str(number) for number, (stored, (_, secret)) in pairs if secret in stored]
    if open_lines:
        return Outcome.FAILED, f"not masked in the ledger: line {join_names(open_lines)} under hides"
    if event.found:
        return Outcome.FAILED, f"a line under hides stands unmasked in event {join_names(list(map(str, event.found)))}"
    return Outcome.DONE, f"{format_count(len(event.planted), 'sample line')} masked"
