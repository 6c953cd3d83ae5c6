"""The stages of a run, shown before it starts: what becomes of each, and on how many hosts.

In: the stages as they are carried out. Out: lines.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import assert_never

from opspact.report.lines import Line, line
from opspact.run.resume import PlannedStage, Treatment
from opspact.text.counts import format_count


def stage_line(planned: PlannedStage) -> Line:
    """Given a stage and what becomes of it, return the line that says so."""
    stage = planned.stage
    return line((f"stage {stage.name}", "title"), f" ({stage.description}): {_treatment(planned)}", hang=4)


def _treatment(planned: PlannedStage) -> str:
    on_hosts = f" on {format_count(len(hosts), 'host')}" if (hosts := planned.stage.hosts) else ""
    match planned.treatment:
        case Treatment.START:
            return f"start{on_hosts}"
        case Treatment.START_OVER:
            return f"start over{on_hosts}"
        case Treatment.IF_FAILED:
            return f"only if {planned.stage.recovers} fails"
        case Treatment.SKIP | Treatment.COUNT_AS_DONE | Treatment.ASK | Treatment.WAIT:
            return _NOT_CARRIED_OUT[planned.treatment]
        case _:
            assert_never(planned.treatment)


_NOT_CARRIED_OUT: Mapping[Treatment, str] = MappingProxyType(
    {
        Treatment.SKIP: "skip, already done",
        Treatment.COUNT_AS_DONE: "skip, reported as done",
        Treatment.ASK: "needs an answer first",
        Treatment.WAIT: "not now: an interrupted rollback is completed first",
    }
)
