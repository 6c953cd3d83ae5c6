"""Approvals of a run's steps: signatures judged when they are received, recorded, and judged again when they count.

In: the ledger, the contract, a run, signed approvals, the time. Out: how a step stands. Nothing is believed of what is
recorded: its signature is checked each time, as whoever may write the ledger could record anything.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime

from opspact.errors import Refused
from opspact.evidence.approvals import (
    Approval,
    ApprovalStatus,
    approval_status,
    invalid_time_reason,
    missing_words,
    reason_not_checked,
    required,
    roles_of,
    signed_by,
)
from opspact.fleet.ssh_signature import InvalidSignature
from opspact.ledger.context import Context
from opspact.ledger.event import EMPTY, Head
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunStarted
from opspact.ledger.runbook_events import RunbookAnswered, RunbookApproved, RunbookStarted, RunbookStepEnded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.names import RUNBOOK_NAMESPACE
from opspact.model.policies.approval import Approval as ApprovalPolicy
from opspact.runbook.approval_statement import SignedApproval, Statement, StepApproval
from opspact.runbook.requesters import Requesters, requesters
from opspact.structs import Struct, replace

Started = Recorded[RunbookStarted]
_NOBODY = Requesters(frozenset(), ())


class StepApprovalStatus(Struct):
    """How a step's approval stands. `unknown`: actors of the run that may be those who approve, for all one knows."""

    status: ApprovalStatus
    unknown: tuple[str, ...] = ()

    @property
    def is_approved(self) -> bool:
        """Whether all have approved who have to."""
        return self.status.requirement.is_checked and not self.status.missing and not self.unknown

    @property
    def words(self) -> str:
        """Who has approved; or what is missing, and why others do not count."""
        requirement = self.status.requirement
        if not requirement.is_checked:
            return f"approval {requirement.approval.name} cannot be given: {reason_not_checked(requirement)}"
        if self.unknown:
            return (
                f"approval {requirement.approval.name} is missing: it must not come from the requester, "
                f"and no policy says who {', '.join(self.unknown)} is"
            )
        return missing_words(self.status) if self.status.missing else f"approved by {', '.join(self.status.approvers)}"


