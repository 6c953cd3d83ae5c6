"""`opspact ledger sign|attest`: what leaves the ledger with a signature: its head, a statement of what was done.

Comes in: the ledger, a key. Goes out: a line at each place, an envelope.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.head_places import Key, opened_places, signing_key
from opspact.cli.hosts import command_context
from opspact.cli.output_format import Format
from opspact.errors import ExitCode, NothingFound, Refused
from opspact.evidence.attestation import Attestation, statement
from opspact.evidence.attested_events import AttestedEvents
from opspact.evidence.envelope import IN_TOTO, signed_envelope
from opspact.evidence.signed_heads import keep_head, sign_head
from opspact.ledger.event import EMPTY
from opspact.ledger.signed_head import HeadStatement
from opspact.report.ledger_heads import kept_json, kept_lines
from opspact.workspace.workspace import actor, now


def sign(
    context: typer.Context,
    *,
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="PLACE", help="file:PATH, git:REPOSITORY#BRANCH or host:NAME:/PATH; repeatable."),
    ],
    key: Key = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Given places, keep the signed head at each; OPERATION_FAILED: it is not at one of them.

    Raise NothingFound when there is no event.
    """
    work = command_context(context)
    with work.history() as ledger:
        head = ledger.head() if ledger else EMPTY
    if head == EMPTY:
        raise NothingFound("the ledger is empty; there is nothing to sign")
    statement = HeadStatement(now(), actor(), work.head.contract.name, head)
    with opened_places(to, lambda: work) as places:
        signed = sign_head(statement, signing_key(key))
        kept = tuple(keep_head(signed, places))
    if form is Format.JSON:
        sys.stdout.write(kept_json(head, kept))
    else:
        work.settings.stdout.show(kept_lines(head, kept))
    return ExitCode.OPERATION_FAILED if any(each.failure for each in kept) else ExitCode.CLEAN


def attest(
    context: typer.Context,
    *,
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="The run of an apply; default: the newest apply.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Instead of a run: a period that begins here.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="T", help="Where the period ends; default: now.")] = None,
    key: Key = None,
) -> ExitCode:
    """Write a signed statement of what was planned, applied and verified. Raise NothingFound when nothing was."""
    work = command_context(context)
    name, at = work.head.contract.name, now()
    if (until is not None and since is None) or (run is not None and since is not None):
        raise Refused("use either --run, or --from with or without --to")
    zone = ZoneInfo(work.head.contract.zone)
    with work.history() as ledger:
        if ledger is None:
            raise NothingFound("the ledger is empty; there is nothing to attest")
        events = AttestedEvents(ledger, name)
        if since is None:
            attested = events.of_run(run or "")
        else:
            end = times.instant("--to", until, zone) if until is not None else at
            attested = events.of_period(times.instant("--from", since, zone), end)
        payload = statement(Attestation(at, actor(), name, ledger.head()), attested)
    sys.stdout.write(signed_envelope(payload, IN_TOTO, signing_key(key)))
    return ExitCode.CLEAN
