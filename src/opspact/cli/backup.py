"""`opspact backup status|run|drill|restore`: evidence of backups, backups and restore tests on demand, data back.

Comes in: the contract's folder. Goes out: evidence; results, recorded.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import restore
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.jobs import chosen_jobs, collect_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import assess, backup_obligations_of
from opspact.evidence.backup_stats import backup_stats
from opspact.model.job import BACKUP, CHECK, DRILL, PRUNE, JobKind
from opspact.model.result import Outcome, Result
from opspact.obligations.obligation import State
from opspact.report.backup_status import backup_status_json, backup_status_lines, stats_lines
from opspact.report.jobs import answer_lines, answers_json
from opspact.report.lines import line

app = typer.Typer()
app.command("restore", help="Restore files or one database of a host from its copies, beside what is there.")(
    restore.command
)

Limit = Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("status", help="Show backup obligations and the figures of copies, from collected results.")
def status(
    context: typer.Context,
    *,
    limit: Limit = None,
    collect: Annotated[bool, typer.Option("--collect", help="Collect new results from the hosts first.")] = False,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Show how the obligations of backups stand; exits with 1 unless all are kept or not due yet."""
    settings = settings_of(context)
    work = command_context(context)
    contract, hosts = work.head.contract, work.head.chosen(limit)
    if collect:
        _collect(work, limit)
    now = work.workspace.now
    with work.history() as ledger:
        assessment = assess(contract, work.head.work, ledger, now=now)
        figures = backup_stats(ledger, contract, hosts) if ledger else ()
    judged = backup_obligations_of(assessment, contract, hosts)
    if not judged:
        raise NothingFound("no policy backs up these hosts")
    if form is Format.JSON:
        sys.stdout.write(backup_status_json(judged, figures))
    else:
        zone = ZoneInfo(contract.zone)
        settings.stdout.show([*stats_lines(figures, now, zone), *backup_status_lines(judged, zone)])
    return ExitCode.CLEAN if all(each.state in {State.KEPT, State.NOT_DUE} for each in judged) else ExitCode.FINDINGS


def _collect(work: CommandContext, limit: str | None) -> None:
    collection = collect_jobs(work, (BACKUP, PRUNE, CHECK, DRILL), limit=limit)
    for name, why in collection.unreached.items():
        work.settings.stderr.show([line(f"{name}: {why.detail}")])


@app.command("run", help="Run backups now and record the results.")
def run(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The backup policy; default: all.")] = None,
    *,
    limit: Limit = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, make backups of its hosts; return OPERATION_FAILED when one is none."""
    return _run_now(context, BACKUP, name, limit=limit, form=form)


@app.command("drill", help="Test now that the newest copies can be restored, and record the results.")
def drill(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The backup policy; default: all.")] = None,
    *,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="PATTERN", help="Only backup servers that match this pattern.")
    ] = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, have its backup servers restore the newest copies; return OPERATION_FAILED when one cannot be.

    All that they restore goes to a scratch folder there, which is removed again.
    """
    return _run_now(context, DRILL, name, limit=limit, form=form)


def _run_now(context: typer.Context, kind: JobKind, name: str | None, *, limit: str | None, form: Format) -> ExitCode:
    settings = settings_of(context)
    work = command_context(context)
    answers = run_jobs(work, chosen_jobs(work, (kind,), name, limit=limit))
    if form is Format.JSON:
        sys.stdout.write(answers_json("backup-run" if kind is BACKUP else "backup-drill", answers))
    else:
        settings.stdout.show(answer_lines(answers, ZoneInfo(work.head.contract.zone)))
    results = [answer for _, _, answer in answers if isinstance(answer, Result)]
    if len(results) < len(answers) or any(result.outcome is Outcome.FAILED for result in results):
        return ExitCode.OPERATION_FAILED
    return ExitCode.CLEAN if all(result.is_good for result in results) else ExitCode.FINDINGS
