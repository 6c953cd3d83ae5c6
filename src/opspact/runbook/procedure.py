"""A runbook as one list of steps: what it calls is put in its place, and what takes steps back stands at the end.

Comes in: a contract, a runbook, the hosts that it is run for. Goes out: a procedure, whose steps are the stages of a
run; or why it cannot be run.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json
from opspact.ledger.codec import to_data
from opspact.model.condition import Condition
from opspact.model.contract import Contract
from opspact.model.policies.runbook import (
    CLOSE,
    PRECONDITIONS,
    RESTORE_POINT,
    ROLLING_BACK,
    Input,
    OnFailure,
    Runbook,
    RunbookStep,
)
from opspact.model.runbook_actions import (
    AnsibleAction,
    BackupAction,
    CallAction,
    CheckAction,
    HarmlessAction,
    ManualAction,
    Question,
    RestoreAction,
    WritingAction,
)
from opspact.model.text import Text
from opspact.run.stage import Run, Stage
from opspact.structs import Struct, replace
from opspact.values.duration import Duration
from opspact.values.placeholders import whole_placeholder

PROCEDURE = "runbook"
_DEEPEST = 8
"""Runbooks that call each other so deep are taken for a circle."""

_CHECKING = Duration.from_time("elapsed", timedelta(minutes=10))


_NO_TEXT = Text("", "")
CONFIRMATION = Question(_NO_TEXT, choice=("done", "failed", "repeat"), default="done")
"""What is answered at a manual step; of a step that was begun and has no result, `done` or `repeat`."""
CONTINUATION = Question(_NO_TEXT, choice=("abort", "continue", "retry", "rollback"))
"""What is answered where a step has failed and asks what follows."""


class Part(StrEnum):
    """What a stage of a run is."""

    PRECONDITIONS = "preconditions"
    RESTORE_POINT = "restore point"
    STEP = "step"
    ROLLBACK = "rollback"
    CLOSE = "close"


class Guard(Struct):
    """A condition over the values of a scope."""

    condition: Condition
    scope: str


class ProcedureStep(Struct, kw_only=True):
    """One stage. `scope` is the prefix of its values' names: those of the runbook that the step is of.

    `guards` must all hold for it to be carried out. `step` is None for the stages that every run has. `continues_at`:
    the stage that follows if the step fails and the run continues; empty: the next one.
    """

    name: str
    part: Part
    scope: str = ""
    step: RunbookStep | None = None
    runbook: str = ""
    hosts: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    continues_at: str = ""

    @property
    def runbook_step(self) -> RunbookStep:
        """The step. Raise LookupError for a stage that has none."""
        if self.step is None:
            raise LookupError(f"{self.name} is no step of a runbook")
        return self.step


class ScopeInput(Struct):
    """An input of a called runbook: a text over the values of the calling one, and what it must be."""

    scope: str
    text: str
    input: Input


class NeededEvidence(Struct):
    """Evidence that a run needs to be closed, if steps of its scope were carried out."""

    scope: str
    name: str
    text: Text


class Procedure(Struct, kw_only=True):
    """A runbook for its targets. `inputs`: those of called runbooks, by their scoped names.

    `restore_points`: for each backup, of called runbooks too, the hosts that are written on and that it covers;
    `written`: every host that a step may write on. `needed`: the evidence of all `runbooks`, called ones too.
    """

    runbook: Runbook
    targets: tuple[str, ...]
    steps: tuple[ProcedureStep, ...]
    inputs: Mapping[str, ScopeInput]
    restore_points: Mapping[str, tuple[str, ...]]
    written: tuple[str, ...]
    needed: tuple[NeededEvidence, ...]
    refuses_blackouts: bool
    runbooks: tuple[str, ...]
    digest: str

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The hosts that are written on and that none of the restore points covers."""
        covered = {host for hosts in self.restore_points.values() for host in hosts}
        return tuple(host for host in self.written if host not in covered)

    @property
    def questions(self) -> Mapping[str, Question]:
        """What may be answered up front, by every name that an answer may have: of a step, of its question, of both."""
        found: dict[str, Question] = {}
        for each in self.steps:
            if each.step is None:
                continue
            asked = each.step.action.questions if isinstance(each.step.action, ManualAction) else {}
            confirm = replace(CONFIRMATION, text=each.step.text)
            found |= {f"{each.name}.{name}": question for name, question in asked.items()}
            found |= {each.name: confirm, f"{each.name}.confirm": confirm, f"{each.name}.on_failure": CONTINUATION}
            found |= dict(asked)
        return found

    @property
    def evidence(self) -> tuple[str, ...]:
        """The names of all that may be attached."""
        attached = (
            each.step.action.attach for each in self.steps if each.step and isinstance(each.step.action, ManualAction)
        )
        return tuple(dict.fromkeys([*(each.name for each in self.needed), *filter(None, attached)]))

    def of(self, name: str) -> ProcedureStep:
        """Given a stage's name, return it. Raise KeyError when there is none."""
        return {each.name: each for each in self.steps}[name]

    def run(self, run: str, arguments: Mapping[str, object]) -> Run:
        """Given a run's name and arguments, return the run."""
        return Run(run, PROCEDURE, tuple(map(self._stage, self.steps)), arguments)

    def _stage(self, step: ProcedureStep) -> Stage:
        text = step.step.text.en if step.step else step.part.value
        if step.part is Part.ROLLBACK:
            text = f"roll back: {text}"
        return Stage(step.name, text, (), _is_repeatable(step))


