"""What checks of hosts prove of a policy's steps there.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from collections.abc import Iterator
from itertools import takewhile

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.check_attempts import check_attempts
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.events import Recorded
from opspact.obligations.evidence import Evidence, Outcome
from opspact.obligations.obligation import CheckSource
from opspact.steps.check import Reach


class CheckEvidence:
    """Evidence of policies by checks of their steps."""

    def __init__(self, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._recorded, self._texts = recorded, texts

    def of(self, source: CheckSource, policy: str) -> Evidence:
        """Given a host and a policy that has steps there, return what the checks of that host prove."""
        recorded, host = self._recorded, source.host
        texts, checked = self._texts.of(policy, host), recorded.checks.get(f"host/{host}")
        text_since, wanted = self._texts.text_since(policy, host), self._texts.steps(policy, host)
        assert wanted is not None, "obligations by checks are of policies with steps on that host"
        is_pending, removed = text_since is None, self._texts.removed(policy, host)
        checks = takewhile(lambda one: removed is None or one.sequence > removed.sequence, self._counting(host))
        attempts = list(check_attempts(checks, policy, wanted, text_since=text_since))
        proof = next((each for each in attempts if each.outcome is Outcome.DONE), None)
        if not texts and not proof and not self._was_tried(policy, checked):
            return Evidence(unreachable=recorded.unreachable(host), is_pending=is_pending)
        return Evidence(
            texts[0].at if texts else None,
            latest=next(iter(attempts), None),
            proof=proof,
            unreachable=recorded.unreachable(host),
            is_pending=is_pending,
            failed=next((each for each in attempts if each.outcome is Outcome.FAILED), None),
        )

    def _counting(self, host: str) -> Iterator[Recorded[HostChecked]]:
        """Yield the checks of a host that say something of it, the newest first.

        One that did not reach it does until the host answers again, and where another opspact had locked it, only if
        no check ever reached it.
        """
        is_unreachable = self._recorded.unreachable(host) is not None
        never_reached = all(each.event.reach is not Reach.REACHED for each in self._recorded.of_host(host))
        for each in self._recorded.of_host(host):
            reach = each.event.reach
            if reach is Reach.REACHED or never_reached or (is_unreachable and reach.is_unreachable):
                yield each

    def _was_tried(self, policy: str, checked: Recorded[HostChecked] | None) -> bool:
        """Given the newest check of a host, return whether the newest apply that reached it was to bring a policy."""
        apply = self._recorded.newest_apply(checked.event.subject) if checked else None
        return apply is not None and policy in apply.policies
