"""A runbook as one list of steps: what it calls is put in its place, and what takes steps back stands at the end.

Comes in: a contract, a runbook, the hosts that it is run for. Goes out: a procedure, whose steps are the stages of a
run; or why it cannot be run.
"""

import hashlib
from collections.abc import Iterator, Mapping
from enum import StrEnum

from opspact.errors import Refused
from opspact.ledger.canonical import canonical_json
from opspact.ledger.codec import to_data
from opspact.model.condition import Condition
from opspact.model.contract import Contract
from opspact.model.policies.runbook import OnFailure, Runbook, RunbookStep
from opspact.model.runbook_actions import (
    AnsibleAction,
    BackupAction,
    CallAction,
    CommandAction,
    FabricAction,
    ManualAction,
    RestoreAction,
    ScriptAction,
)
from opspact.run.stage import Run, Stage
from opspact.structs import Struct, replace
from opspact.values.placeholders import whole_placeholder

PROCEDURE = "runbook"
PRECONDITIONS, RESTORE_POINT, CLOSE = "preconditions", "restore-point", "close"
"""Stages that a run has besides its runbook's steps; no step may have such a name."""
_ROLLBACK = "rollback-"
_DEEPEST = 8
"""Runbooks that call each other so deep are taken for a circle."""

_WRITES = AnsibleAction | CommandAction | ScriptAction | FabricAction
"""What may write on a host by itself; copies are taken and restored by the host's own jobs."""


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

    `guards` must all hold for it to be carried out. `step` is None for the stages that every run has.
    """

    name: str
    part: Part
    scope: str = ""
    step: RunbookStep | None = None
    runbook: str = ""
    hosts: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def runbook_step(self) -> RunbookStep:
        """The step. Raise LookupError for a stage that has none."""
        if self.step is None:
            raise LookupError(f"{self.name} is no step of a runbook")
        return self.step


class ScopeInput(Struct):
    """An input of a called runbook: a text over the values of the calling one."""

    scope: str
    text: str


class Procedure(Struct, kw_only=True):
    """A runbook for its targets. `inputs`: those of called runbooks, by their scoped names.

    `restore_points`: for each backup, the hosts that are written on and that it covers.
    """

    runbook: Runbook
    targets: tuple[str, ...]
    steps: tuple[ProcedureStep, ...]
    inputs: Mapping[str, ScopeInput]
    restore_points: Mapping[str, tuple[str, ...]]
    digest: str

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The targets that none of the restore points covers."""
        covered = {host for hosts in self.restore_points.values() for host in hosts}
        return tuple(host for host in self.targets if host not in covered)

    @property
    def questions(self) -> tuple[str, ...]:
        """Every name by which an answer may be given up front: of steps, of their questions, of both."""
        found: list[str] = []
        for each in self.steps:
            asked = each.step.action.questions if each.step and isinstance(each.step.action, ManualAction) else ()
            found += [each.name, *asked, *(f"{each.name}.{name}" for name in ("confirm", "on_failure", *asked))]
        return tuple(dict.fromkeys(found))

    @property
    def evidence(self) -> tuple[str, ...]:
        """The names of all that may be attached."""
        attached = (
            each.step.action.attach for each in self.steps if each.step and isinstance(each.step.action, ManualAction)
        )
        return tuple(dict.fromkeys([*self.runbook.evidence, *filter(None, attached)]))

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
        is_repeatable = step.step is None or step.step.idempotent or step.part is Part.ROLLBACK
        return Stage(step.name, text, (), is_repeatable)


