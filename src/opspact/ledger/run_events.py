"""Events of runs: where each began and ended, stage by stage, and who may write on a host meanwhile.

In: the borders of stages, leases. Out: events.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.structs import field


class RunOutcome(StrEnum):
    """How a stage or a run ended."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"  # ended in order: by a signal, at a pause, by a window


class RunStarted(EventType):
    """A run began, or went on. `procedure` says what is run (`apply`), `stages` names all its stages in their order.

    `arguments`: what it was started with, for people and for resuming. `attempt` counts from 1; an attempt fences out
    all earlier ones. `until`: when it counts as dead unless it is renewed. `process`: which process carries it out.
    """

    kind: ClassVar[str] = "run.started"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "attempt")

    run: str
    procedure: str
    stages: tuple[str, ...]
    until: datetime
    hosts: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    attempt: int = 1
    process: str = ""


class StageStarted(EventType):
    """A stage of a run began. `attempt` counts from 1: two processes cannot both begin the same one."""

    kind: ClassVar[str] = "stage.started"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "stage", "attempt")

    run: str
    stage: str
    attempt: int = 1


class StageFinished(EventType):
    """A stage of a run ended, and how; `detail` says why it did not succeed."""

    kind: ClassVar[str] = "stage.finished"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "stage", "attempt")

    run: str
    stage: str
    outcome: RunOutcome
    detail: str = ""
    attempt: int = 1


class RunFinished(EventType):
    """A run ended, and how; `detail` says why it did not succeed, `signal` which signal ended it (0: none)."""

    kind: ClassVar[str] = "run.finished"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "attempt")

    run: str
    outcome: RunOutcome
    detail: str = ""
    signal: int = 0
    attempt: int = 1


class RunRenewed(EventType):
    """An attempt of a run is alive, and all its leases hold until a time. `number` counts the renewals from 1."""

    kind: ClassVar[str] = "run.renewed"
    subject_field: ClassVar[str] = "run"
    key_fields: ClassVar[tuple[str, ...]] = ("run", "attempt", "number")

    run: str
    until: datetime
    number: int
    attempt: int = 1


class LeaseTaken(EventType):
    """A run alone may write on a host until a time. `token` counts up per host: a higher one fences out all lower.

    Of two runs that take the same token the database lets one have it. Between two tokens numbers may be
    missing. The lease ends with its run, when it is released, and when another is taken.
    """

    kind: ClassVar[str] = "lease.taken"
    subject_field: ClassVar[str] = "host"
    key_fields: ClassVar[tuple[str, ...]] = ("host", "token")

    host: str
    token: int
    run: str
    until: datetime


class LeaseReleased(EventType):
    """A run gave its lease of a host back."""

    kind: ClassVar[str] = "lease.released"
    subject_field: ClassVar[str] = "host"
    key_fields: ClassVar[tuple[str, ...]] = ("host", "token")

    host: str
    token: int
    run: str


class HostTaken(EventType):
    """A run found on a host that another one has taken it, maybe one of another contract: it writes there no more.

    `token` is the lease that it held, `by` the other run (empty: unknown). The ledger of that one says more.
    """

    kind: ClassVar[str] = "host.taken"
    subject_field: ClassVar[str] = "host"
    key_fields: ClassVar[tuple[str, ...]] = ("host", "token")

    host: str
    token: int
    run: str
    by: str = ""


RunEvent = HostTaken | LeaseReleased | LeaseTaken | RunFinished | RunRenewed | RunStarted | StageFinished | StageStarted
"""Every event of runs."""
