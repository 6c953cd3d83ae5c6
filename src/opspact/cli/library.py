"""`opspact library check`: installers compared with their SHA-256 now, on their hosts.

Comes in: the contract's folder. Goes out: results, recorded.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import command_context
from opspact.cli.jobs import chosen_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode
from opspact.model.job import LIBRARY
from opspact.model.result import Result
from opspact.report.jobs import answer_lines, answers_json

app = typer.Typer()


@app.callback()
def group() -> None:
    """Stand for the group: its one command keeps its name."""


@app.command("check", help="Check installers on their hosts now and record the results.")
def check(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The library policy; default: all.")] = None,
    *,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, check its installers; FINDINGS: one is not the promised file, OPERATION_FAILED: no result."""
    settings = settings_of(context)
    work = command_context(context)
    answers = run_jobs(work, chosen_jobs(work, (LIBRARY,), name, limit=limit))
    if form is Format.JSON:
        sys.stdout.write(answers_json("library-check", answers))
    else:
        settings.stdout.show(answer_lines(answers, ZoneInfo(work.head.contract.zone)))
    results = [answer for _, _, answer in answers if isinstance(answer, Result)]
    if len(results) < len(answers) or any(result.died or result.damaged for result in results):
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN if all(result.is_good for result in results) else ExitCode.FINDINGS
