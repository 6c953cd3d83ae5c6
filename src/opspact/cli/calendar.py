"""`opspact calendar due|between`: deadlines and open time on a calendar of the contract, or of a file of its own.

Comes in: a calendar, instants, a length of time, pauses. Goes out: an instant, or seconds.
"""

import sys
from typing import Annotated

import typer

from opspact.cli import times
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.model.time.calendar import between as open_seconds
from opspact.model.time.calendar import due as due_at
from opspact.report.calendar import between_json, between_lines, due_json, due_lines

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
