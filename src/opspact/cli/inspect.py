"""`opspact inspect run|collect|show`: inspections now, results from the hosts, results from the ledger.

Comes in: the contract's folder. Goes out: results, recorded once each.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import HostNames, command_context, host_limit
from opspact.cli.jobs import chosen_jobs, collect_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import assess
from opspact.model.job import JOB_KINDS, LOOKS
from opspact.model.result import Outcome, Result
from opspact.obligations.obligation import State
from opspact.report.jobs import (
    InspectionReport,
    answer_lines,
    answers_json,
    collected_json,
    collected_lines,
    inspection_json,
    inspection_lines,
)

app = typer.Typer()

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The inspection or log review; default: all.")]
Limit = Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("run", help="Run inspections and log reviews now and record the results.")
def run(context: typer.Context, name: Name = None, *, limit: Limit = None, form: Form = Format.TEXT) -> ExitCode:
    """Given a contract, run inspections on their hosts; return FINDINGS when something is worse than a warning."""
    settings = settings_of(context)
    work = command_context(context)
    answers = run_jobs(work, chosen_jobs(work, LOOKS, name, limit=limit))
    if form is Format.JSON:
        sys.stdout.write(answers_json("inspect-run", answers))
    else:
        settings.stdout.show(answer_lines(answers, ZoneInfo(work.head.contract.zone)))
    results = [answer for _, _, answer in answers if isinstance(answer, Result)]
    if len(results) < len(answers) or any(result.outcome is Outcome.FAILED for result in results):
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN if all(result.is_good for result in results) else ExitCode.FINDINGS


@app.command("collect", help="Collect new results of all jobs from the hosts.")
def collect(
    context: typer.Context, hosts: HostNames = None, *, limit: Limit = None, form: Form = Format.TEXT
) -> ExitCode:
    """Given a contract, fetch what waits on its hosts; return OPERATION_FAILED when a host was not reached."""
    settings = settings_of(context)
    work = command_context(context)
    collection = collect_jobs(work, JOB_KINDS.values(), limit=host_limit(hosts, limit))
    if form is Format.JSON:
        sys.stdout.write(collected_json(collection))
    else:
        settings.stdout.show(collected_lines(collection, ZoneInfo(work.head.contract.zone)))
    return ExitCode.OPERATION_FAILED if collection.unreached or collection.problems else ExitCode.CLEAN


@app.command("show", help="Show the state and the newest result of each inspection and log review, from the ledger.")
def show(context: typer.Context, name: Name = None, *, limit: Limit = None, form: Form = Format.TEXT) -> ExitCode:
    """Show how each inspection stands, and its newest result where there is one.

    Return FINDINGS when an obligation shown is failed or late, or when something that an inspection found is still
    open. Raise Refused when no inspection has the name, NothingFound when there is no result and nothing was to run.
    """
    settings = settings_of(context)
    work = command_context(context)
    meant = {(job.key, host) for job, hosts in chosen_jobs(work, LOOKS, name, limit=limit) for host in hosts}
    with work.history() as ledger:
        assessment = assess(work.head.contract, work.head.work, ledger, now=work.workspace.now)
    owing = {(policy, f"host/{host}") for policy, host in meant}
    shown = InspectionReport(
        [one for one in assessment.inspections if (one.job, one.host) in meant],
        [one for one in assessment.findings if (one.policy, one.host) in meant],
        [each for each in assessment.judged if (each.obligation.policy, each.obligation.subject) in owing],
    )
    if not shown.results and all(each.state is State.NOT_CARRIED_OUT for each in shown.judged):
        raise NothingFound("no results have been collected yet", hint="run `opspact inspect collect`")
    if form is Format.JSON:
        sys.stdout.write(inspection_json(shown))
    else:
        settings.stdout.show(inspection_lines(shown, ZoneInfo(work.head.contract.zone)))
    is_bad = any(each.state in {State.FAILED, State.LATE} for each in shown.judged)
    return ExitCode.FINDINGS if is_bad or shown.findings else ExitCode.CLEAN
