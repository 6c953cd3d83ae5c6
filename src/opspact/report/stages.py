"""The stages of a run, shown before it starts: what becomes of each, and on how many hosts.

In: the stages as they are carried out. Out: lines.
"""

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
        case Treatment.SKIP:
            return "skip, already done"
        case Treatment.COUNT_AS_DONE:
            return "skip, reported as done"
        case Treatment.ASK:
            return "needs an answer first"
        case _:
            assert_never(planned.treatment)
