"""`opspact trace`: from a clause to what keeps it, what that asks of hosts, what was seen; from any of these back.

Comes in: the contract's folder, its ledger if there is one. Goes out: what is traced. Reaches no host.
"""

import sys
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode, NothingThere
from opspact.evidence.assessment import assess
from opspact.evidence.trace import Asked
from opspact.evidence.trace_query import asked_for
from opspact.evidence.tracer import trace, trace_steps
from opspact.obligations.obligation import State
from opspact.report.trace import asked_json, asked_lines, trace_json, trace_lines


def command(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[CLAUSE|POLICY|HOST|STEP]",
            help="A clause (B3), policy (backup/daily), host, or step (/etc/motd, nginx); default: all clauses.",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Show how each clause stands; exits with 1 when one has failed, is late, or is kept by no policy."""
    settings = settings_of(context)
    work = command_context(settings)
    contract, of_hosts = work.head.contract, work.head.work
    with work.history() as ledger:
        traced = trace(contract, of_hosts, assess(contract, of_hosts, ledger, now=work.workspace.now))
        if not traced.clauses and not traced.unclaimed:
            raise NothingThere("nothing to trace: the contract has no clauses and no policies")
        asked = None if name is None else asked_for(traced, of_hosts, name)
        steps = trace_steps(contract, of_hosts, ledger, asked=asked) if asked else ()
    zone = ZoneInfo(contract.zone)
    match form, asked:
        case Format.JSON, None:
            sys.stdout.write(trace_json(traced))
        case Format.JSON, Asked():
            sys.stdout.write(asked_json(asked, steps))
        case _, None:
            settings.out.show(trace_lines(traced, zone, language=contract.language))
        case _, Asked():
            settings.out.show(asked_lines(asked, steps, zone))
    clauses = asked.clauses if asked else traced.clauses
    wrong = any(each.state in {State.FAILED, State.LATE} or not each.policies for each in clauses)
    return ExitCode.FINDINGS if wrong else ExitCode.CLEAN
