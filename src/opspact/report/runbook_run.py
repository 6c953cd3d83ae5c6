"""A run of a runbook, shown while it goes on, and what came of it.

Comes in: stages and their results. Goes out: lines, JSON.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from opspact.ledger.run_events import RunOutcome
from opspact.ledger.runbook_events import RunbookStepEnded, StepOutcome
from opspact.report.document import document
from opspact.report.lines import Line, line, shortened
from opspact.report.screen import Screen
from opspact.run.execution import StageResult
from opspact.runbook.dry_run import Coverage, DryStep, percent
from opspact.runbook.procedure import Part, Procedure, ProcedureStep, writes
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.durations import format_hours

_MEANINGS = {
    StepOutcome.DONE: "good",
    StepOutcome.SKIPPED: "quiet",
    StepOutcome.FAILED: "bad",
    StepOutcome.UNKNOWN: "doubt",
}
_OUTPUT_LINES = 12


class RunResult(Struct):
    """What came of an attempt of a run: how it ended, and its steps so far."""

    run: str
    procedure: Procedure
    result: StageResult
    events: tuple[RunbookStepEnded, ...]

    @property
    def is_done(self) -> bool:
        """Whether the runbook was carried out to its end."""
        return self.result.outcome is RunOutcome.DONE

    @property
    def has_changed(self) -> bool:
        """Whether a step that may write on hosts was begun, so that something may have changed there."""
        writing = {each.name for each in self.procedure.steps if writes(each)}
        begun = (each for each in self.events if each.outcome is not StepOutcome.SKIPPED and each.tries)
        return any(each.step in writing for each in begun)

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for somebody."""
        return self.result.outcome is RunOutcome.STOPPED and not self.result.signal


class RunProgress:
    """Shows a run stage by stage, in a language: `zh-CN` or `en`."""

    def __init__(self, screen: Screen, procedure: Procedure, *, language: str) -> None:
        self._screen, self._language = screen, language
        self._names = [each.name for each in procedure.steps if each.part is not Part.ROLLBACK]

    def started(self, stage: ProcedureStep, hosts: Sequence[str]) -> None:
        """A stage begins."""
        on = f"  ({', '.join(hosts)})" if hosts else ""
        known = stage.name in self._names
        place = f"{self._names.index(stage.name) + 1}/{len(self._names)}  " if known else ""
        self._screen.show([line((place, "quiet"), (f"{stage.name}  ", "title"), f"{self._text(stage)}{on}", hang=4)])

    def ended(self, stage: ProcedureStep, events: Sequence[RunbookStepEnded]) -> None:
        """A stage has ended; that nothing is rolled back is not worth a line."""
        shown = [each for each in events if stage.part is not Part.ROLLBACK or each.outcome is not StepOutcome.SKIPPED]
        self._screen.show(each for event in shown for each in step_lines(event))

    def _text(self, stage: ProcedureStep) -> str:
        text = stage.step.text.in_language(self._language) if stage.step else stage.part.value
        return f"roll back: {text}" if stage.part is Part.ROLLBACK else text


def step_lines(event: RunbookStepEnded) -> Iterator[Line]:
    """Given a step that ended, yield how, and what it said if it did not succeed."""
    seconds = max((event.ended - event.started).total_seconds(), 0)
    where = f"{event.host}: " if event.host else ""
    again = f", {event.tries} tries" if event.tries > 1 else ""
    detail = f"  {shortened(event.detail, 300)}" if event.detail else ""
    took = "" if event.outcome is StepOutcome.SKIPPED else f"  {format_hours(round(seconds, 1))}{again}"
    name = f"{event.step}  " if event.outcome is StepOutcome.SKIPPED else ""
    yield line(name, where, (event.outcome.value, _MEANINGS[event.outcome]), f"{took}{detail}", indent=2, hang=4)
    said = [*event.output.splitlines(), *event.error_output.splitlines()]
    shown = said if event.outcome in {StepOutcome.FAILED, StepOutcome.UNKNOWN} or event.action == "check" else []
    for text in shown[-_OUTPUT_LINES:]:
        yield line((shortened(text, 300), "quiet"), indent=4, hang=4)


