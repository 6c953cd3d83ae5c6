"""A drill: the fault of an emergency made for real, noticed by its inspection, cured by its runbook.

Comes in: a planned drill, doors. Goes out: the event that says what came of it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

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
    """A run of a drill, by name, and how it ended."""

    run: str
    outcome: RunOutcome
    detail: str = ""


class DrillDoors(Struct):
    """What a drill reaches the world through."""

    now: Callable[[], datetime]
    run: Callable[[PlannedRun], DrillRun]
    inspect: Callable[[], Findings]


def carry_out(drill: PlannedDrill, doors: DrillDoors) -> EmergencyRehearsed:
    """Given a drill, carry it out; return what came of it. What a door raises ends it."""
    healthy = _inspected(drill, doors)
    fault = doors.run(drill.fault)
    event = EmergencyRehearsed(
        policy=drill.emergency.origin.policy,
        host=drill.host,
        outcome=RunOutcome.FAILED,
        began=drill.began,
        fault_run=fault.run,
    )
    if fault.outcome is not RunOutcome.DONE:
        return replace(event, outcome=fault.outcome, detail=f"the fault was not made: {fault.detail}")
    event = replace(event, broken=doors.now())
    broken = _inspected(drill, doors)
    noticed = [name for name, verdict in broken.items() if verdict in _BAD and healthy.get(name) not in _BAD]
    if noticed:
        event = replace(event, noticed=doors.now())
    cure = doors.run(drill.cure)
    event = replace(event, runbook_run=cure.run)
    if cure.outcome is not RunOutcome.DONE:
        return replace(event, outcome=cure.outcome, detail=cure.detail)
    event = replace(event, cured=doors.now())
    return _judged(event, drill, noticed, healthy=healthy, after=_inspected(drill, doors))


def _inspected(drill: PlannedDrill, doors: DrillDoors) -> Findings:
    return doors.inspect() if drill.rehearsal.noticed_by else {}


def _judged(
    event: EmergencyRehearsed, drill: PlannedDrill, noticed: Sequence[str], *, healthy: Findings, after: Findings
) -> EmergencyRehearsed:
    """Return a drill whose runbook was carried out, judged by what the inspection saw before and after it."""
    inspection = drill.rehearsal.noticed_by
    if inspection and not noticed:
        return replace(event, detail=f"inspection {inspection} did not notice the fault")
    # what is named in the fault alone, such as a database that is gone, need not be named again
    still = [
        name
        for name in noticed
        if after.get(name, Verdict.OK) is not Verdict.OK or name in healthy.keys() - after.keys()
    ]
    if still:
        return replace(event, detail=f"inspection {inspection} still reports {list_names(still, _SHOWN)}")
    return replace(event, outcome=RunOutcome.DONE)
