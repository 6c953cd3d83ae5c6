"""The record of a run, from the ledger alone: who did what where, with which result, and whether it was changed.

Comes in: a ledger, a contract, a run, the text of its runbook. Goes out: a transcript.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from opspact.errors import ChainBreak
from opspact.evidence.approvals import Approval
from opspact.ledger.event import Head
from opspact.ledger.events import E, Recorded
from opspact.ledger.run_events import RunFinished, RunOutcome, RunStarted, StageFinished, StageStarted
from opspact.ledger.runbook_events import (
    Attachment,
    RunbookAbandoned,
    RunbookAnswered,
    RunbookApproved,
    RunbookNotice,
    RunbookStepEnded,
)
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.policies.runbook import Input
from opspact.model.text import Text
from opspact.runbook.approvals import RunApprovals
from opspact.runbook.history import RunbookRun
from opspact.runbook.run_text import RunText
from opspact.structs import Struct


class TranscriptAttempt(Struct):
    """One attempt of a run. `end` None: nothing says how it ended. `interrupted_in`: the stage in which it did."""

    started: Recorded[RunStarted]
    end: Recorded[RunFinished] | None
    interrupted_in: str = ""


class TranscriptApproval(Struct):
    """An approval that was recorded. `proof`: what its signature says now; None: what it has to be of is not known."""

    recorded: Recorded[RunbookApproved]
    proof: Approval | None


class TranscriptStep(Struct, kw_only=True):
    """One stage of a run. `text` None: what it is for is not known. Without results it was not carried out."""

    name: str
    text: Text | None
    action: str
    results: tuple[Recorded[RunbookStepEnded], ...]
    answers: tuple[Recorded[RunbookAnswered], ...]
    approvals: tuple[TranscriptApproval, ...]
    notices: tuple[Recorded[RunbookNotice], ...]

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What was attached at the step."""
        return tuple(it for answer in self.answers for it in answer.event.attachments)


class Transcript(Struct, kw_only=True):
    """A run with all its steps. `first` and `last` are the heads of the ledger at its first and last event.

    `breaks`: what is wrong with the chain of events between these two; none: nothing was changed, added or removed.
    """

    run: RunbookRun
    text: RunText
    attempts: tuple[TranscriptAttempt, ...]
    steps: tuple[TranscriptStep, ...]
    abandoned: Recorded[RunbookAbandoned] | None
    first: Head
    last: Head
    events: int
    breaks: tuple[ChainBreak, ...]

    @property
    def ended(self) -> datetime | None:
        """When the run ended; None while somebody may go on with it."""
        end = self.attempts[-1].end if self.attempts else None
        return end.at if end is not None and end.event.outcome is not RunOutcome.STOPPED else None

    @property
    def seconds_to_cure(self) -> float | None:
        """The seconds from its beginning to its end, what was waited for included; None where it is not done."""
        is_done = self.run.state.end is not None and self.run.state.end.outcome is RunOutcome.DONE
        return (self.ended - self.run.started.at).total_seconds() if self.ended and is_done else None

    @property
    def inputs(self) -> dict[str, Input | None]:
        """The inputs by name, as its text has them (None: unknown)."""
        known = self.text.procedure.runbook.inputs if self.text.procedure else {}
        return {name: known.get(name) for name in self.run.started.event.inputs}


def transcript(ledger: Ledger, contract: Contract, found: RunbookRun, *, text: RunText) -> Transcript:
    """Given a run of a contract's runbook and its text, return its transcript."""
    reader = _Reader(ledger, contract, found, text)
    started, finished = reader.of(RunStarted), reader.of(RunFinished)
    begun, ended = reader.of(StageStarted), reader.of(StageFinished)
    approvals, notices, abandoned = reader.of(RunbookApproved), reader.of(RunbookNotice), reader.of(RunbookAbandoned)
    own = (found.started, *found.steps, *found.answers)
    heads = [each.head for each in (*own, *started, *finished, *begun, *ended, *approvals, *notices, *abandoned)]
    first, last = min(heads, key=_place), max(heads, key=_place)
    chain = ledger.walk_between(first.sequence, last.sequence)
    return Transcript(
        run=found,
        text=text,
        attempts=tuple(_attempts(started, finished, (*begun, *ended))),
        steps=tuple(reader.step(name, approvals, notices) for name in _stages(started, found)),
        abandoned=abandoned[0] if abandoned else None,
        first=first,
        last=last,
        events=len(heads),
        breaks=chain.row_breaks(),
    )


class _Reader(Struct):
    """Reads what the ledger has of a run."""

    ledger: Ledger
    contract: Contract
    run: RunbookRun
    text: RunText

    def of(self, kind: type[E]) -> tuple[Recorded[E], ...]:
        """Return the events of a type, in order."""
        return tuple(self.ledger.read(kind, contract=self.contract.name, subject=f"run/{self.run.id}"))

    def step(
        self, name: str, approvals: Sequence[Recorded[RunbookApproved]], notices: Sequence[Recorded[RunbookNotice]]
    ) -> TranscriptStep:
        """Return all that was recorded at a stage."""
        results = tuple(each for each in self.run.steps if each.event.step == name)
        return TranscriptStep(
            name=name,
            text=self.text.words(name),
            action=next((each.event.action for each in results), ""),
            results=results,
            answers=tuple(each for each in self.run.answers if each.event.step == name),
            approvals=tuple(self._approval(each) for each in approvals if each.event.step == name),
            notices=tuple(each for each in notices if each.event.step == name),
        )

    def _approval(self, recorded: Recorded[RunbookApproved]) -> TranscriptApproval:
        policy = self.text.approval(recorded.event.step)
        run = RunApprovals(self.ledger, self.contract, self.run.started)
        return TranscriptApproval(recorded, run.proof(recorded, policy) if policy else None)


def _stages(started: Sequence[Recorded[RunStarted]], found: RunbookRun) -> Iterator[str]:
    """Yield the names of all stages, in their order; those that only results name come last."""
    named = (*(name for each in started[-1:] for name in each.event.stages), *(it.event.step for it in found.steps))
    yield from dict.fromkeys(named)


def _attempts(
    started: Sequence[Recorded[RunStarted]],
    finished: Sequence[Recorded[RunFinished]],
    stages: Sequence[Recorded[StageStarted] | Recorded[StageFinished]],
) -> Iterator[TranscriptAttempt]:
    """Yield the attempts; the stage in which one was interrupted is the one that it began and did not end."""
    ends = {each.event.attempt: each for each in finished}
    for each, following in zip(started, [*started[1:], None], strict=True):
        until = following.sequence if following else math.inf
        own = sorted((it for it in stages if each.sequence < it.sequence < until), key=lambda it: it.sequence)
        open_ = own[-1].event.stage if own and isinstance(own[-1].event, StageStarted) else ""
        end = ends.get(each.event.attempt)
        yield TranscriptAttempt(each, end, "" if end else open_)


def _place(head: Head) -> int:
    return head.sequence
