"""`opspact sla due`: every milestone's deadline for a fault of a level.

Comes in: the contract's folder, a level, the instant of the report, pauses and events. Goes out: deadlines.
"""

import sys
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.model.contract import Contract
from opspact.model.deadlines import ANY_REASON, Happened, Pause, deadlines
from opspact.model.policies.sla import Level, Sla
from opspact.report.sla import deadlines_json, deadlines_lines
from opspact.text.suggestions import did_you_mean
from opspact.workspace.workspace import Workspace, now

app = typer.Typer()


@app.callback()
def group() -> None:
    """Stand for the group: its one command keeps its name."""


@app.command("due", help="Show the deadline of every milestone.")
def due(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    *,
    level: Annotated[str, typer.Option("--level", metavar="L", help="The fault level, such as II.")],
    reported: Annotated[
        str,
        typer.Option(
            "--reported",
            metavar="T",
            help="Time of the report, in ISO 8601, with an offset or in the contract's time zone.",
        ),
    ],
    named: Annotated[
        str | None, typer.Option("--sla", metavar="NAME", help="The sla policy, if several define the level.")
    ] = None,
    event: Annotated[
        list[str],
        typer.Option(
            "--event",
            metavar="NAME=T",
            help="An event that starts a clock, such as telephone_failed=T; can be repeated.",
        ),
    ] = [],  # noqa: B006 - typer takes no tuple, and nobody changes it
    pause: Annotated[
        list[str],
        typer.Option(
            "--pause", metavar="[REASON=]T/T", help="An interval in which clocks are paused; can be repeated."
        ),
    ] = [],  # noqa: B006 - as above
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given a level and a report, show its deadlines; FINDINGS: one is unknown. Raise Refused for an unknown level."""
    settings = settings_of(context)
    contract = Workspace(settings.folder(), now(), settings.trust_inventory).contract()
    zone = ZoneInfo(contract.zone)
    sla, found = _level(contract, level, named)
    since = times.instant("--reported", reported, zone)
    times.check_period(settings, contract, since)
    happened = Happened(
        since,
        _events(event, found, zone, since=since),
        tuple(_pause(text, sla.pause_reasons, zone) for text in pause),
    )
    computed = deadlines(sla, found, happened, calendars=contract.calendars)
    if form is Format.JSON:
        sys.stdout.write(deadlines_json(level, happened.reported, computed))
    else:
        settings.stdout.show(deadlines_lines(level, happened.reported, computed, zone=zone))
    return ExitCode.FINDINGS if any(one.due is None for one in computed) else ExitCode.CLEAN


def _level(contract: Contract, name: str, policy: str | None) -> tuple[Sla, Level]:
    slas = contract.slas
    if not slas:
        raise NothingFound("the contract has no sla policy")
    if policy is not None and policy not in slas:
        raise Refused(f'--sla: unknown SLA "{policy}"', hint=did_you_mean(policy, slas))
    candidates = [slas[policy]] if policy is not None else list(slas.values())
    found = [sla for sla in candidates if name in sla.levels]
    if not found:
        known = dict.fromkeys(level for sla in candidates for level in sla.levels)
        raise Refused(f'--level: unknown level "{name}"', hint=did_you_mean(name, known))
    if len(found) > 1:
        names = ", ".join(sla.name for sla in found)
        raise Refused(f"--level: several sla policies define {name}: {names}", hint=f"use --sla {found[0].name}")
    return found[0], found[0].levels[name]


def _events(texts: Collection[str], level: Level, zone: ZoneInfo, *, since: datetime) -> Mapping[str, datetime]:
    known = {milestone.after for milestone in level.milestones.values()} - {""}
    found: dict[str, datetime] = {}
    for text in texts:
        name, equals, when = text.partition("=")
        if not equals:
            raise Refused(f'--event: expected NAME=T, got "{text}"')
        if name not in known:
            raise Refused(f'--event: "{name}" starts no clock of this level', hint=did_you_mean(name, known))
        if name in found:
            raise Refused(f"--event: {name} is given twice", hint="only the first occurrence counts")
        found[name] = times.instant("--event", when, zone)
        if found[name] < since:
            raise Refused(f"--event: {name} is before the report", hint="clocks start with the report or later")
    return found


def _pause(text: str, known: Collection[str], zone: ZoneInfo) -> Pause:
    reason, equals, interval = text.partition("=")
    if not equals:
        return ANY_REASON, times.interval("--pause", text, zone)
    if reason not in known:
        raise Refused(f'--pause: unknown pause reason "{reason}"', hint=did_you_mean(reason, known))
    return reason, times.interval("--pause", interval, zone)
