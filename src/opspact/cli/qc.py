"""`opspact qc chart`: control charts of what inspections recorded, or of a table in a CSV file.

Comes in: the contract's folder and its ledger, or a file. Goes out: charts. No host is contacted.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.hosts import command_context
from opspact.cli.jobs import chosen_jobs
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.recorded_volumes import VolumeHistory, volume_histories
from opspact.model.job import INSPECTION
from opspact.quality.volume_table import history_of_table
from opspact.report.control_chart import chart_lines, charts_json, has_signal

app = typer.Typer()


@app.callback()
def group() -> None:
    """Stand for the group: its one command keeps its name."""


@app.command("chart", help="Show control charts of database growth, from the ledger, or of a CSV file.")
def chart(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The inspection; default: all.")] = None,
    *,
    limit: Annotated[
        str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")
    ] = None,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, help="The newest N runs of each inspection.")] = 60,
    table: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="A table instead of the ledger: days in the first column."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="DAY..DAY", help="With --csv: the days that show what is usual."),
    ] = None,
    column: Annotated[
        str | None, typer.Option("--column", metavar="TEXT", help="With --csv: the column; default: the second.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Show the charts; FINDINGS: the newest value of one is a signal.

    Raise Refused when no inspection has the name or the table is none, NothingFound when there is nothing for a chart.
    """
    if table is not None:
        if name is not None or limit is not None:
            raise Refused("--csv cannot be used with NAME or --limit")
        found: Sequence[VolumeHistory] = (_of_table(table, baseline, column),)
        return _show(context, found, form, zone=ZoneInfo("UTC"))
    if baseline is not None or column is not None:
        raise Refused("--baseline and --column need --csv", hint="the baseline of a database is in its policy")
    work = command_context(context)
    contract = work.head.contract
    jobs = [(job.key, host) for job, hosts in chosen_jobs(work, (INSPECTION,), name, limit=limit) for host in hosts]
    with work.history() as ledger:
        found = tuple(volume_histories(ledger, contract.name, jobs, most=last)) if ledger else ()
    if not found:
        raise NothingFound("no volumes have been recorded for a control chart", hint="run `opspact inspect collect`")
    return _show(context, found, form, zone=ZoneInfo(contract.zone))


def _of_table(file: Path, baseline: str | None, column: str | None) -> VolumeHistory:
    if baseline is None:
        raise Refused("--csv needs --baseline: the days that show what is usual")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise Refused(f"--csv: cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    return history_of_table(text, times.days("--baseline", baseline), column=column)


def _show(context: typer.Context, found: Sequence[VolumeHistory], form: Format, *, zone: ZoneInfo) -> ExitCode:
    if form is Format.JSON:
        sys.stdout.write(charts_json(found))
    else:
        settings_of(context).stdout.show(chart_lines(found, zone))
    return ExitCode.FINDINGS if any(map(has_signal, found)) else ExitCode.CLEAN