def result_lines(found: RunResult) -> Iterator[Line]:
    """Given what came of an attempt, yield the verdict and how to go on."""
    run, result = found.run, found.result
    if found.is_done:
        yield line(("done", "good"), f"  {found.procedure.runbook.name}: run {run}")
    else:
        words = ("stopped", "doubt") if result.outcome is RunOutcome.STOPPED else ("failed", "bad")
        yield line(words, f"  {result.detail}", hang=4)
        yield from resume_lines(run)
    yield line(f"`opspact runbook show {run}` shows the record", indent=2)


def resume_lines(run: str) -> Iterator[Line]:
    """Given a run that is not done, yield how to go on with it, and how to give it up."""
    yield line(
        f"`opspact runbook resume {run}` goes on, `opspact runbook abandon {run} --reason TEXT` gives it up", indent=2
    )


def result_json(found: RunResult) -> str:
    """Given what came of an attempt, return it as JSON."""
    return document(
        "runbook-run",
        {
            "run": found.run,
            "runbook": found.procedure.runbook.name,
            "targets": list(found.procedure.targets),
            "outcome": "waiting" if found.is_waiting else found.result.outcome.value,
            "detail": found.result.detail,
            "steps": [step_data(each) for each in found.events],
        },
    )


def step_data(event: RunbookStepEnded) -> dict[str, object]:
    """Given a step that ended, return it as JSON values."""
    return {
        "step": event.step,
        "host": event.host,
        "action": event.action,
        "outcome": event.outcome.value,
        "exit_code": event.exit_code,
        "changed": event.changed,
        "seconds": round((event.ended - event.started).total_seconds(), 3),
        "tries": event.tries,
        "values": dict(event.values),
        "detail": event.detail,
        "following": event.following,
    }


def start_lines(procedure: Procedure, inputs: Iterable[tuple[str, str]], *, language: str) -> Iterator[Line]:
    """Given a procedure and its inputs, yield what is about to be run."""
    runbook = procedure.runbook
    meaning = {"read-only": "good", "reversible": "doubt", "destructive": "bad"}[runbook.risk.value]
    yield line((f"{runbook.name}  ", "title"), runbook.text.in_language(language), hang=4)
    yield line("for ", ", ".join(procedure.targets), ", risk: ", (runbook.risk.value, meaning), indent=2)
    for name, value in inputs:
        yield line(f"{name} = {value}", indent=2, hang=4)
    if runbook.without_restore_point is not None:
        yield line(f"without a restore point: {runbook.without_restore_point.in_language(language)}", indent=2, hang=4)


def dry_run_lines(steps: Sequence[DryStep]) -> Iterator[Line]:
    """Given the steps of a dry run, yield what became of each, and how much of the runbook that covers."""
    meanings = {Coverage.SIMULATED: "good", Coverage.NOT_SIMULATED: "doubt", Coverage.SKIPPED: "quiet"}
    for each in steps:
        on = f"  ({', '.join(each.hosts)})" if each.hosts else ""
        would = "" if each.outcome in {None, StepOutcome.DONE} else f"  would be {each.outcome}:"
        yield line((f"{each.name}  ", "title"), (each.coverage.value, meanings[each.coverage]), f"{on}{would}", hang=4)
        yield line(shortened(each.found, 300), indent=4, hang=4)
        if each.command:
            yield line(("would run  ", "quiet"), _first_line(each), indent=4, hang=4)
    yield line()
    yield line(f"coverage {percent(steps)} %", "; nothing was changed, and no run is recorded")


def _first_line(step: DryStep) -> str:
    """Return the first line of what a step would run, and how many follow it."""
    text = step.command[0] if step.action == "script" else " ".join(map(shlex.quote, step.command))
    lines = [each for each in text.splitlines() if each.strip()] or [""]
    more = f" … and {format_count(len(lines) - 1, 'more line')}" if len(lines) > 1 else ""
    return f"{shortened(lines[0], 300)}{more}"


def dry_run_json(procedure: Procedure, steps: Sequence[DryStep]) -> str:
    """Given a procedure and the steps of its dry run, return both as JSON."""
    return document(
        "runbook-dry-run",
        {
            "runbook": procedure.runbook.name,
            "targets": list(procedure.targets),
            "coverage": percent(steps),
            "steps": [
                {
                    "step": each.name,
                    "action": each.action,
                    "hosts": list(each.hosts),
                    "coverage": each.coverage.value.replace(" ", "_"),
                    "outcome": each.outcome.value if each.outcome else None,
                    "found": each.found,
                    "command": list(each.command),
                }
                for each in steps
            ],
        },
    )
