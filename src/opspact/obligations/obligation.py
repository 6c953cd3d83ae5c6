"""One thing that a policy owes in time: to whom, by when, and what proves it.

Comes in: fields, from the policy kinds in `compile`. Goes out: frozen values for the judge and for reports.
"""

from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from opspact.model.origin import Origin
from opspact.structs import Struct
from opspact.values.schedule import Schedule


class State(StrEnum):
    """How an obligation stands, the worst first; a clause is as good as its worst obligation.

    `not due` has never been due yet; `not carried out`: nothing in opspact, and no record of a person, does it so far.
    """

    FAILED = "failed"
    LATE = "late"
    UNKNOWN = "unknown"
    NOT_CARRIED_OUT = "not carried out"
    NOT_DUE = "not due"
    KEPT = "kept"

    @property
    def key(self) -> str:
        """The state as a JSON value: `not_carried_out`."""
        return self.value.replace(" ", "_")


def worst(states: "list[State]") -> State:
    """Given the states of a clause's obligations, return the clause's: NOT_CARRIED_OUT where there is none."""
    order = list(State)
    return min(states, key=order.index, default=State.NOT_CARRIED_OUT)


class Proof(StrEnum):
    """What shows that an obligation is kept: a job's result, a check of a host, a restore test, a record, a clock."""

    RESULT = "result"
    CHECK = "check"
    DRILL = "drill"
    RECORD = "record"
    CLOCK = "clock"


class Scheduled(Struct):
    """Due at each occurrence of a schedule; late once `tolerance` has passed without a run that began since."""

    schedule: Schedule
    zone: ZoneInfo
    tolerance: timedelta


class Within(Struct):
    """Due again so long after the newest proof, or after its policy was first applied on that host.

    `overdue` is what it is then: an overdue copy has failed its recovery point, an overdue restore test is late.
    `text` is the time as it is written (`26h`), empty where nobody wrote it.
    """

    time: timedelta
    overdue: State
    text: str = ""


class AfterEach(Struct):
    """Due so long after the end of each of the occasions that are known (grants of access), and late then.

    `text` is the time as it is written, `nothing` says that there was no such occasion.
    """

    time: timedelta
    text: str = ""
    nothing: str = "nothing to review"


Due = Scheduled | Within | AfterEach


class JobSource(Struct, order=True):
    """Results of a job (`backup/daily`) on a host.

    `of_copy`: what counts is the newest proven copy, not the run. `item`: what counts is what the run says of the items
    with this subject, not the whole run: for another host (`host/app1`) whether it went well, of anything else
    (`device/core-switch`) whether it was looked at.
    """

    job: str
    host: str
    of_copy: bool = False
    item: str = ""


class CheckSource(Struct, order=True):
    """Checks of a policy's steps on a host, by `verify` and at the end of an apply."""

    policy: str
    host: str


class RecordSource(Struct):
    """A day on which a person did it, as the policies record it, in the zone of the contract."""

    day: date
    zone: ZoneInfo


RECORD_COMMAND = "opspact record"
"""What records most of what people do."""


class PersonSource(Struct):
    """What people record in the ledger of what a policy owes: `what`, such as `visit record`.

    `minimum`: how many must have been found at least, where something is counted (0: any number will do); None: nothing
    is. `command` records it.
    """

    policy: str
    what: str
    zone: ZoneInfo
    minimum: int | None = None
    command: str = RECORD_COMMAND


class RedactionSource(Struct):
    """Checks in which a redaction's sample lines were recorded: each line, and the part that must be masked in it."""

    policy: str
    samples: tuple[tuple[str, str], ...]


class DrillSource(Struct):
    """Drills of an emergency: its fault was made on a rehearsal host, and its runbook cured it."""

    policy: str


class RunbookSource(Struct):
    """Runs of a runbook, by name: each was carried out to its end, or abandoned with a reason."""

    runbook: str


Source = JobSource | CheckSource | RecordSource | PersonSource | RedactionSource | DrillSource | RunbookSource


class Obligation(Struct):
    """One thing owed in time.

    `what` names it among the obligations of one policy and subject (`copy`, `restore test`). `source` is where its
    evidence comes from; None: nothing carries it out yet, and `reason` says what is missing. `due` is None for what is
    owed once, or where nobody says when. Evidence older than `evidence_within` no longer counts (None: no limit); a
    record of what is owed once always does.
    """

    origin: Origin
    subject: str
    what: str
    proof: Proof
    due: Due | None
    source: Source | None
    reason: str = ""
    evidence_within: timedelta | None = None

    @property
    def policy(self) -> str:
        """The policy that owes it: `kind/name`."""
        return self.origin.policy

    @property
    def clauses(self) -> tuple[str, ...]:
        """The clauses that rest on it."""
        return self.origin.clauses


def not_carried_out(origin: Origin, what: str, *, proof: Proof, reason: str, due: Due | None = None) -> Obligation:
    """Given what a policy owes of itself and nothing carries out yet, and what is missing, return the obligation."""
    return Obligation(origin, origin.policy, what, proof, due=due, source=None, reason=reason)