def _is_repeatable(stage: ProcedureStep) -> bool:
    """Whether a stage may start over without asking; nobody can say of an approval that it is done."""
    if stage.step is None or isinstance(stage.step.action, HarmlessAction):
        return True
    if stage.part is Part.ROLLBACK:
        return isinstance(stage.step.rollback_action, AnsibleAction)
    return stage.step.idempotent


def procedure(
    contract: Contract, runbook: Runbook, targets: tuple[str, ...], *, inputs: Mapping[str, str]
) -> Procedure:
    """Given a contract, one of its runbooks, its targets and the inputs of type host, return the procedure.

    Raise Refused when runbooks call each other in a circle, or when two stages would have one name.
    """
    writer = _Writer(contract, targets, inputs)
    steps = writer.linked(list(writer.steps(runbook, prefix="", guards=(), callers=())))
    back = [
        replace(each, name=f"{ROLLING_BACK}{each.name}", part=Part.ROLLBACK, hosts=each.hosts or targets)
        for each in reversed(steps)
        if each.runbook_step.rollback_action is not None
    ]
    points = {name for each in writer.seen.values() for name in each.restore_points}
    every = [
        *([ProcedureStep(name=PRECONDITIONS, part=Part.PRECONDITIONS, hosts=targets)] if runbook.preconditions else []),
        *([ProcedureStep(name=RESTORE_POINT, part=Part.RESTORE_POINT, hosts=targets)] if points else []),
        *steps,
        *back,
        ProcedureStep(name=CLOSE, part=Part.CLOSE),
    ]
    names = [each.name for each in every]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"runbook {runbook.name} has two steps called {', '.join(repeated)}", hint="rename one of them")
    written = [*targets, *(host for each in (*steps, *back) if writes(each) for host in each.hosts)]
    return Procedure(
        runbook=runbook,
        targets=targets,
        steps=tuple(every),
        inputs=writer.inputs,
        restore_points={
            each.name: tuple(host for host in each.hosts if host in written)
            for each in contract.backups
            if each.name in points
        },
        written=tuple(dict.fromkeys(written)),
        needed=tuple(writer.needed),
        runbooks=tuple(writer.seen),
        refuses_blackouts=any(each.refuses_blackouts for each in writer.seen.values()),
        digest=_digest(writer.seen),
    )


class _Caller(Struct):
    """A step that calls a runbook: its scope, the step itself."""

    scope: str
    step: RunbookStep


