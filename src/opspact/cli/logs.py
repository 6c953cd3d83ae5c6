"""`opspact logs show|review`: what log reviews say of each host and user; that somebody has read it.

Comes in: the contract's folder, what is typed. Goes out: reports from the ledger, events. No host is contacted.
"""

import sys
from collections.abc import Iterable
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.jobs import chosen_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.assessment import Judged, assess
from opspact.evidence.log_reports import HostReports, LogReports
from opspact.evidence.recorded_events import RecordedEvents
from opspact.evidence.review_request import ReviewRecord, ReviewRequest, requested_review
from opspact.ledger.store import Ledger
from opspact.model.job import LOG_REVIEW
from opspact.model.result import Result
from opspact.obligations.obligation import State
from opspact.report.log_review import LogReport, log_json, log_lines, review_json, review_lines
from opspact.workspace.workspace import actor, context

app = typer.Typer()

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The log review; default: all.")]
Limit = Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("show", help="Show what log reviews say of each host and user, and what is strange; from the ledger.")
def show(
    context: typer.Context,
    name: Name = None,
    *,
    limit: Limit = None,
    day: Annotated[
        str | None, typer.Option("--day", metavar="DAY", help="The reports of this day; default: the newest ones.")
    ] = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Show reports of log reviews; FINDINGS: an anomaly is open, or an obligation is failed or late.

    Raise Refused when no log review has the name, NothingFound when there is no report.
    """
    settings = settings_of(context)
    work = command_context(context)
    on, meant = times.day("--day", day), chosen_jobs(work, (LOG_REVIEW,), name, limit=limit)
    shown: list[tuple[HostReports, tuple[Result, ...]]] = []
    with work.history() as ledger:
        reports = LogReports(work.head.contract, RecordedEvents(work.head.contract.name, ledger))
        for job, hosts in meant:
            for host in hosts:
                known = reports.of(job.key, host)
                results = tuple(reports.on(job.key, host, on)) if on else (known.made,) if known.made else ()
                shown.append((known, results))
    if not any(results for _, results in shown):
        raise NothingFound("no reports have been collected" + (f" of {on}" if on else ""), hint=_COLLECT)
    report = LogReport(work.head.contract, tuple(shown), tuple(_judged(work, {job.policy for job, _ in meant})))
    if form is Format.JSON:
        sys.stdout.write(log_json(report))
    else:
        settings.stdout.show(log_lines(report))
    return _exit_code(report.judged, is_open=any(known.anomalies for known, _ in shown))


_COLLECT = "run `opspact inspect collect`"


@app.command("review", help="Record that somebody read the reports; closes what is strange in them.")
def review(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    name: Name = None,
    *,
    limit: Limit = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was found out about anomalies.")] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept", metavar="ID", help="A new user, network or key that is usual from now on, or all."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="PERSON", help="Who read it; default: the one whose account this is.")
    ] = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Record that a person read the reports that wait; FINDINGS: an obligation is failed or late all the same."""
    settings = settings_of(context)
    work = command_context(context)
    jobs = chosen_jobs(work, (LOG_REVIEW,), name, limit=limit)
    if len(jobs) > 1:
        names = ", ".join(sorted(job.name for job, _ in jobs))
        raise Refused(f"{len(jobs)} log reviews are meant", hint=f"name one: {names}")
    ((job, hosts),) = jobs
    request = ReviewRequest(job, hosts, by or actor(), note, tuple(accept or ()))
    with work.ledger() as ledger:
        recorded = _record(work, ledger, request)
    judged = _judged(work, {job.policy})
    if form is Format.JSON:
        sys.stdout.write(review_json(recorded, judged))
    else:
        settings.stdout.show(review_lines(recorded, judged, ZoneInfo(work.head.contract.zone)))
    return _exit_code(judged, is_open=False)


def _record(work: CommandContext, ledger: Ledger, request: ReviewRequest) -> ReviewRecord:
    reports = LogReports(work.head.contract, RecordedEvents(work.head.contract.name, ledger))
    recorded = requested_review(work.head.contract, reports, request, today=work.head.day)
    ledger.record_all(recorded.events, context=context(work.head))
    return recorded


def _judged(work: CommandContext, policies: set[str]) -> list[Judged]:
    """Return how what log reviews owe stands."""
    with work.history() as ledger:
        assessment = assess(work.head.contract, work.head.work, ledger, now=work.workspace.now)
    return [each for each in assessment.judged if each.obligation.policy in policies]


def _exit_code(judged: Iterable[Judged], *, is_open: bool) -> ExitCode:
    is_bad = any(each.state in {State.FAILED, State.LATE} for each in judged)
    return ExitCode.FINDINGS if is_bad or is_open else ExitCode.CLEAN