def procedure(
    contract: Contract, runbook: Runbook, targets: tuple[str, ...], *, inputs: Mapping[str, str]
) -> Procedure:
    """Given a contract, one of its runbooks, its targets and the inputs of type host, return the procedure.

    Raise Refused when runbooks call each other in a circle, or when two stages would have one name.
    """
    writer = _Writer(contract, targets, inputs)
    steps = list(writer.steps(runbook, prefix="", guards=(), failure=None))
    back = [
        replace(each, name=f"{_ROLLBACK}{each.name}", part=Part.ROLLBACK, hosts=each.hosts or targets)
        for each in reversed(steps)
        if each.runbook_step.rollback_action is not None
    ]
    every = [
        *([ProcedureStep(name=PRECONDITIONS, part=Part.PRECONDITIONS, hosts=targets)] if runbook.preconditions else []),
        *(
            [ProcedureStep(name=RESTORE_POINT, part=Part.RESTORE_POINT, hosts=targets)]
            if runbook.restore_points
            else []
        ),
        *steps,
        *back,
        ProcedureStep(name=CLOSE, part=Part.CLOSE),
    ]
    names = [each.name for each in every]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Refused(f"runbook {runbook.name} has two steps called {', '.join(repeated)}", hint="rename one of them")
    written = {*targets, *(host for each in steps if writes(each) for host in each.hosts)}
    return Procedure(
        runbook=runbook,
        targets=targets,
        steps=tuple(every),
        inputs=writer.inputs,
        restore_points={
            each.name: tuple(host for host in each.hosts if host in written)
            for each in contract.backups
            if each.name in runbook.restore_points
        },
        digest=_digest(writer.seen),
    )


class _Writer:
    """Writes the steps of a runbook, and of those that it calls, into one list."""

    def __init__(self, contract: Contract, targets: tuple[str, ...], inputs: Mapping[str, str]) -> None:
        self.inputs: dict[str, ScopeInput] = {}
        self.seen: dict[str, Runbook] = {}
        self._runbooks = {each.name: each for each in contract.runbooks}
        self._targets = targets
        self._given = inputs

    def steps(
        self, runbook: Runbook, *, prefix: str, guards: tuple[Guard, ...], failure: RunbookStep | None
    ) -> Iterator[ProcedureStep]:
        """Yield the steps of a runbook; `failure` is the step that calls it, which says what follows a failed one."""
        if prefix.count("/") > _DEEPEST:
            raise Refused(f"runbook {runbook.name} calls itself, or runbooks are called more than {_DEEPEST} deep")
        self.seen[runbook.name] = runbook
        for step in runbook.steps:
            held = (*guards, *([Guard(step.when, prefix)] if step.when.alternatives else []))
            name = f"{prefix}{step.name}".replace("/", "-")
            if isinstance(step.action, CallAction):
                yield from self._called(step, step.action, prefix=prefix, guards=held)
                continue
            yield ProcedureStep(
                name=name,
                part=Part.STEP,
                scope=prefix,
                step=_with_failure(step, failure, prefix),
                runbook=runbook.name,
                hosts=self._hosts(step, prefix),
                guards=held,
            )

    def _called(
        self, step: RunbookStep, action: CallAction, *, prefix: str, guards: tuple[Guard, ...]
    ) -> Iterator[ProcedureStep]:
        called, inner = self._runbooks[action.runbook], f"{prefix}{step.name}/"
        for name, each in called.inputs.items():
            text = action.inputs.get(name, each.question.default)
            if text is not None:
                self.inputs[f"{inner}{name}"] = ScopeInput(prefix, text)
        yield from self.steps(called, prefix=inner, guards=guards, failure=step)

    def _hosts(self, step: RunbookStep, prefix: str) -> tuple[str, ...]:
        if not isinstance(step.action, _WRITES | BackupAction | RestoreAction) and not _looks_at_hosts(step):
            return ()
        if step.hosts.input:
            return (self._host_input(step.hosts.input, prefix),)
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


def _with_failure(step: RunbookStep, calling: RunbookStep | None, prefix: str) -> RunbookStep:
    """Return a step with what follows its failure, as names of stages: of a called runbook the calling step decides."""
    if step.on_failure is OnFailure.GOTO:
        return replace(step, goto=f"{prefix}{step.goto}".replace("/", "-"))
    if calling is not None and step.on_failure is OnFailure.ABORT:
        outer = prefix.rstrip("/").rpartition("/")[0]
        goto = f"{outer}/{calling.goto}".replace("/", "-").lstrip("-") if calling.goto else ""
        return replace(step, on_failure=calling.on_failure, goto=goto)
    return step


def writes(step: ProcedureStep) -> bool:
    """Whether a step may write on its hosts by itself, so that the run has to take them before."""
    if step.part is Part.ROLLBACK:
        return True
    return step.step is not None and isinstance(step.step.action, _WRITES)


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
