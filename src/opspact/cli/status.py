"""`opspact status`: what is failed, late or unknown, what is due in the next 24 hours. From the ledger alone.

Comes in: the contract's folder, its ledger if there is one. Goes out: one screen, or JSON. No host is contacted.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import assess
from opspact.obligations.obligation import State
from opspact.report.freeze import freeze_lines
from opspact.report.lines import line
from opspact.report.status import status_json, status_lines
from opspact.rollout.freeze import freezes


def command(
    context: typer.Context,
    *,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Show what is failed, late or unknown, what is due in the next 24 hours, and the clauses that it touches."""
    settings = settings_of(context)
    work = command_context(context)
    contract = work.head.contract
    with work.history() as ledger:
        assessment = assess(contract, work.head.work, ledger, now=work.workspace.now)
        frozen = freezes(ledger, contract, work.workspace.now)
    if ledger is None:
        place = settings.ledger_target(work.workspace.state)
        settings.stderr.show([line((f"there is no ledger at {place}: nothing is recorded yet", "doubt"))])
    if not assessment.judged:
        raise NothingFound(
            "the contract has no obligations", hint="add policies that carry out work, such as backup or inspection"
        )
    if form is Format.JSON:
        sys.stdout.write(status_json(assessment, frozen))
    else:
        zone = ZoneInfo(contract.zone)
        settings.stdout.show([*freeze_lines(frozen, zone), *status_lines(assessment, contract.name, zone)])
    counts = assessment.count()
    return ExitCode.FINDINGS if counts[State.FAILED] or counts[State.LATE] else ExitCode.CLEAN
