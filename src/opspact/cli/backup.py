"""`opspact backup status|run`: what the ledger proves of backups, and a backup now.

Comes in: the contract's folder. Goes out: evidence; results, recorded.
"""

import sys
from typing import Annotated

import typer

from opspact.cli.hosts import AtWork, at_work
from opspact.cli.jobs import chosen_jobs, collect_jobs, run_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingThere
from opspact.evidence.backups import backup_evidence, repository_results
from opspact.model.job import BACKUP, CHECK, PRUNE
from opspact.model.result import Outcome, Result
from opspact.report.jobs import answer_lines, answers_json, evidence_json, evidence_lines
from opspact.report.lines import line

app = typer.Typer()

Limit = Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only these hosts.")]
Form = Annotated[Format, typer.Option("--format", help="How the result is told.")]


@app.command("status", help="Tell which backups are proved, by the results that were collected.")
def status(
    context: typer.Context,
    *,
    limit: Limit = None,
    collect: Annotated[bool, typer.Option("--collect", help="Fetch new results from the hosts first.")] = False,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, tell the evidence for its backups; return FINDINGS when one is not proved."""
    settings = settings_of(context)
    work = at_work(settings)
    hosts = work.head.chosen(limit)
    with work.ledger() as ledger:
        if collect:
            _collect(work, limit)
        evidence = backup_evidence(work.head.contract, ledger, hosts, now=work.workspace.now)
        repositories = repository_results(work.head.contract, ledger, hosts)
    if not evidence:
        raise NothingThere("no policy asks for a backup of these hosts")
    if form is Format.JSON:
        sys.stdout.write(evidence_json(evidence, repositories))
    else:
        settings.out.show(evidence_lines(evidence, repositories))
    good = not any(one.wrong for one in evidence) and all(result.is_good for result in repositories)
    return ExitCode.CLEAN if good else ExitCode.FINDINGS


def _collect(work: AtWork, limit: str | None) -> None:
    collection = collect_jobs(work, (BACKUP, PRUNE, CHECK), limit=limit)
    for name, why in collection.unreached.items():
        work.settings.err.show([line(f"{name}: not reached: {why.detail}")])


@app.command("run", help="Make backups now, and record what they prove.")
def run(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One backup; else all.")] = None,
    *,
    limit: Limit = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, make backups of its hosts; return FAILED_ON_THE_WAY when one is none."""
    settings = settings_of(context)
    work = at_work(settings)
    answers = run_jobs(work, chosen_jobs(work, BACKUP, name, limit=limit))
    if form is Format.JSON:
        sys.stdout.write(answers_json("backup-run", answers))
    else:
        settings.out.show(answer_lines(answers))
    results = [answer for _, _, answer in answers if isinstance(answer, Result)]
    if len(results) < len(answers) or any(result.outcome is Outcome.FAILED for result in results):
        return ExitCode.FAILED_ON_THE_WAY
    return ExitCode.CLEAN if all(result.is_good for result in results) else ExitCode.FINDINGS
