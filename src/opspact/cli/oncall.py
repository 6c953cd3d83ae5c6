"""`opspact oncall who|gaps|balance|export`: duty, from the rosters as they are written. No network.

Comes in: the contract's folder, instants. Goes out: who is on duty, where nobody is, how it is shared out, calendars.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from importlib import import_module
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.output_format import Format
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.model.contract import Contract
from opspact.model.policies.roster import Roster
from opspact.model.roster.balance import balance
from opspact.model.roster.duty import (
    DutyInterval,
    Shift,
    gaps,
    known_until,
    least_known,
    possible_duty,
    shifts,
)
from opspact.report.lines import line
from opspact.report.oncall import Answer, balance_json, balance_lines, gaps_json, gaps_lines, who_json, who_lines
from opspact.structs import Struct
from opspact.text.instants import format_instant_with_offset
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import Workspace, now

app = typer.Typer()

_AHEAD = timedelta(days=32)
"""How far ahead the next hours of a roster, and the end of a watch, are looked for."""


class ExportFormat(StrEnum):
    """The forms of exported duty."""

    ICAL = "ical"


At = Annotated[str | None, typer.Option("--at", metavar="T", help="The time to show, in ISO 8601; default: now.")]
Named = Annotated[str | None, typer.Option("--roster", metavar="NAME", help="The roster; default: all.")]
From = Annotated[str | None, typer.Option("--from", metavar="T", help="Start, in ISO 8601; default: today.")]
FromFirst = Annotated[
    str | None, typer.Option("--from", metavar="T", help="Start, in ISO 8601; default: the start of the contract.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="T", help="End, in ISO 8601; default: the end of the contract.")
]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


class _Asked(Struct):
    """A contract, the rosters that are meant, this instant."""

    settings: Settings
    contract: Contract
    rosters: tuple[Roster, ...]
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The contract's zone."""
        return ZoneInfo(self.contract.zone)

    def midnight(self, day: date) -> datetime:
        """Given a day, return the instant in UTC at which it begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def span(self, start: str | None, end: str | None, *, first: date) -> tuple[datetime, datetime]:
        """Given options (None: from `first`, to the end of the contract), return their instants in UTC."""
        begin = times.instant("--from", start, self.zone) if start else self.midnight(first)
        last = self.contract.period.last + timedelta(days=1)
        finish = times.instant("--to", end, self.zone) if end else self.midnight(last)
        if not end and finish <= begin:
            shown = format_instant_with_offset(begin, self.zone)
            message = f"{shown} is after the contract's period, which ends on {self.contract.period.last}"
            raise Refused(message, hint="use both --from T and --to T")
        if finish <= begin:
            bounds = [format_instant_with_offset(at, self.zone) for at in (begin, finish)]
            hint = "use both --from T and --to T" if not (start and end) else ""
            raise Refused(f"the interval from {bounds[0]} to {bounds[1]} is empty", hint=hint)
        return begin, finish

    @property
    def today(self) -> date:
        """Today in the contract's zone, or its first day where that is ahead."""
        return max(self.now.astimezone(self.zone).date(), self.contract.period.first)


def _asked(context: typer.Context, named: str | None) -> _Asked:
    """Return what is asked about. Raise NothingFound where no roster is written, Refused where it is not this one."""
    settings = settings_of(context)
    at = now()
    contract = Workspace(settings.folder(), at, settings.trust_inventory).contract()
    rosters = contract.rosters
    if not rosters:
        raise NothingFound("the contract has no rosters", hint="add a policy of kind: roster")
    if named is not None and named not in rosters:
        raise Refused(f'--roster: unknown roster "{named}"', hint=did_you_mean(named, rosters))
    chosen = tuple(roster for name, roster in rosters.items() if named in {None, name})
    return _Asked(settings, contract, chosen, at)


@app.command("who", help="Show who is on duty, now or at any other time.")
def who(context: typer.Context, *, at: At = None, roster: Named = None, form: Form = Format.TEXT) -> ExitCode:
    """Given a contract, tell who is on duty; return FINDINGS where nobody is, or it is not known whether anybody is."""
    asked = _asked(context, roster)
    instant = times.instant("--at", at, asked.zone) if at else asked.now
    times.check_period(asked.settings, asked.contract, instant)
    answers = list(_answers(asked, instant))
    if form is Format.JSON:
        sys.stdout.write(who_json(asked.contract, instant, answers))
    else:
        asked.settings.stdout.show(who_lines(asked.contract, answers))
    watches = [(answer.interval, answer.uncertain) for answer in answers if answer.interval is not None]
    doubtful = any(uncertain or not watch.people for watch, uncertain in watches)
    return ExitCode.FINDINGS if doubtful else ExitCode.CLEAN