class _Writer:
    """Writes the steps of a runbook, and of those that it calls, into one list."""

    def __init__(self, contract: Contract, targets: tuple[str, ...], inputs: Mapping[str, str]) -> None:
        self.inputs: dict[str, ScopeInput] = {}
        self.seen: dict[str, Runbook] = {}
        self.needed: list[NeededEvidence] = []
        self._runbooks = {each.name: each for each in contract.runbooks}
        self._targets = targets
        self._given = inputs
        self._count = 0
        self._first: dict[str, int] = {}
        self._after: dict[str, int] = {}
        self._callers: list[tuple[_Caller, ...]] = []

    def steps(
        self, runbook: Runbook, *, prefix: str, guards: tuple[Guard, ...], callers: tuple[_Caller, ...]
    ) -> Iterator[ProcedureStep]:
        """Yield the steps of a runbook; `callers` are the steps by which it is called, the innermost first."""
        if len(callers) > _DEEPEST:
            raise Refused(f"runbook {runbook.name} calls itself, or runbooks are called more than {_DEEPEST} deep")
        self.seen[runbook.name] = runbook
        self.needed += [NeededEvidence(prefix, name, text) for name, text in runbook.evidence.items()]
        for step in (*(_precondition_steps(runbook) if callers else ()), *runbook.steps):
            held = (*guards, *([Guard(step.when, prefix)] if step.when.alternatives else []))
            place = f"{prefix}{step.name}"
            self._first[place] = self._count
            if isinstance(step.action, CallAction):
                yield from self._called(step, step.action, prefix=prefix, guards=held, callers=callers)
            else:
                self._count += 1
                self._callers.append(callers)
                yield ProcedureStep(
                    name=place.replace("/", "-"),
                    part=Part.STEP,
                    scope=prefix,
                    step=step,
                    runbook=runbook.name,
                    hosts=self._hosts(step, prefix, runbook),
                    guards=held,
                )
            self._after[place] = self._count

    def _called(
        self,
        step: RunbookStep,
        action: CallAction,
        *,
        prefix: str,
        guards: tuple[Guard, ...],
        callers: tuple[_Caller, ...],
    ) -> Iterator[ProcedureStep]:
        called, inner = self._runbooks[action.runbook], f"{prefix}{step.name}/"
        for name, each in called.inputs.items():
            text = action.inputs.get(name, each.question.default)
            if text is not None:
                self.inputs[f"{inner}{name}"] = ScopeInput(prefix, text, each)
        yield from self.steps(called, prefix=inner, guards=guards, callers=(_Caller(prefix, step), *callers))

    def linked(self, steps: list[ProcedureStep]) -> list[ProcedureStep]:
        """Given all steps, return them with what follows a failed one as names of stages."""
        names = [*(each.name for each in steps), CLOSE]

        def target(step: RunbookStep, scope: str) -> str:
            return names[self._first[f"{scope}{step.goto}"]] if step.on_failure is OnFailure.GOTO else ""

        found = []
        for stage, callers in zip(steps, self._callers, strict=True):
            own = stage.runbook_step
            by = next((it for it in callers if it.step.on_failure is not OnFailure.ABORT), None)
            if own.on_failure is not OnFailure.ABORT or by is None:
                found.append(replace(stage, step=replace(own, goto=target(own, stage.scope))))
                continue
            goto = target(by.step, by.scope)
            at = names[self._after[f"{by.scope}{by.step.name}"]]
            step = replace(own, on_failure=by.step.on_failure, goto=goto)
            found.append(replace(stage, step=step, continues_at=at))
        return found

    def _hosts(self, step: RunbookStep, prefix: str, runbook: Runbook) -> tuple[str, ...]:
        if not isinstance(step.action, WritingAction | BackupAction | RestoreAction) and not _looks_at_hosts(step):
            return ()
        if step.hosts.input:
            return (self._host_input(step.hosts.input, prefix),)
        if not step.hosts.names and (others := [host for host in self._targets if host not in runbook.hosts]):
            raise Refused(f"runbook {runbook.name}, which is called, may not be run for {others[0]}")
        return step.hosts.names or self._targets

    def _host_input(self, name: str, prefix: str) -> str:
        """Return the host that an input names; of a called runbook, what the calling one gives for it.

        Raise Refused when that is known only once steps have run: the hosts of a run are known when it begins.
        """
        if not prefix and name in self._given:
            return self._given[name]
        inner = self.inputs.get(f"{prefix}{name}")
        if inner is None:
            raise Refused(f'the host for "{name}" is not given', hint=f"--input {name}=HOST")
        if outer := whole_placeholder(inner.text):
            return self._targets[0] if outer in {"host", "target"} else self._host_input(outer, inner.scope)
        return inner.text


def _looks_at_hosts(step: RunbookStep) -> bool:
    return hasattr(step.action, "checks")


def _precondition_steps(runbook: Runbook) -> Iterator[RunbookStep]:
    """Yield the preconditions of a called runbook as steps: they are checked where it begins."""
    for number, each in enumerate(runbook.preconditions, 1):
        yield RunbookStep(
            name=f"precondition-{number}",
            text=each.text,
            action=CheckAction(each.checks),
            hosts=each.hosts,
            when=Condition(),
            captures={},
            asserted=Condition(),
            timeout=_CHECKING,
            retries=0,
            retry_after=_CHECKING,
            idempotent=True,
            destructive=False,
            hides_output=False,
            on_failure=OnFailure.ABORT,
            goto="",
            rollback_action=None,
            origin=runbook.origin,
        )


def writes(step: ProcedureStep) -> bool:
    """Whether a step may write on its hosts by itself, so that the run has to take them before."""
    if step.part is Part.ROLLBACK:
        return True
    return step.step is not None and isinstance(step.step.action, WritingAction)


def _digest(runbooks: Mapping[str, Runbook]) -> str:
    """Return the SHA-256 over runbooks, whatever the places and hosts that they have in files and inventory."""
    data = {name: _data(runbook) for name, runbook in sorted(runbooks.items())}
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def _data(runbook: Runbook) -> dict[str, object]:
    """Return a runbook as JSON data that tells any two apart."""
    place = {"origin": None}
    whole = {
        name: to_data(getattr(runbook, name)) for name in runbook.__struct_fields__ if name not in {*place, "steps"}
    }
    steps = [
        {
            "action": {"kind": type(step.action).__name__, **to_data(step.action)},
            **{name: to_data(getattr(step, name)) for name in step.__struct_fields__ if name not in {*place, "action"}},
        }
        for step in runbook.steps
    ]
    return {**whole, "steps": steps, "clauses": list(runbook.origin.clauses)}
