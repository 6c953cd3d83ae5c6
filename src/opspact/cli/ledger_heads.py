"""`opspact ledger sign`: the ledger's head, signed, kept where its owner cannot change it.

Comes in: the ledger, a key, places. Goes out: a line at each place.
"""

import sys
from typing import Annotated

import typer

from opspact.cli.head_places import Key, opened_places, signing_key
from opspact.cli.hosts import command_context
from opspact.cli.output_format import Format
from opspact.errors import ExitCode, NothingFound, OperationFailed
from opspact.evidence.signed_heads import keep_head, sign_head
from opspact.ledger.event import EMPTY
from opspact.ledger.signed_head import HeadStatement
from opspact.report.ledger_heads import kept_json, kept_lines
from opspact.text.counts import format_count
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
    """Given places, keep the signed head at each. Raise OperationFailed, at the end, when it is not at one of them.

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
    if failed := [each for each in kept if each.failure]:
        many = format_count(len(failed), "place")
        raise OperationFailed(f"the head is missing at {many}", hint="run it again: no head is added twice")
    return ExitCode.CLEAN
