"""`opspact freeze`: stop every change of a contract until a time, show what holds, end it.

In: the contract's folder, what is typed. Out: an event in the ledger. No host is contacted.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, Refused
from opspact.report.freeze import freeze_json, freeze_lines
from opspact.report.lines import line
from opspact.rollout.freeze import Freeze, end_freezes, freezes, start_freeze
from opspact.workspace.workspace import context as recording


def command(
    context: typer.Context,
    *,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="When it ends by itself, such as 2026-10-08T09:00.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End the freezes that hold, before their time.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Record that changes stop, or that they may go on; without --until and --end, show what holds."""
    settings = settings_of(context)
    work = command_context(context)
    _refuse_together(reason, until, end=end)
    held, ended = _carry_out(work, reason or "", until, end=end)
    if form is Format.JSON:
        sys.stdout.write(freeze_json(held, ended))
    elif held:
        settings.stdout.show(freeze_lines(held, ZoneInfo(work.head.contract.zone)))
    else:
        settings.stdout.show([line("no freeze holds: changes are possible")])
    return ExitCode.CLEAN


def _carry_out(
    work: CommandContext, reason: str, until: str | None, *, end: bool
) -> tuple[tuple[Freeze, ...], tuple[Freeze, ...]]:
    """Do what is asked; return what holds now, and what was ended."""
    contract = work.head.contract
    if until is not None:
        instant = times.instant("--until", until, ZoneInfo(contract.zone))
        with work.ledger() as ledger:
            return start_freeze(ledger, contract, recording(work.head), until=instant, reason=reason), ()
    if end:
        with work.ledger() as ledger:
            return (), end_freezes(ledger, contract, recording(work.head), reason=reason)
    with work.history() as ledger:
        return freezes(ledger, contract, work.workspace.now), ()


def _refuse_together(reason: str | None, until: str | None, *, end: bool) -> None:
    if end and until is not None:
        raise Refused("--end and --until cannot be used together")
    if (end or until is not None) and not reason:
        raise Refused("--reason is missing", hint='for example --reason "national holidays"')
    if reason and not (end or until is not None):
        raise Refused("--reason needs --until or --end", hint="a freeze ends by itself: --until 2026-10-08T09:00")
