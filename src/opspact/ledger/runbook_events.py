"""Events of runbooks: what was started for which hosts, every step with its output, answers, approvals, drills.

In: what operators and their runs do. Out: events.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.ledger.run_events import RunOutcome
from opspact.structs import Struct, field


class StepOutcome(StrEnum):
    """How a step ended on a host."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # its condition did not hold, or another step was gone to
    UNKNOWN = "unknown"  # nobody knows whether it took effect: the link was lost, its process was killed


_SEVERITY = (StepOutcome.SKIPPED, StepOutcome.DONE, StepOutcome.UNKNOWN, StepOutcome.FAILED)


def worst(outcomes: Iterable[StepOutcome], *, default: StepOutcome = StepOutcome.SKIPPED) -> StepOutcome:
    """Given what a step came to on several hosts or at several checks, return the worst; of none, `default`."""
    return max(outcomes, key=_SEVERITY.index, default=default)


class RunbookStarted(EventType):
    """A run of a runbook began: for which hosts (targets), with which inputs, by which text of the runbook.

    `digest` is over the runbook and all that it calls. A secret input is its reference. `drill`: the emergency that is
    rehearsed, empty in earnest. The operator is the actor, and `person` who that is, empty where no policy says it.
    """

    kind: ClassVar[str] = "runbook.started"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run",)

    run: str
    runbook: str
    digest: str
    targets: tuple[str, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    person: str = ""
    drill: str = ""


class RunbookTarget(EventType):
    """A run alone carries out its runbook for a host. `number` counts up per runbook and host, from 1."""

    kind: ClassVar[str] = "runbook.target"
    key_fields: ClassVar[tuple[str, ...]] = ("runbook", "host", "number")

    runbook: str
    host: str
    number: int
    run: str

    @property
    def subject(self) -> str:
        """The runbook on the host."""
        return f"runbook/{self.runbook}/{self.host}"


class RunbookStepEnded(EventType):
    """A step ended, on one host or (`host` empty) on none. `attempt` is that of its stage, `tries` how often it ran.

    `command`: what was run, secrets by the names of their inputs; `digest`: of a playbook, script or fabfile. `output`
    and `error_output` are masked, cut in the middle where they are long (`size`: bytes before). `values` are kept for
    later steps; `hidden`: those that are not recorded, as they hold a secret. `changed`: None where nobody knows.
    `following`: the step that follows, `rollback`, or empty: the next one.
    """

    kind: ClassVar[str] = "runbook.step"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "step", "host", "attempt")

    run: str
    step: str
    host: str
    attempt: int
    action: str
    outcome: StepOutcome
    started: datetime
    ended: datetime
    command: tuple[str, ...] = ()
    digest: str = ""
    exit_code: int | None = None
    changed: bool | None = None
    output: str = ""
    error_output: str = ""
    size: int = 0
    values: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    detail: str = ""
    tries: int = 1
    following: str = ""


class Attachment(Struct):
    """Evidence that a person attached: its name in the runbook, the file's name, its bytes (base64), their SHA-256."""

    name: str
    file: str
    sha256: str
    size: int
    content: str


class RunbookAnswered(EventType):
    """A person answered at a step: confirmed it (`confirmed`), gave a value, chose what follows, named the target.

    `question` says which: `confirm`, `target`, `on_failure`, `resume`, or the name of a value.
    """

    kind: ClassVar[str] = "runbook.answered"
    subject_field: ClassVar[str] = "run"

    run: str
    step: str
    question: str
    answer: str
    attachments: tuple[Attachment, ...] = ()


class RunbookApproved(EventType):
    """A person approved a step of a run by a signature, which counted when it was received.

    `approved`: when it was signed, by the clock of who signed; `roles`: for whom the person approved then.
    `requester`: who runs it; `digest`: of what was approved.
    """

    kind: ClassVar[str] = "runbook.approved"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "step", "fingerprint", "approved")

    run: str
    step: str
    person: str
    fingerprint: str
    approved: datetime
    roles: tuple[str, ...]
    requester: str
    digest: str
    signature: str


class RunbookNotice(EventType):
    """Somebody is to be notified at a step of a run. Recorded; nothing is sent yet."""

    kind: ClassVar[str] = "runbook.notice"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "step", "recipient", "attempt")

    run: str
    step: str
    recipient: str
    message: str
    attempt: int


class RunbookAbandoned(EventType):
    """A run that was not done is given up: nobody goes on with it, and a new one may start."""

    kind: ClassVar[str] = "runbook.abandoned"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run",)

    run: str
    reason: str


class EmergencyRehearsed(EventType):
    """An emergency (`kind/name`) was rehearsed on a host: its fault was made, and its runbook was run.

    `outcome`: done, where the fault was made and noticed, and the runbook was carried out with all its checks.
    `began`: before the fault was made; `broken`: when it was there. `noticed`: when an inspection saw it (None: it did
    not, or none is asked for). `cured`: when the runbook was done. `detail` says why the outcome is not done.
    """

    kind: ClassVar[str] = "emergency.rehearsed"
    subject_field: ClassVar[str] = "policy"
    key_fields: ClassVar[tuple[str, ...]] = ("policy", "began")

    policy: str
    host: str
    outcome: RunOutcome
    began: datetime
    fault_run: str
    runbook_run: str = ""
    broken: datetime | None = None
    noticed: datetime | None = None
    cured: datetime | None = None
    detail: str = ""


RunbookEvent = (
    EmergencyRehearsed
    | RunbookAbandoned
    | RunbookAnswered
    | RunbookApproved
    | RunbookNotice
    | RunbookStarted
    | RunbookStepEnded
    | RunbookTarget
)
"""Every event of runbooks."""
