"""Applies that did not wait for an approval, and who reviewed them.

Comes in: what is recorded, the texts in effect. Goes out: evidence for the judge.
"""

from collections.abc import Iterator

from opspact.evidence.applied_texts import AppliedTexts
from opspact.evidence.emergency_grants import first_review
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.approval_events import ApprovalSkipped
from opspact.ledger.person_events import PersonRecorded
from opspact.model.contract import Contract
from opspact.obligations.evidence import Evidence, Occasion
from opspact.obligations.obligation import PersonSource


class SkippedApprovals:
    """The applies in emergencies, by approval policy, and what is owed after each."""

    def __init__(self, contract: Contract, recorded: RecordedEvents, texts: AppliedTexts) -> None:
        self._contract, self._recorded, self._texts = contract, recorded, texts

    def of(self, source: PersonSource) -> Evidence:
        """Given what people record of an approval after each apply without it, return what is known of it."""
        texts = self._texts.of_contract(source.policy)
        return Evidence(
            texts[0].at if texts else None,
            is_pending=self._texts.contract_text_since(source.policy) is None,
            occasions=tuple(self._occasions(source)),
        )

    def _occasions(self, source: PersonSource) -> Iterator[Occasion]:
        """Yield each such apply; it is reviewed by somebody who may approve and did not act."""
        approvals = (each for each in self._contract.approvals if each.origin.policy == source.policy)
        roles = {approval.role for approval in approvals}
        people = self._contract.people.values()
        approvers = {person.name for person in people if not roles.isdisjoint(person.teams)}
        reviews = list(self._recorded.of_policy(PersonRecorded, source.policy))
        for each in self._recorded.of_policy(ApprovalSkipped, source.policy):
            by = approvers - {each.event.person}
            review = first_review((one for one in reviews if one.event.person in by), source, ended=each.at)
            name = f"{each.event.run} by {each.event.person or each.actor}"
            detail = f"the newest, {name}, was reviewed by {review.event.person}" if review else ""
            yield Occasion(name, each.at, review.at if review else None, detail)
