"""What is recorded of a run's steps, and shown while it goes on.

Comes in: steps and what they came to. Goes out: events in the ledger; the values and the way of the run that follow.
"""

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from opspact.errors import Refused
from opspact.ledger.event_type import EventType
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStepEnded, StepOutcome
from opspact.model.runbook_actions import ACTION_NAMES
from opspact.model.text import Text
from opspact.onhost.redaction import HIDDEN, Redactor
from opspact.run.leases import Leases
from opspact.runbook.doors import Answer, Doors, Reply
from opspact.runbook.flow import Flow
from opspact.runbook.output import recorded_detail, recorded_output, without_secrets
from opspact.runbook.procedure import Procedure, ProcedureStep
from opspact.runbook.step_call import StepResult
from opspact.runbook.value_secrets import is_masked, is_secret, secret_names, secret_texts
from opspact.runbook.values import RunValues
from opspact.structs import Struct, replace


class Progress(Protocol):
    """What shows the operator how a run goes."""

    def started(self, stage: ProcedureStep, hosts: Sequence[str]) -> None:
        """A stage begins on hosts (none: on no host)."""

    def ended(self, stage: ProcedureStep, events: Sequence[RunbookStepEnded]) -> None:
        """A stage has ended, with these results."""


class StepRecorder(Struct, kw_only=True):
    """Records the steps of one attempt of a run. `redactor` says what else must not be recorded as a value.

    `language` is that of the operator: `zh-CN` or `en`.
    """

    run: str
    leases: Leases
    procedure: Procedure
    values: RunValues
    flow: Flow
    doors: Doors
    progress: Progress
    redactor: Redactor
    language: str

    def record(
        self, stage: ProcedureStep, events: Sequence[RunbookStepEnded], *, more: Iterable[EventType] = ()
    ) -> None:
        """Given what a stage came to, record it, and let values and the way of the run follow from it."""
        self.leases.record_border([*events, *more])
        for event in events:
            self.values.add(event, stage.scope)
            self.flow.add(event)
        self.progress.ended(stage, events)

    def translate(self, text: Text) -> str:
        """Given a text, return it in the operator's language."""
        return text.in_language(self.language)

    def answered(self, stage: ProcedureStep, question: str, reply: Reply) -> None:
        """Given what the operator answered, record it with its attachments."""
        text = HIDDEN if is_secret(self.redactor, question, reply.text, known=self.values.secrets) else reply.text
        for each in reply.attachments:
            content = base64.b64decode(each.content).decode("utf-8", "replace")
            if without_secrets(content, self.values.secrets) != content or is_masked(self.redactor, content):
                raise Refused(
                    f"{each.file} holds a secret, and what is attached is kept in the ledger",
                    hint="attach a copy without it: --attach NAME=FILE",
                )
        self.leases.record_border([RunbookAnswered(self.run, stage.name, question, text, reply.attachments)])
        self.values.attach(each.name for each in reply.attachments)

    def event(self, stage: ProcedureStep, host: str, answer: Answer, *, started: datetime) -> RunbookStepEnded:
        """Given an answer that no command gave, return its event."""
        return RunbookStepEnded(
            run=self.run,
            step=stage.name,
            host=host,
            attempt=self.leases.attempt,
            action=action_name(stage),
            outcome=answer.outcome,
            started=started,
            ended=self.doors.now(),
            output=recorded_output(without_secrets(answer.output, self.values.secrets)),
            detail=recorded_detail(answer.detail, self.values.secrets),
            changed=answer.changed,
        )

    def skipped(self, stage: ProcedureStep, host: str, why: str) -> RunbookStepEnded:
        """Given why a stage is not carried out on a host, return its event."""
        answer = Answer(outcome=StepOutcome.SKIPPED, detail=why)
        return self.event(stage, host, answer, started=self.doors.now())

    def hide_secrets(self, stage: ProcedureStep, host: str, result: StepResult) -> StepResult:
        """Return what a step gave without the values that hold a secret: those are kept in memory only, and masked."""
        return without_secret_values(result, self.values, self.redactor, scope=stage.scope, host=host)


def without_secret_values(
    result: StepResult, values: RunValues, redactor: Redactor, *, scope: str, host: str
) -> StepResult:
    """Return what a step of a scope gave without the values that hold a secret: `values` keeps and masks those."""
    if not result.values:
        return result
    said = f"{result.answer.output}\n{result.answer.error_output}"
    hidden = secret_names(redactor, result.values, said, known=values.secrets)
    for name in hidden:
        value = result.values[name]
        values.hide(f"{scope}{name}", value, secret_texts(redactor, value), host=host)
    kept = {name: value for name, value in result.values.items() if name not in hidden}
    return replace(result, values=kept, hidden=hidden)


def action_name(stage: ProcedureStep) -> str:
    """Return what the action of a stage is called."""
    if stage.step is None:
        return stage.part.value
    return ACTION_NAMES[type(stage.step.action)]


def one_for_each_host(events: Sequence[RunbookStepEnded]) -> list[RunbookStepEnded]:
    """Return one event for each host, of several: as bad as the worst, with the output of all."""
    found: dict[str, RunbookStepEnded] = {}
    order = [StepOutcome.FAILED, StepOutcome.UNKNOWN, StepOutcome.SKIPPED, StepOutcome.DONE]
    for event in events:
        before = found.get(event.host)
        if before is None:
            found[event.host] = event
            continue
        found[event.host] = replace(
            before,
            outcome=min(before.outcome, event.outcome, key=order.index),
            output=before.output + event.output,
            detail="; ".join(filter(None, (before.detail, event.detail))),
            ended=event.ended,
        )
    return list(found.values())
