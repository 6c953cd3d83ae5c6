"""A rebuild, shown: before it starts, what is restored from which copies; afterwards what came of it.

Comes in: the plan, the times of the run, the results of restores. Goes out: lines, JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from opspact.ledger.canonical import time_text
from opspact.ledger.run_events import RunOutcome
from opspact.model.result import Result, Verdict
from opspact.recovery.rebuild_plan import CopyUse, RebuildPlan
from opspact.recovery.rebuild_run import RunTimes
from opspact.report.document import document
from opspact.report.jobs import result_data
from opspact.report.lines import Line, line
from opspact.run.execution import StageResult
from opspact.run.resume import PlannedStage
from opspact.structs import Struct
from opspact.text.durations import format_duration, format_hours
from opspact.text.instants import format_minute_with_offset


class RebuildOutcome(Struct, kw_only=True):
    """What came of a rebuild: of which run, how it ended, how long it took, what was restored, the oldest first."""

    run: str
    plan: RebuildPlan
    stages: tuple[PlannedStage, ...]
    result: StageResult
    times: RunTimes
    restored: Sequence[Result]

    @property
    def is_done(self) -> bool:
        """Whether the host is back."""
        return self.result.outcome is RunOutcome.DONE

    @property
    def is_in_time(self) -> bool:
        """Whether it took no longer than the policies allow."""
        return self.times.total <= self.plan.allowed[0].time


def rebuild_plan_lines(plan: RebuildPlan, now: datetime, zone: ZoneInfo) -> Iterator[Line]:
    """Given what is to be restored, the time and the zone for people, yield it, and what no copy has."""
    yield line((f"{plan.host}  ", "title"), "is rebuilt from the policies and these copies", hang=4)
    for use in plan.uses:
        age = format_duration(max((now - use.made).total_seconds(), 0))
        made = format_minute_with_offset(use.made, zone)
        yield line((f"{use.copy}  ", "title"), f"{made}, {age} old, on {use.backup.server}", indent=2, hang=4)
        for words in _restores(use):
            yield line(words, indent=4, hang=4)
    for what in plan.lost:
        yield line(("no copy  ", "bad"), f"of {what}: it is not restored", indent=2, hang=4)


def _restores(use: CopyUse) -> Iterator[str]:
    if use.in_place:
        yield f"in place: {', '.join(use.in_place)}"
    if use.beside:
        yield f"to {use.folder}: {', '.join(use.beside)}"
    if use.databases:
        yield f"databases: {', '.join(use.databases)}"


def rebuild_lines(outcome: RebuildOutcome) -> Iterator[Line]:
    """Given what came of a rebuild, yield its stages with their times, what was restored, and the verdict."""
    for planned in outcome.stages:
        seconds = outcome.times.stages.get(planned.stage.name)
        took = format_hours(round(seconds.total_seconds(), 1)) if seconds is not None else "not reached"
        yield line((f"{planned.stage.name:<9}  ", "title"), took, hang=4)
    for result in outcome.restored:
        meaning = "good" if result.verdict is Verdict.OK else "doubt"
        yield line((f"{result.verdict}  ", meaning), result.message, hang=4)
    for what in outcome.plan.lost:
        yield line(("not restored  ", "bad"), what, hang=4)
    yield line()
    yield _verdict(outcome)


def _verdict(outcome: RebuildOutcome) -> Line:
    host, took = outcome.plan.host, format_hours(round(outcome.times.total.total_seconds(), 1))
    if not outcome.is_done:
        words = f"  {host} after {took}: {outcome.result.detail}; `opspact rebuild {host} --resume` continues"
        return line(("not rebuilt", "bad"), words, hang=4)
    allowed, policy = outcome.plan.allowed
    words = f"RTO {allowed}, {policy}"
    if not outcome.is_in_time:
        return line(("rebuilt too late", "bad"), f"  {host} in {took} ({words})", hang=4)
    return line(("rebuilt", "good"), f"  {host} in {took} ({words})", hang=4)


def rebuild_json(outcome: RebuildOutcome) -> str:
    """Given what came of a rebuild, return one JSON object; times in seconds, instants in UTC."""
    allowed, policy = outcome.plan.allowed
    return document(
        "rebuild",
        {
            "host": outcome.plan.host,
            "run": outcome.run,
            "outcome": outcome.result.outcome,
            "detail": outcome.result.detail,
            "seconds": outcome.times.total.total_seconds(),
            "rto": {"seconds": allowed.seconds, "policy": policy, "kept": outcome.is_done and outcome.is_in_time},
            "stages": [_stage_data(each, outcome.times) for each in outcome.stages],
            "copies": list(_copies(outcome.plan.uses)),
            "restored": [result_data(each) for each in outcome.restored],
            "lost": list(outcome.plan.lost),
        },
    )


def _stage_data(planned: PlannedStage, times: RunTimes) -> Mapping[str, object]:
    seconds = times.stages.get(planned.stage.name)
    took = seconds.total_seconds() if seconds is not None else None
    return {"name": planned.stage.name, "treatment": planned.treatment.value, "seconds": took}


def _copies(uses: Iterable[CopyUse]) -> Iterator[Mapping[str, object]]:
    for use in uses:
        yield {
            "policy": use.backup.origin.policy,
            "name": use.copy,
            "started": time_text(use.made),
            "in_place": list(use.in_place),
            "beside": list(use.beside),
            "folder": use.folder if use.beside else None,
            "databases": list(use.databases),
        }
