"""Runbooks and their runs, listed.

Comes in: runbooks, runs. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from opspact.model.policies.runbook import Risk, Runbook
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.runbook.history import RunbookRun
from opspact.text.instants import format_instant, format_instant_in_utc

_RISKS = {Risk.READ_ONLY: "good", Risk.REVERSIBLE: "doubt", Risk.DESTRUCTIVE: "bad"}
_STATES = {"done": "good", "failed": "bad", "rolled back": "bad", "running": "quiet"}


def runbook_lines(runbooks: Sequence[Runbook], language: str) -> Iterator[Line]:
    """Given runbooks and `zh-CN` or `en`, yield a line for each."""
    widest = max((len(each.name) for each in runbooks), default=0)
    for each in runbooks:
        risk = each.risk.value
        yield line(
            (f"{each.name:<{widest}}  ", "title"),
            (f"{risk:<11}", _RISKS[each.risk]),
            f"  {each.text.in_language(language)}",
        )


def runbooks_json(runbooks: Sequence[Runbook]) -> str:
    """Given runbooks, return them for scripts."""
    return document(
        "runbook-list",
        {
            "runbooks": [
                {
                    "name": each.name,
                    "text": {"zh": each.text.zh, "en": each.text.en},
                    "risk": each.risk.value,
                    "clauses": list(each.origin.clauses),
                    "hosts": list(each.hosts),
                    "inputs": list(each.inputs),
                    "steps": [step.name for step in each.steps],
                }
                for each in runbooks
            ]
        },
    )


def run_lines(runs: Sequence[RunbookRun], zone: ZoneInfo) -> Iterator[Line]:
    """Given runs, the newest first, and the contract's zone, yield a line or two for each."""
    for each in runs:
        started, state = each.started, each.word
        drill = f"  drill of {started.event.drill}" if started.event.drill else ""
        yield line(
            (f"{each.id}  ", "title"),
            (state, _STATES.get(state, "doubt")),
            f"  {started.event.runbook} on {', '.join(started.event.targets)}{drill}",
            hang=4,
        )
        detail = f"  {each.state.end.detail}" if each.state.end and each.state.end.detail else ""
        yield line(f"{format_instant(started.at, zone)}  {started.actor}{detail}", indent=2, hang=4)


def runs_json(runs: Sequence[RunbookRun]) -> str:
    """Given runs, the newest first, return them for scripts."""
    return document(
        "runbook-runs",
        {
            "runs": [
                {
                    "run": each.id,
                    "runbook": each.started.event.runbook,
                    "state": each.word,
                    "targets": list(each.started.event.targets),
                    "drill": each.started.event.drill,
                    "actor": each.started.actor,
                    "person": each.started.event.person,
                    "began": format_instant_in_utc(each.started.at),
                    "attempts": each.state.attempt,
                    "detail": each.state.end.detail if each.state.end else "",
                }
                for each in runs
            ]
        },
    )
