"""The kind `runbook`, as it is meant: what operators do, step by step.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping
from enum import StrEnum

from opspact.model.condition import Condition
from opspact.model.origin import Origin
from opspact.model.runbook_actions import Action, Question, RollbackAction, RunbookCheck
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.secret import SecretReference

PRECONDITIONS, RESTORE_POINT, CLOSE = "preconditions", "restore-point", "close"
"""Stages that a run has besides its runbook's steps; no step may have such a name."""
ROLLING_BACK = "rollback-"
"""How the names of stages begin that take a step back."""
BUILT_IN = ("host", "operator", "run", "target")
"""Values that every step has: its host, who runs the runbook, the run's name, the first of its targets."""


class Risk(StrEnum):
    """The worst that the steps of a runbook can do."""

    READ_ONLY = "read-only"
    REVERSIBLE = "reversible"
    DESTRUCTIVE = "destructive"


class OnFailure(StrEnum):
    """What follows a step that has failed."""

    ABORT = "abort"
    CONTINUE = "continue"
    GOTO = "goto"
    ROLLBACK = "rollback"
    ASK = "ask"


class Symptoms(Struct):
    """What people see and say, by language."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class Input(Struct):
    """A value that is given at the start: text that `question` describes, one of `hosts`, or a secret's."""

    question: Question
    hosts: tuple[str, ...] = ()
    secret: SecretReference | None = None


class Capture(Struct):
    """Where a value comes from: all of the output, its exit code, a match in it, or a path in its JSON."""

    source: str  # output, exit_code, pattern, json
    expression: str = ""


class StepHosts(Struct):
    """On which hosts: those of a pattern, one that an input names, or (neither) the run's targets."""

    names: tuple[str, ...] = ()
    input: str = ""


class Precondition(Struct):
    """What must be so before a run may start."""

    text: Text
    checks: tuple[RunbookCheck, ...]
    hosts: StepHosts


class RunbookStep(Struct, kw_only=True):
    """One step. `rollback_action` takes its effect back; None: nothing does.

    `idempotent`: it may be repeated without asking. `hides_output`: its output is not recorded.
    """

    name: str
    text: Text
    action: Action
    hosts: StepHosts
    when: Condition
    captures: Mapping[str, Capture]
    asserted: Condition
    timeout: Duration
    retries: int
    retry_after: Duration
    idempotent: bool
    destructive: bool
    hides_output: bool
    on_failure: OnFailure
    goto: str
    rollback_action: RollbackAction | None
    origin: Origin


class Runbook(Struct, kw_only=True):
    """A procedure for operators.

    `hosts` are those for which it may be run; `restore_points` are backups, by name; `evidence` is what a run must
    have, by name, to be closed. `rehearsal_only`: it makes a fault, in drills alone and on rehearsal hosts alone.
    """

    name: str
    text: Text
    symptoms: Symptoms
    risk: Risk
    hosts: tuple[str, ...]
    inputs: Mapping[str, Input]
    preconditions: tuple[Precondition, ...]
    rehearsal_only: bool
    max_targets: int
    refuses_blackouts: bool
    restore_points: tuple[str, ...]
    without_restore_point: Text | None
    steps: tuple[RunbookStep, ...]
    evidence: Mapping[str, Text]
    origin: Origin
