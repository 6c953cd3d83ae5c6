"""`opspact trace`: from a clause to what keeps it, what that asks of hosts, what was seen; from any of these back.

Comes in: the contract's folder, its ledger if there is one. Goes out: what is traced. Reaches no host.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import at_work
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingThere
from opspact.evidence import trace_query, tracing
from opspact.evidence.trace import Asked, Standing
from opspact.report.trace import asked_json, asked_lines, trace_json, trace_lines
from opspact.workspace.workspace import now


def command(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAUSE|POLICY|HOST|STEP]",
            help="A clause (B3), else a policy (backup/daily), else a host, else a step (/etc/motd, nginx).",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the trace is told.")] = Format.TEXT,
) -> ExitCode:
    """Given a contract, tell how each clause is kept; return FINDINGS when one is kept by nobody, or known not kept."""
    settings = settings_of(context)
    work = at_work(settings)
    with work.past() as ledger:
        traced = tracing.trace(work.head, ledger)
        if not traced.clauses and not traced.unclaimed:
            raise NothingThere("nothing to trace: there are no clauses and no policies")
        asked = None if name is None else trace_query.asked_for(traced, work.head, name)
        steps = tracing.steps(work.head, ledger, asked) if asked else ()
    zone, language = ZoneInfo(work.head.contract.zone), work.head.contract.language
    match form, asked:
        case Format.JSON, None:
            sys.stdout.write(trace_json(traced, trace_query.policies_of(traced).values(), now()))
        case Format.JSON, Asked():
            sys.stdout.write(asked_json(asked, steps, now()))
        case _, None:
            settings.out.show(trace_lines(traced, now(), zone, language=language))
        case _, Asked():
            settings.out.show(asked_lines(asked, steps, now(), zone=zone))
    clauses = asked.clauses if asked else traced.clauses
    wrong = {Standing.UNKEPT, Standing.FAILED}
    return ExitCode.FINDINGS if any(each.standing(now()) in wrong for each in clauses) else ExitCode.CLEAN
