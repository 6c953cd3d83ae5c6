"""`opspact record`: what a person did of what a policy owes, recorded in the ledger; without a policy, what is owed.

Comes in: the contract's folder, what is typed. Goes out: an event, how the policy's obligations stand. No host is
contacted.
"""

import sys
from collections.abc import Iterable
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import Judged, assess
from opspact.evidence.record_request import RecordRequest, recorded_policies, requested_record
from opspact.ledger.person_events import PersonRecorded
from opspact.obligations.obligation import PersonSource, State
from opspact.report.records import record_json, record_lines
from opspact.workspace.workspace import actor, context


def command(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    policy: Annotated[
        str | None, typer.Argument(metavar="POLICY", help="The policy, as kind/name or name; default: show all.")
    ] = None,
    *,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="PERSON", help="The person who did it; default: the one whose account this is."),
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DAY", help="The day on which it was done; default: today.")
    ] = None,
    found: Annotated[
        int | None, typer.Option("--found", min=0, max=1_000_000, metavar="N", help="How many were counted.")
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="A note, such as where the minutes are.")] = "",
    correct: Annotated[bool, typer.Option("--correct", help="Replace a record of a later day that was wrong.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Record that a person did what a policy owes, and show how it stands; FINDINGS: something is failed or late."""
    settings = settings_of(context)
    work = command_context(context)
    zone = ZoneInfo(work.head.contract.zone)
    if policy is None:
        event, judged = None, _judged(work, recorded_policies(work.head.contract))
    else:
        day = times.day("--on", on) or work.head.day
        request = RecordRequest(policy, by or actor(), day, found, note, correct)
        event = _record(work, request)
        judged = _judged(work, [event.policy])
    if not judged:
        raise NothingFound("people record nothing of the policies of this contract")
    if form is Format.JSON:
        sys.stdout.write(record_json(event, judged))
    else:
        settings.stdout.show(record_lines(event, judged, zone))
    return ExitCode.FINDINGS if any(each.state in {State.FAILED, State.LATE} for each in judged) else ExitCode.CLEAN


def _record(work: CommandContext, request: RecordRequest) -> PersonRecorded:
    with work.ledger() as ledger:
        event = requested_record(work.head.contract, ledger, request, today=work.head.day)
        return ledger.record(event, context=context(work.head)).event


def _judged(work: CommandContext, policies: Iterable[str]) -> list[Judged]:
    """Return how what people record of policies stands."""
    with work.history() as ledger:
        assessment = assess(work.head.contract, work.head.work, ledger, now=work.workspace.now)
    meant = set(policies)
    return [
        each
        for each in assessment.judged
        if each.obligation.policy in meant and isinstance(each.obligation.source, PersonSource)
    ]
