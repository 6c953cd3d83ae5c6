"""One attempt of a run: its first one, or one that goes on after whatever stopped it.

Comes in: a procedure, how the run was started, what the ledger has of it. Goes out: its stages, its values, its engine.
"""

from collections.abc import Mapping

from opspact.ledger.event_type import EventType
from opspact.ledger.runbook_events import RunbookAnswered, RunbookStarted, StepOutcome
from opspact.onhost.redaction import Redactor
from opspact.run.leases import Leases
from opspact.run.resume import Answer, PlannedStage, Treatment, resume
from opspact.run.stage import Run
from opspact.run.state import Finished, RunState
from opspact.runbook.doors import Doors
from opspact.runbook.engine import Engine
from opspact.runbook.flow import Flow
from opspact.runbook.history import RunbookRun, is_waiting
from opspact.runbook.procedure import Procedure
from opspact.runbook.requesters import PEOPLE
from opspact.runbook.step_recorder import Progress, StepRecorder
from opspact.runbook.values import RunValues
from opspact.structs import Struct, replace
from opspact.values.secret import Secret

RESUME = "resume"
"""The question whether a stage that began, and has no result, took effect."""


class Attempt(Struct, kw_only=True):
    """An attempt of a run by an operator. `secrets` are those of the secret inputs; `before`: what earlier ones did.

    `answers` are about stages that must not be repeated silently. `people`: those whose accounts or signing keys the
    operator has.
    """

    procedure: Procedure
    started: RunbookStarted
    operator: str
    secrets: Mapping[str, Secret]
    before: RunbookRun | None = None
    answers: Mapping[str, Answer] = {}
    people: tuple[str, ...] = ()

    @property
    def state(self) -> RunState:
        """How far earlier attempts came."""
        return self.before.state if self.before else RunState()

    @property
    def run(self) -> Run:
        """The run."""
        arguments = {
            "runbook": self.started.runbook,
            "targets": list(self.started.targets),
            "drill": self.started.drill,
            PEOPLE: list(self.people),
        }
        return self.procedure.run(self.started.run, arguments)

    def planned(self) -> tuple[PlannedStage, ...]:
        """Return what becomes of each stage. Raise Refused for an answer about a stage that is none."""
        return tuple(map(_unasked, resume(self.run, self.state, self.answers)))

    @property
    def opening(self) -> tuple[EventType, ...]:
        """What is recorded when the attempt begins."""
        run = self.started.run
        return tuple(RunbookAnswered(run, step, RESUME, answer.value) for step, answer in self.answers.items())

    @property
    def confirmed(self) -> tuple[str, ...]:
        """The steps without a result of which a person has said that they are done, now or at an earlier attempt."""
        before = self.before.answers if self.before else ()
        said = {each.event.step: each.event.answer for each in before if each.event.question == RESUME}
        said |= {step: answer.value for step, answer in self.answers.items()}
        return tuple(step for step, answer in said.items() if answer == Answer.DONE)

    def values(self) -> RunValues:
        """Return the values of the run: inputs, and what earlier attempts captured and were answered."""
        plain = {name: value for name, value in self.started.inputs.items() if name not in self.secrets}
        built_in = {"run": self.started.run, "operator": self.operator, "target": self.procedure.targets[0]}
        values = RunValues({**plain, **built_in}, self.secrets, self.procedure.inputs)
        for each in self.procedure.steps:
            for name in each.step.captures if each.step else ():
                values.expect(f"{each.scope}{name}", each.hosts)
        if self.before is None:
            return values
        scopes = {each.name: each.scope for each in self.procedure.steps}
        for step in self.before.steps:
            values.add(step.event, scopes.get(step.event.step, ""))
        for name in self.confirmed:
            values.keep_outcome(name, StepOutcome.DONE)
        values.attach(it.name for answer in self.before.answers for it in answer.event.attachments)
        return values

    def _flow(self) -> Flow:
        if self.before is None:
            return Flow()
        left = self.before.interrupted
        events = (  # what did not come to its end is asked about, or starts over: nothing follows it yet
            replace(step.event, following="") if step.sequence in left.steps else step.event
            for step in self.before.steps
        )
        return Flow(events, self.confirmed, left.stages)

    def engine(self, leases: Leases, doors: Doors, progress: Progress, *, language: str, redactor: Redactor) -> Engine:
        """Return what carries the attempt out, through doors; `language` is the operator's."""
        recorder = StepRecorder(
            run=self.started.run,
            leases=leases,
            procedure=self.procedure,
            values=self.values(),
            flow=self._flow(),
            doors=doors,
            progress=progress,
            redactor=redactor,
            language=language,
        )
        return Engine(recorder)


def _unasked(planned: PlannedStage) -> PlannedStage:
    """Return a stage that starts over without a question if it only waited for an approval: it was not carried out."""
    has_waited = isinstance(planned.before, Finished) and is_waiting(planned.before)
    is_asked = planned.treatment is Treatment.ASK and has_waited
    return replace(planned, treatment=Treatment.START_OVER) if is_asked else planned