def _answers(asked: _Asked, at: datetime) -> Iterator[Answer]:
    for roster in asked.rosters:
        found, perhaps = possible_duty(asked.contract, roster, start=at, end=at + _AHEAD)
        first = min((each[0] for each in (found, perhaps) if each), key=lambda watch: watch.start, default=None)
        uncertain = least_known(asked.contract, roster) if perhaps and first == perhaps[0] else None
        if first is not None and first.start <= at:
            yield Answer(roster.name, _whole(perhaps if uncertain else found), uncertain=uncertain)
        else:
            yield Answer(roster.name, None, first, uncertain)


def _whole(found: list[DutyInterval]) -> DutyInterval:
    """Return the first watch, up to where other people are on duty or nobody has to be."""
    end = found[0].end
    for interval in found[1:]:
        if interval.start != end or interval.ready != found[0].ready:
            break
        end = interval.end
    return DutyInterval(found[0].start, end, found[0].ready)


@app.command("gaps", help="Show hours without coverage.")
def gaps_(
    context: typer.Context,
    *,
    start: From = None,
    end: To = None,
    roster: Named = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, tell the gaps of its rosters; return FINDINGS where there are any, or may be some."""
    asked = _asked(context, roster)
    begin, finish = asked.span(start, end, first=asked.today)
    found = sorted(gap for each in asked.rosters for gap in gaps(asked.contract, each, start=begin, end=finish))
    known = _known_part(asked, begin, finish)
    if form is Format.JSON:
        sys.stdout.write(gaps_json(found, known.unknown))
    else:
        lines = gaps_lines(asked.contract, found, known.unknown, is_any_known=bool(known.rosters))
        asked.settings.stdout.show(lines)
    return ExitCode.FINDINGS if found or known.unknown else ExitCode.CLEAN


class _Known(Struct):
    """What calendars know of a time: the rosters of which something is known, each with the end of that, and the rest.

    `unknown`: the rosters of which not all is known, each with the instant from which on it is not.
    """

    rosters: list[tuple[Roster, datetime]]
    unknown: list[tuple[str, datetime]]


def _known_part(asked: _Asked, begin: datetime, finish: datetime) -> _Known:
    """Return what calendars know of the time between two instants."""
    ends = [(roster, known_until(asked.contract, roster) or finish) for roster in asked.rosters]
    return _Known(
        [(roster, min(end, finish)) for roster, end in ends if begin < end],
        [(roster.name, max(begin, end)) for roster, end in ends if end < finish],
    )


@app.command("balance", help="Show each person's share of duty: hours, nights and days off.")
def balance_(
    context: typer.Context,
    *,
    start: FromFirst = None,
    end: To = None,
    roster: Named = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Given a contract, tell everybody's share of its rosters; return FINDINGS where nothing of a roster is known."""
    asked = _asked(context, roster)
    begin, finish = asked.span(start, end, first=asked.contract.period.first)
    known = _known_part(asked, begin, finish)
    shares = [
        (each.name, share)
        for each, last in known.rosters
        for share in balance(asked.contract, each, start=begin, end=last)
    ]
    if form is Format.JSON:
        sys.stdout.write(balance_json(shares, known.unknown))
    else:
        asked.settings.stdout.show(balance_lines(asked.contract, shares, known.unknown))
    return ExitCode.CLEAN if len(known.rosters) == len(asked.rosters) else ExitCode.FINDINGS


@app.command("export", help="Export all shifts as an iCalendar file.")
def export(
    context: typer.Context,
    *,
    start: FromFirst = None,
    end: To = None,
    roster: Named = None,
    form: Annotated[ExportFormat, typer.Option("--format", help="Output format.")] = ExportFormat.ICAL,  # noqa: ARG001 - there is one
) -> ExitCode:
    """Given a contract, write its shifts to standard output. Raise NothingFound where there are none."""
    asked = _asked(context, roster)
    begin, finish = asked.span(start, end, first=asked.contract.period.first)
    known = _known_part(asked, begin, finish)
    found = sorted(shift for each, last in known.rosters for shift in _whole_shifts(asked, each, begin, end=last))
    for name, since in known.unknown:
        note = f": {name} from {format_instant_with_offset(since, asked.zone)}, holidays are not known"
        asked.settings.stderr.show([line(("duty is unknown", "doubt"), note)])
    if not found:
        raise NothingFound("no known shifts in this period" if known.unknown else "no shifts in this period")
    # Its library takes a while to load, and the other commands here do not need it.
    written = import_module("opspact.report.oncall_calendar").calendar_file
    sys.stdout.write(written(asked.contract, found, known.unknown, now=asked.now).decode())
    return ExitCode.CLEAN


def _whole_shifts(asked: _Asked, roster: Roster, begin: datetime, *, end: datetime) -> Iterator[Shift]:
    """Yield a roster's shifts that lie at least in part between two instants, each from its own beginning to its end.

    So a shift is the same event in every export; only the period of the contract cuts it.
    """
    first = min(begin, asked.midnight(asked.contract.period.first))
    last = max(end, asked.midnight(asked.contract.period.last + timedelta(days=1)))
    known = known_until(asked.contract, roster)
    for shift in shifts(asked.contract, roster, start=first, end=min(last, known) if known else last):
        if begin < shift.end and shift.start < end:
            yield shift