class RunApprovals(Struct):
    """The approvals of one run's steps. `contract` decides whose yes is needed, and which keys are whose."""

    ledger: Ledger
    contract: Contract
    started: Started

    def to_approve(self, step: str, approval: str, *, before: int | None = None) -> StepApproval:
        """Given a step and its approval policy, return what is to be approved, as the run stands now.

        `before`: as it stood before the event of this sequence number.
        """
        event = self.started.event
        return StepApproval(
            contract=self.contract.name,
            run=event.run,
            runbook=event.runbook,
            digest=event.digest,
            started=str(self.started.head),
            after=str(self._progress(step, before)),
            targets=event.targets,
            inputs=event.inputs,
            step=step,
            approval=approval,
            requester=self.started.actor,
        )

    def _progress(self, step: str, before: int | None) -> Head:
        """Return the newest event by which the run went on: what ended before the step, what was answered there.

        What a step after it came to is none, or nothing would be approved any more once one has ended.
        """
        subject, contract, later = self._subject, self.contract.name, self._from(step)
        limit = math.inf if before is None else before
        ended = self.ledger.read(RunbookStepEnded, contract=contract, subject=subject, newest_first=True)
        answered = self.ledger.read(RunbookAnswered, contract=contract, subject=subject, newest_first=True)
        heads = (
            next((each.head for each in found if each.event.step not in later and each.sequence < limit), EMPTY)
            for found in (ended, answered)
        )
        return max(self.started.head, *heads, key=lambda head: head.sequence)

    def _from(self, step: str) -> frozenset[str]:
        """Return a step and those after it, in the order that was recorded as the run began: `started` covers it."""
        begun = next(self.ledger.read(RunStarted, contract=self.contract.name, subject=self._subject), None)
        stages = begun.event.stages if begun else ()
        return frozenset(stages[stages.index(step) :]) if step in stages else frozenset({step})

    @property
    def _subject(self) -> str:
        return f"run/{self.started.event.run}"

    def judged(self, signed: SignedApproval, *, at: datetime) -> Approval:
        """Given a signed approval, return it as it is seen now, with why it counts for nothing."""
        statement = signed.statement
        given = statement.of
        why = _is_of_another(given, self.to_approve(given.step, given.approval))
        why = why or invalid_time_reason(statement.approved, at)
        if why:
            return Approval("", "", statement.approved, None, source=signed.file, why=why)
        seen = self._signed(statement, signed.signature, at=at, received=None, source=signed.file)
        if seen.why:
            return seen
        status, unknown = self._status(given.approval, [seen], at=at)
        why = next((why for _, why in status.others), "")
        if not why and unknown:
            why = StepApprovalStatus(status, unknown).words
        return _with(seen, why) if why else seen

    def _signed(
        self, statement: Statement, signature: str, *, at: datetime, received: datetime | None, source: str
    ) -> Approval:
        """Return who signed; `at` is when the key has to be valid."""
        try:
            by = signed_by(statement.signed_bytes(), signature, self.contract, namespace=RUNBOOK_NAMESPACE, at=at)
        except InvalidSignature as error:
            return Approval("", "", statement.approved, received, source=source, why=str(error))
        roles = roles_of(self.contract.people[by.person])
        return Approval(by.person, by.fingerprint, statement.approved, received, roles, source)

    def _status(
        self, approval: str, approvals: Iterable[Approval], *, at: datetime
    ) -> tuple[ApprovalStatus, tuple[str, ...]]:
        policy = approval_policy(self.contract, approval)
        asked = requesters(self.ledger, self.contract, self.started.event.run) if policy.not_requester else _NOBODY
        requirement = required(self.contract, policy, (f"run {self.started.event.run}",))
        return approval_status(requirement, approvals, requesters=asked.people, at=at), asked.unknown

    def status(self, step: str, approval: str, *, at: datetime) -> StepApprovalStatus:
        """Given a step and its approval policy, return how its approval stands at a time.

        Raise Refused where the contract has no such policy.
        """
        return StepApprovalStatus(*self._status(approval, self._recorded(self.to_approve(step, approval)), at=at))

    def receive(self, given: Iterable[SignedApproval], *, context: Context) -> tuple[Approval, ...]:
        """Given signed approvals of steps, record those that were not before; return them, with who approved.

        Raise Refused, recording none, with each that counts for nothing and why.
        """
        seen = [(signed, self.judged(signed, at=context.at)) for signed in given]
        if refused := [f"{each.person or each.source}: {each.why}" for _, each in seen if each.why]:
            raise Refused(f"the approval does not count: {'; '.join(refused)}")
        events = [self._event(signed, each) for signed, each in seen]
        self.ledger.record_all(events, context=context, skip_recorded=True)
        return tuple(each for _, each in seen)

    def _event(self, signed: SignedApproval, approval: Approval) -> RunbookApproved:
        return RunbookApproved(
            run=self.started.event.run,
            step=signed.statement.of.step,
            person=approval.person,
            fingerprint=approval.fingerprint,
            approved=approval.approved,
            roles=approval.roles,
            requester=self.started.actor,
            digest=signed.statement.of.own_digest,
            signature=signed.signature,
        )

    def proof(self, recorded: Recorded[RunbookApproved], approval: str) -> Approval:
        """Given a recorded approval and the policy that its step names, return who signed it, or why it is none."""
        event = recorded.event
        thing = self.to_approve(event.step, approval, before=recorded.sequence)
        return self._proof(recorded, thing)

    def _proof(self, recorded: Recorded[RunbookApproved], thing: StepApproval) -> Approval:
        event, source = recorded.event, "the ledger"
        if event.digest != thing.own_digest:
            why = "approved another state of the run"
            return Approval(event.person, event.fingerprint, event.approved, recorded.at, source=source, why=why)
        statement = Statement(thing, event.approved)
        return self._signed(statement, event.signature, at=recorded.at, received=recorded.at, source=source)

    def _recorded(self, thing: StepApproval) -> Iterator[Approval]:
        for each in self.ledger.read(RunbookApproved, contract=self.contract.name, subject=self._subject):
            if each.event.step == thing.step:
                yield self._proof(each, thing)


def approval_policy(contract: Contract, name: str) -> ApprovalPolicy:
    """Given the name of an approval policy, return it. Raise Refused where the contract has none of that name."""
    found = next((each for each in contract.approvals if each.name == name), None)
    if found is None:
        raise Refused(f"there is no approval {name}")
    return found


def _is_of_another(given: StepApproval, thing: StepApproval) -> str:
    """Return why an approval is of something else than it has to be of; empty: it is not."""
    differences = (
        (given.contract != thing.contract, f"it is for another contract, {given.contract[:80]!r}"),
        (given.run != thing.run, f"it is for another run, {given.run[:80]!r}"),
        (given.started != thing.started, "it is for a run of another ledger"),
        (replace(given, after="") != replace(thing, after=""), "it is for other content of this run"),
        (given.after != thing.after, "the run has gone on since"),
    )
    return next((why for differs, why in differences if differs), "")


def _with(approval: Approval, why: str) -> Approval:
    return Approval(approval.person, approval.fingerprint, approval.approved, None, (), approval.source, why)
