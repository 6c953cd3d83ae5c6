"""A drill: the fault of an emergency made for real, noticed by its inspection, cured by its runbook.

Comes in: a planned drill, doors. Goes out: the event that says what came of it, and whether the fault may be there.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from opspact.errors import OpspactError
from opspact.fleet import signals
from opspact.fleet.signals import EndedBySignal
from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import EmergencyRehearsed
from opspact.model.result import Verdict
from opspact.runbook.rehearsal import PlannedDrill, PlannedRun
from opspact.structs import Struct, replace
from opspact.text.names import list_names

_SHOWN = 3

Findings = Mapping[str, Verdict]
"""What an inspection saw of each thing that it looks at."""
_BAD = frozenset({Verdict.WARNING, Verdict.CRITICAL})


class DrillRun(Struct):
    """A run of a drill, by name (empty: nobody can say), and how it ended; `signal`: which one ended it (0: none).

    `has_changed`: it may have changed something on a host.
    """

    run: str
    outcome: RunOutcome
    detail: str = ""
    signal: int = 0
    has_changed: bool = True


class DrillResult(Struct):
    """What came of a drill; `fault_remains`: its fault may still be there. `signal`: which one ended it (0: none).

    `unrecorded`: why the ledger does not have it; empty: it has.
    """

    event: EmergencyRehearsed
    fault_remains: bool
    signal: int = 0
    unrecorded: str = ""


class DrillDoors(Struct):
    """What a drill reaches the world through.

    `run` raises an error only if the run did not begin; a run that has begun always ends in an answer. `record`
    reports and records what came of a drill, and returns why that cannot be recorded.
    """

    now: Callable[[], datetime]
    run: Callable[[PlannedRun], DrillRun]
    inspect: Callable[[], Findings]
    record: Callable[[DrillResult], str]


def carry_out(drill: PlannedDrill, doors: DrillDoors) -> DrillResult:
    """Given a drill, carry it out and record it; return what came of it.

    What a door raises before the fault's run has begun is raised here: nothing was done. Once it has begun, every
    error and every signal is how the drill ended, and the drill is recorded, whatever happens.
    """
    course = _Course(drill, doors)
    try:
        course.follow()
    except EndedBySignal as ended:
        if not course.has_begun:
            raise
        course.end(RunOutcome.STOPPED, str(ended), signal=ended.number)
    except OpspactError as error:
        if not course.has_begun:
            raise
        course.end(RunOutcome.FAILED, _reason(error))
    finally:
        if course.has_begun:
            with signals.hold():
                course.record()
    return course.result


class _Course:
    """How a drill goes: what came of it so far."""

    def __init__(self, drill: PlannedDrill, doors: DrillDoors) -> None:
        self._drill, self._doors = drill, doors
        self.has_begun = False
        event = EmergencyRehearsed(
            policy=drill.emergency.origin.policy,
            host=drill.host,
            outcome=RunOutcome.FAILED,
            began=drill.began,
            fault_run="",
            detail="the drill was not carried out to its end",
        )
        self.result = DrillResult(event, fault_remains=False)

    def follow(self) -> None:
        """Make the fault, have it noticed and cured."""
        healthy = self._inspected()
        fault = self._doors.run(self._drill.fault)
        self.has_begun = True
        self.result = replace(self.result, fault_remains=fault.has_changed)
        self._note(fault_run=fault.run)
        if fault.outcome is not RunOutcome.DONE:
            self.end(fault.outcome, f"the fault was not made completely: {fault.detail}", signal=fault.signal)
            return
        self._note(broken=self._doors.now())
        noticed, why = self._noticed(healthy)
        if noticed:
            self._note(noticed=self._doors.now())
        if self._is_cured():
            self._judge(noticed, why, healthy)

    def end(self, outcome: RunOutcome, detail: str = "", *, signal: int = 0) -> None:
        """Given how the drill ended, keep that."""
        self._note(outcome=outcome, detail=detail)
        self.result = replace(self.result, signal=signal)

    def record(self) -> None:
        """Have what came of the drill reported and recorded."""
        self.result = replace(self.result, unrecorded=self._doors.record(self.result))

    def _note(self, **fields: object) -> None:
        self.result = replace(self.result, event=replace(self.result.event, **fields))

    def _inspected(self) -> Findings:
        return self._doors.inspect() if self._drill.rehearsal.noticed_by else {}

    def _noticed(self, healthy: Findings) -> tuple[Sequence[str], str]:
        """Return what is bad now and was not before, or why nothing was noticed: the fault is cured all the same."""
        inspection = self._drill.rehearsal.noticed_by
        if not inspection:
            return (), ""
        try:
            broken = self._inspected()
        except OpspactError as error:
            return (), f"inspection {inspection} could not look at the fault: {_reason(error)}"
        found = [name for name, verdict in broken.items() if verdict in _BAD and healthy.get(name) not in _BAD]
        return found, "" if found else f"inspection {inspection} did not notice the fault"

    def _is_cured(self) -> bool:
        """Run the runbook; return whether it was carried out to its end."""
        try:
            cure = self._doors.run(self._drill.cure)
        except OpspactError as error:
            self.end(RunOutcome.FAILED, f"runbook {self._drill.cure.runbook.name} was not started: {_reason(error)}")
            return False
        self._note(runbook_run=cure.run)
        if cure.outcome is not RunOutcome.DONE:
            self.end(cure.outcome, cure.detail, signal=cure.signal)
            return False
        self._note(cured=self._doors.now())
        return True

    def _judge(self, noticed: Sequence[str], why: str, healthy: Findings) -> None:
        """Judge a drill whose runbook was carried out, by what the inspection saw before and after it."""
        inspection = self._drill.rehearsal.noticed_by
        try:
            after = self._inspected()
        except OpspactError as error:
            unseen = f"inspection {inspection} could not look at what is cured: {_reason(error)}"
            self.end(RunOutcome.FAILED, "; ".join(filter(None, (why, unseen))))
            return
        # what is named in the fault alone, such as a database that is gone, need not be named again
        still = [
            name
            for name in noticed
            if after.get(name, Verdict.OK) is not Verdict.OK or name in healthy.keys() - after.keys()
        ]
        why = f"inspection {inspection} still reports {list_names(still, _SHOWN)}" if still else why
        self.end(RunOutcome.FAILED if why else RunOutcome.DONE, why)
        self.result = replace(self.result, fault_remains=bool(still))


def _reason(error: OpspactError) -> str:
    return str(error).partition("\n")[0]
