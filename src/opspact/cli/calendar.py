"""`opspact calendar due|between|import`: deadlines, open time and holidays of a calendar, of the contract or of a file.

Comes in: a calendar, instants, a length of time, pauses, a list. Goes out: an instant, seconds, the days that change.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli import times
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.model.time.calendar import between as open_seconds
from opspact.model.time.calendar import due as due_at
from opspact.report.calendar import between_json, between_lines, due_json, due_lines, import_json, import_lines
from opspact.schema.announcements.reader import read_announcement
from opspact.schema.yaml import limits
from opspact.workspace.holiday_import import calendar_in, policy_of, prepare_import
from opspact.workspace.policy_file import open_policy, replace_policy

app = typer.Typer()

Named = Annotated[
    str,
    typer.Option("--calendar", metavar="NAME|FILE", help="A calendar of the contract, or a file with one calendar."),
]
Start = Annotated[
    str, typer.Option("--start", metavar="T", help="Start, in ISO 8601, with an offset or in the calendar's time zone.")
]
Pauses = Annotated[
    list[str], typer.Option("--pause", metavar="T/T", help="Interval in which the clock is paused; can be repeated.")
]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("due", help="Show when a time budget ends.")
def due(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    named: Named,
    start: Start,
    business: Annotated[
        str | None, typer.Option("--business", metavar="D", help="Budget in open hours, such as 15h or 1h30m.")
    ] = None,
    elapsed: Annotated[
        str | None, typer.Option("--elapsed", metavar="D", help="Budget in elapsed time, such as 12h or 7 days.")
    ] = None,
    working_days: Annotated[
        int | None,
        typer.Option(
            "--working-days", metavar="N", min=1, max=36600, help="Budget in working days, keeping the time of day."
        ),
    ] = None,
    pause: Pauses = [],  # noqa: B006 - typer takes no tuple, and nobody changes it
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a calendar, a start and a length, tell when it ends. Raise Refused when what is asked is not known."""
    settings = settings_of(context)
    length = times.length(business, elapsed, working_days)
    calendar, zone = times.calendar(settings, named)
    begin = times.instant("--start", start, calendar.zone_info)
    found = due_at(calendar, begin, length, pauses=times.intervals("--pause", pause, calendar.zone_info))
    if form is Format.JSON:
        sys.stdout.write(due_json(found))
    else:
        settings.stdout.show(due_lines(found, zone))
    return ExitCode.CLEAN


@app.command("between", help="Show the open seconds between two instants.")
def between(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    named: Named,
    start: Start,
    end: Annotated[str, typer.Option("--end", metavar="T", help="End, in the same format as --start.")],
    pause: Pauses = [],  # noqa: B006 - typer takes no tuple, and nobody changes it
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a calendar and two instants, tell what is open between them. Raise Refused when that is not known."""
    settings = settings_of(context)
    calendar, _ = times.calendar(settings, named)
    first, last = (
        times.instant(option, text, calendar.zone_info) for option, text in (("--start", start), ("--end", end))
    )
    if last < first:
        raise Refused(f"--end: {end} is before {start}")
    found = open_seconds(calendar, first, last, pauses=times.intervals("--pause", pause, calendar.zone_info))
    if form is Format.JSON:
        sys.stdout.write(between_json(found))
    else:
        settings.stdout.show(between_lines(found))
    return ExitCode.CLEAN


@app.command("import", help="Write an official list of holidays into a calendar, and show the days that change.")
def import_(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The list: JSON (holiday-cn, timor.tech), a calendar file (ICS), or the text of the State Council's "
            "notice; - for standard input.",
        ),
    ],
    *,
    named: Named,
    source: Annotated[
        str, typer.Option("--source", metavar="TEXT", help="Where the list comes from, if it does not say so itself.")
    ] = "",
    year: Annotated[
        int | None,
        typer.Option("--year", metavar="YYYY", min=1900, max=2199, help="The year, if the list has several or none."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the days that change; write nothing.")] = False,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a list and a calendar, write it into the policy. Raise Refused when anything in either is unclear."""
    settings = settings_of(context)
    is_file = times.is_file(named)
    policy = open_policy(Path(named), named) if is_file else policy_of(settings.folder(), named)
    before = calendar_in(policy, None if is_file else named)
    shown, content = _list(file)
    announced = read_announcement(shown, content, year=year, source=source.strip(), is_chinese=before.country == "CN")
    found = prepare_import(policy, before, announced)
    is_written = not dry_run and not found.is_known_already
    if is_written:
        replace_policy(policy, found.content)
    if form is Format.JSON:
        sys.stdout.write(import_json(found, is_written=is_written))
    else:
        settings.stdout.show(import_lines(found, is_written=is_written))
    return ExitCode.CLEAN


def _list(file: str) -> tuple[str, bytes]:
    """Given a list's path (-: standard input), return its name for messages and as much of it as a list may have."""
    most = limits.POLICY_FILE_BYTES + 1
    if file == "-":
        return "standard input", sys.stdin.buffer.read(most)
    try:
        with Path(file).open("rb") as opened:
            return file, opened.read(most)
    except OSError as error:
        raise Refused(f"cannot read {file}: {error.strerror}") from error
