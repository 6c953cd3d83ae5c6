"""Events of applying and verifying policies: what was planned, done and seen, on which host, for which policy.

In: plans and results. Out: events.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import ClassVar

from opspact.ledger.event_type import EventType
from opspact.plan.change import Action
from opspact.steps.check import Reach
from opspact.structs import Struct, field
from opspact.values.schedule import Schedule

StepData = Mapping[str, object]
"""A step as plain data, as manifests on hosts hold it."""
PlannedSteps = Mapping[Action, tuple[str, ...]]
"""What a plan holds for one host: identities of steps, by what is to happen to them."""


class CheckSource(StrEnum):
    """What made a check of a host: the last look of an apply, or a verify."""

    APPLY = "apply"
    VERIFY = "verify"


class HostAddress(Struct):
    """How a host is reached. Kept because the host may leave the inventory one day."""

    address: str = ""
    user: str = ""


class ManifestChange(Struct):
    """What changed in one host's manifest: places of steps in the event's list, and identities that are gone.

    `machine` is the host's machine-id: another machine of the same name holds nothing of this.
    """

    machine: str
    brought: tuple[int, ...] = ()
    gone: tuple[str, ...] = ()


class ManifestChanges(Struct):
    """What changed in manifests, by host. Each step stands in `steps` once, however many hosts it was brought to."""

    hosts: Mapping[str, ManifestChange] = field(default_factory=dict)
    steps: tuple[StepData, ...] = ()

    def __post_init__(self) -> None:
        """Refuse places of steps that are not there."""
        places = {place for change in self.hosts.values() for place in change.brought}
        if not places <= set(range(len(self.steps))):
            raise ValueError("a manifest change names a step that does not exist")

    def steps_on(self, host: str) -> Iterator[StepData]:
        """Given a host that is in it, yield the steps that opspact brings there, as data."""
        return (self.steps[place] for place in self.hosts[host].brought)


class ApplyStarted(EventType):
    """A plan is about to be carried out on these hosts; its digest stands in the event's `plan_digest`."""

    kind: ClassVar[str] = "apply.started"
    subject_field: ClassVar[str] = "run"

    hosts: Mapping[str, PlannedSteps]
    reached_at: Mapping[str, HostAddress] = field(default_factory=dict)
    manifests: ManifestChanges = field(default_factory=ManifestChanges)
    contract_digest: str = ""
    run: str = ""


class HostOutcome(Struct):
    """What came of an apply on one host: how many of its steps are ok, and what stood in the way.

    `reach`: how the host answered; `why`: why it could not be converged, empty: nothing kept it from that.
    """

    planned: int
    ok: int
    reach: Reach = Reach.REACHED
    why: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the host was reached, and all that was to be done there was done."""
        return self.reach is Reach.REACHED and not self.why

    @property
    def is_converged(self) -> bool:
        """Whether the host was reached, and every one of its steps is ok."""
        return self.is_complete and self.ok == self.planned


class ApplyFinished(EventType):
    """What came of an apply. `carrying`: hosts on which opspact keeps something now; `signal` ended it (0: none).

    `left`: steps that differed and were left so, by host: only some drift was to be fixed.
    """

    kind: ClassVar[str] = "apply.finished"
    subject_field: ClassVar[str] = "run"

    hosts: Mapping[str, HostOutcome]
    is_converged: bool
    ansible_started: bool = False
    signal: int = 0
    carrying: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    manifests: ManifestChanges = field(default_factory=ManifestChanges)
    contract_digest: str = ""
    run: str = ""
    left: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class GuardState(StrEnum):
    """What became of a change that hosts revert unless it is confirmed."""

    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    FAILED = "failed"
    """The host could not revert it whole."""
    UNKNOWN = "unknown"
    """The host did not answer any more; it reverts the change by itself."""


class ChangeGuarded(EventType):
    """A change on a host that can cut the connections to it was confirmed by a fresh connection, or reverted there.

    `paths`: what was reverted; `run`: the attempt that changed it; `why`: what was said, empty where all went well.
    """

    kind: ClassVar[str] = "change.guarded"
    subject_field: ClassVar[str] = "host"

    host: str
    run: str
    state: GuardState
    paths: tuple[str, ...] = ()
    why: str = ""


class PolicyChecks(Struct):
    """How many of a policy's steps on one host are in which state. `digest`: 12 hex digits over those steps."""

    ok: int = 0
    failed: int = 0
    unknown: int = 0
    digest: str = ""


class HostChecked(EventType):
    """One host as it was seen: every check that is not ok as `state: detail`, by identity, and counts by policy.

    `planned` and `ok` count the host's checks; `detail` says why it was not reached. `policies` is by `kind/name`;
    `manifest`: what is wrong with the manifest on the host, empty: nothing.
    """

    kind: ClassVar[str] = "host.checked"
    subject_field: ClassVar[str] = "host"

    host: str
    source: CheckSource
    contract_digest: str
    reach: Reach = Reach.REACHED
    detail: str = ""
    planned: int = 0
    ok: int = 0
    not_ok: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, PolicyChecks] = field(default_factory=dict)
    manifest: str = ""
    run: str = ""


class VerifyFinished(EventType):
    """What a verify came to: hosts by the state of their worst check. A host that was not reached is unknown."""

    kind: ClassVar[str] = "verify.finished"
    subject_field: ClassVar[str] = "run"

    ok: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    contract_digest: str = ""
    run: str = ""


class HostRetired(EventType):
    """A host that left the inventory is gone for good. `remaining`: identities of what opspact had there."""

    kind: ClassVar[str] = "host.retired"
    subject_field: ClassVar[str] = "host"

    host: str
    reason: str
    remaining: tuple[str, ...] = ()


class AppliedJob(Struct):
    """A job (`backup/daily`), or what a person records (`visit record`), that a policy's text asks for.

    `schedule` None: it has none. `zone`: that of its schedule (`Asia/Shanghai`). `subject`: what it looks after
    (`repository/backup1/daily`); empty: the host on which it runs.
    """

    job: str
    schedule: Schedule | None = None
    subject: str = ""
    zone: str = ""


class PolicyApplied(EventType):
    """The text of a policy (`kind/name`) has come into effect, or a policy was removed from hosts.

    `digest`: SHA-256 of the text as it is written; empty: the policy is not in the contract any more. `hosts`: where
    it was not in effect before; none for a policy without steps. `removed_from`: where the policy was, in whatever
    text, and is not any more. `jobs`: those that keep what the text owes. `previous`: the sequence number of the
    PolicyApplied before it of the same policy; 0: it is the first one. So each knows what those before it say,
    whoever applies at the same time.
    """

    kind: ClassVar[str] = "policy.applied"
    subject_field: ClassVar[str] = "policy"
    key_fields: ClassVar[tuple[str, ...]] = ("policy", "previous")

    policy: str
    digest: str
    previous: int = 0
    hosts: tuple[str, ...] = ()
    jobs: tuple[AppliedJob, ...] = ()
    removed_from: tuple[str, ...] = ()


ApplyEvent = ApplyFinished | ApplyStarted | ChangeGuarded | HostChecked | HostRetired | PolicyApplied | VerifyFinished
"""Every event of applying and verifying."""
