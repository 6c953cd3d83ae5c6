"""The record of a run as a document for the customer.

Comes in: a transcript, the contract. Goes out: a page in one of the contract's languages.
"""

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from opspact.evidence.approvals import people_named
from opspact.ledger.events import Recorded
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStepEnded, StepOutcome
from opspact.model.contract import Contract
from opspact.model.policies.runbook import ROLLING_BACK
from opspact.model.text import Text
from opspact.report import document_words as say
from opspact.report.page import Block, Fields, Output, Page, Paragraph, SignatureLines, Table, Title
from opspact.run.state import Finished, NotStarted, Unfinished
from opspact.runbook.flow import WAITING
from opspact.runbook.transcript import Transcript, TranscriptApproval, TranscriptAttempt, TranscriptStep
from opspact.structs import Struct
from opspact.text.durations import format_hours
from opspact.text.instants import format_second_with_offset
from opspact.text.sizes import format_bytes


def transcript_page(found: Transcript, contract: Contract, language: str) -> Page:
    """Given a transcript, its contract and `zh-CN` or `en`, return it as a document."""
    return _Writer(found, contract, language).page()


class _Writer(Struct):
    """Writes one transcript."""

    found: Transcript
    contract: Contract
    language: str

    def page(self) -> Page:
        started = self.found.run.started.event
        title = self._title()
        blocks = [
            *self._summary(),
            *self._inputs(),
            *self._attempts(),
            *self._steps(),
            *self._approvals(),
            *self._details(),
            *self._attachments(),
            *self._ledger(),
            *self._signatures(),
        ]
        return Page(f"{self._say(say.RECORD)}: {title or started.runbook}", self.language, tuple(blocks))

    def _say(self, text: Text) -> str:
        return text.in_language(self.language)

    def _at(self, at: datetime) -> str:
        return format_second_with_offset(at, ZoneInfo(self.contract.zone))

    def _clock(self, at: datetime) -> str:
        """Return a time for a table: without what the summary says of it, its offset and the day of the beginning."""
        zone = ZoneInfo(self.contract.zone)
        local = at.astimezone(zone)
        is_same_day = local.date() == self.found.run.started.at.astimezone(zone).date()
        return f"{local:%H:%M:%S}" if is_same_day else f"{local:%Y-%m-%d %H:%M:%S}"

    def _title(self) -> str:
        made = self.found.text.procedure
        return self._say(made.runbook.text) if made else ""

    def _person(self, name: str) -> str:
        person = self.contract.people.get(name)
        return f"{self._say(person.text)} ({name})" if person else name

    def _heads(self, *texts: Text) -> tuple[str, ...]:
        return tuple(map(self._say, texts))

    def _summary(self) -> Iterator[Block]:
        found, started = self.found, self.found.run.started
        event, made = started.event, self.found.text.procedure
        seconds = found.seconds_to_cure
        rows = (
            (say.CONTRACT, self.contract.name),
            (say.RUNBOOK, event.runbook),
            (say.RISK, self._say(say.RISKS[made.runbook.risk]) if made else ""),
            (say.CLAUSES, self._clauses()),
            (say.RUN, event.run),
            (say.STATE, self._say(say.STATES[found.run.word])),
            (say.DRILL, event.drill),
            (say.TARGETS, ", ".join(event.targets)),
            (say.OPERATOR, self._operator()),
            (say.BEGAN, self._at(started.at)),
            (say.ENDED, self._at(found.ended) if found.ended else self._say(say.NOT_ENDED)),
            (say.CURE, "" if seconds is None else format_hours(round(seconds))),
            (say.ABANDONED, found.abandoned.event.reason if found.abandoned else ""),
            (say.COMMIT, started.commit),
            (say.DIGEST, event.digest),
        )
        yield Fields(tuple((self._say(label), value) for label, value in rows if value))
        if not found.text.is_same:
            yield Paragraph(self._say(say.OTHER_TEXT if made else say.NO_TEXT), "doubt")

    def _clauses(self) -> str:
        made = self.found.text.procedure
        names = made.runbook.origin.clauses if made else ()
        known = self.contract.clauses
        return "; ".join(f"{name} {self._say(known[name].text)}" if name in known else name for name in names)

    def _operator(self) -> str:
        started = self.found.run.started
        person = started.event.person
        return (
            self._actor(started.actor) if person in {"", started.actor} else f"{self._person(person)}, {started.actor}"
        )

    def _inputs(self) -> Iterator[Block]:
        given = self.found.run.started.event.inputs
        if not given:
            return
        yield Title(self._say(say.INPUTS))
        rows = []
        for name, asked in self.found.inputs.items():
            text = self._say(asked.question.text) if asked else ""
            is_secret = asked is not None and asked.secret is not None
            rows.append((name, text, f"{given[name]} ({self._say(say.SECRET)})" if is_secret else given[name]))
        yield Table(self._heads(say.NAME, say.PURPOSE, say.VALUE), tuple(rows))

    def _attempts(self) -> Iterator[Block]:
        yield Title(self._say(say.ATTEMPTS))
        head = self._heads(say.ATTEMPT, say.OPERATOR, say.BEGAN, say.ENDED, say.OUTCOME, say.EVENT)
        yield Table(head, tuple(map(self._attempt, self.found.attempts)))
        commits = {each.started.commit for each in self.found.attempts} - {self.found.run.started.commit}
        if commits:
            yield Paragraph(f"{self._say(say.OTHER_COMMITS)}: {', '.join(sorted(commits))}", "doubt")

    def _attempt(self, each: TranscriptAttempt) -> tuple[str, ...]:
        started, end = each.started, each.end
        is_last = each is self.found.attempts[-1]
        if end is not None:
            how = " ".join(filter(None, (self._say(say.STATES[end.event.outcome.value]), end.event.detail)))
        elif is_last and self.found.run.is_alive:
            how = self._say(say.GOING_ON)
        elif each.interrupted_in:
            how = f"{self._say(say.INTERRUPTED_IN)} {each.interrupted_in}"
        else:
            how = self._say(say.INTERRUPTED)
        ended = self._clock(end.at) if end else ""
        number, operator = str(started.event.attempt), self._actor(started.actor)
        return number, operator, self._clock(started.at), ended, how, str(started.sequence)

    def _steps(self) -> Iterator[Block]:
        yield Title(self._say(say.STEPS))
        head = self._heads(*(say.STEP, say.PURPOSE, say.HOST, say.OUTCOME, say.CHANGED, say.BEGAN, say.TOOK, say.EVENT))
        rows = [row for step in self.found.steps for row in self._step_rows(step)]
        yield Table(head, tuple(rows))

    def _step_rows(self, step: TranscriptStep) -> Iterator[tuple[str, ...]]:
        if not step.results:
            yield (step.name, self._purpose(step), "", self._state(step.name), "", "", "", "")
        for each in step.results:
            event = each.event
            is_skipped = event.outcome is StepOutcome.SKIPPED
            changed = "" if is_skipped else self._changed(event)
            took = "" if is_skipped else _took(event)
            begun = "" if is_skipped else self._clock(event.started)
            outcome = self._say(say.OUTCOMES[event.outcome])
            yield (step.name, self._purpose(step), event.host, outcome, changed, begun, took, str(each.sequence))

    def _state(self, stage: str) -> str:
        """Return what a stage is that has no result."""
        run, state = self.found.run, self.found.run.state.of(stage)
        match state:
            case NotStarted():
                return self._say(say.NOT_CARRIED_OUT)
            case Finished() if state.outcome is RunOutcome.STOPPED:
                return self._say(say.STATES[WAITING if state.detail.startswith(WAITING) else "stopped"])
            case Finished():
                return self._say(say.STATES[state.outcome.value])
            case Unfinished():
                return self._say(say.STATES["running" if run.is_alive else "interrupted"])
            case _:
                assert_never(state)

    def _purpose(self, step: TranscriptStep) -> str:
        if step.name in say.STAGES:
            return self._say(say.STAGES[step.name])
        text = self._say(step.text) if step.text else ""
        return f"{self._say(say.ROLL_BACK)}: {text}" if step.name.startswith(ROLLING_BACK) and text else text

    def _step_title(self, step: TranscriptStep) -> str:
        purpose = self._purpose(step)
        return purpose if step.name in say.STAGES else f"{step.name}: {purpose}" if purpose else step.name

    def _actor(self, actor: str) -> str:
        """Return an actor, with the person whose account or address that is."""
        person = min(people_named(self.contract, (actor,)), default="")
        return f"{self._say(self.contract.people[person].text)} ({actor})" if person else actor

    def _changed(self, event: RunbookStepEnded) -> str:
        if not event.host:
            return ""
        if event.changed is None:
            return self._say(say.UNKNOWN)
        return self._say(say.YES if event.changed else say.NO)

    def _approvals(self) -> Iterator[Block]:
        approvals = [each for step in self.found.steps for each in step.approvals]
        if not approvals:
            return
        yield Title(self._say(say.APPROVALS))
        head = self._heads(say.STEP, say.WHO, say.ROLES, say.SIGNED, say.RECEIVED, say.KEY, say.SIGNATURE, say.EVENT)
        yield Table(head, tuple(map(self._approval, approvals)))

    def _approval(self, each: TranscriptApproval) -> tuple[str, ...]:
        recorded, event = each.recorded, each.recorded.event
        why = self._say(say.NOT_CHECKED) if each.proof is None else each.proof.why or self._say(say.VALID)
        times = self._clock(event.approved), self._clock(recorded.at)
        roles = ", ".join(event.roles)
        return event.step, self._person(event.person), roles, *times, event.fingerprint, why, str(recorded.sequence)

    def _details(self) -> Iterator[Block]:
        yield Title(self._say(say.DETAILS))
        for step in self.found.steps:
            results = [each for each in step.results if each.event.outcome is not StepOutcome.SKIPPED]
            if not (any(map(_says_something, results)) or step.answers or step.notices):
                continue
            yield Title(self._step_title(step), 3)
            for each in results:
                yield from self._result(each)
            yield from self._answers(step)

    def _result(self, each: Recorded[RunbookStepEnded]) -> Iterator[Block]:
        event = each.event
        script = event.action == "script"
        rows = (
            (say.HOST, event.host),
            (say.WHO, self._actor(each.actor)),
            (say.OUTCOME, self._say(say.OUTCOMES[event.outcome])),
            (say.DETAIL, event.detail),
            (say.ACTION, event.action),
            (say.COMMAND, "" if script else shlex.join(event.command)),
            (say.SHA256, event.digest),
            (say.CODE, "" if event.exit_code is None else str(event.exit_code)),
            (say.CHANGED, self._changed(event)),
            (say.BEGAN, self._at(event.started)),
            (say.ENDED, self._at(event.ended)),
            (say.TRIES, str(event.tries) if event.tries > 1 else ""),
            (say.VALUES, "; ".join(f"{name} = {value}" for name, value in event.values.items())),
            (say.HIDDEN, ", ".join(event.hidden)),
            (say.FOLLOWED_BY, event.following),
            (say.EVENT, f"{each.sequence} {each.hash}"),
        )
        yield Fields(tuple((self._say(label), value) for label, value in rows if value))
        if script:
            yield Output(self._say(say.SCRIPT), "\n".join(event.command))
        for label, text in ((say.OUTPUT, event.output), (say.ERRORS, event.error_output)):
            if text:
                size = f" ({format_bytes(event.size)})" if label is say.OUTPUT and event.size else ""
                yield Output(f"{self._say(label)}{size}", text)

    def _answers(self, step: TranscriptStep) -> Iterator[Block]:
        if step.answers:
            head = self._heads(say.QUESTION, say.ANSWER, say.WHO, say.WHEN, say.EVENT)
            yield Table(head, tuple(map(self._answer, step.answers)))
        if step.notices:
            yield Paragraph(self._say(say.NOTICES))
            head = self._heads(say.RECIPIENT, say.MESSAGE, say.WHEN, say.EVENT)
            sent = ((it.event.recipient, it.event.message, self._clock(it.at), str(it.sequence)) for it in step.notices)
            yield Table(head, tuple(sent))

    def _answer(self, each: Recorded[RunbookAnswered]) -> tuple[str, ...]:
        event = each.event
        return event.question, event.answer, self._actor(each.actor), self._clock(each.at), str(each.sequence)

    def _attachments(self) -> Iterator[Block]:
        rows = [
            (step.name, it.name, it.file, format_bytes(it.size), it.sha256)
            for step in self.found.steps
            for it in step.attachments
        ]
        if rows:
            yield Title(self._say(say.ATTACHMENTS))
            yield Table(self._heads(say.STEP, say.NAME, say.FILE, say.SIZE, say.SHA256), tuple(rows))

    def _ledger(self) -> Iterator[Block]:
        found = self.found
        yield Title(self._say(say.LEDGER))
        rows = (
            (say.FIRST, f"{found.first.sequence} {found.first.hash}"),
            (say.LAST, f"{found.last.sequence} {found.last.hash}"),
            (say.COUNT, str(found.events)),
        )
        yield Fields(tuple((self._say(label), value) for label, value in rows))
        if found.breaks:
            yield Paragraph(self._say(say.NOT_INTACT), "bad")
            yield from (Paragraph(each.message, "bad") for each in found.breaks)
        else:
            yield Paragraph(self._say(say.INTACT), "good")
        yield Paragraph(self._say(say.CHECK))

    def _signatures(self) -> Iterator[Block]:
        yield Title(self._say(say.SIGNATURES))
        yield SignatureLines(self._heads(say.OPERATOR, say.PROVIDER, say.CUSTOMER), self._say(say.DAY))


def _took(event: RunbookStepEnded) -> str:
    return format_hours(max(round((event.ended - event.started).total_seconds(), 1), 0))


def _says_something(each: Recorded[RunbookStepEnded]) -> bool:
    """Whether a result has more to it than how it ended, which the table of steps says."""
    event = each.event
    return bool(event.command or event.output or event.error_output or event.detail or event.values or event.hidden)
