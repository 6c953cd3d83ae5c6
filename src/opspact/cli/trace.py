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
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import assess
from opspact.evidence.trace import TraceTarget
from opspact.evidence.trace_query import find_target
from opspact.evidence.tracer import trace, trace_steps
from opspact.obligations.obligation import State
from opspact.report.trace import target_json, target_lines, trace_json, trace_lines


def command(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="CLAUSE|POLICY|HOST|STEP",
            help="A clause (B3), policy (backup/daily), host, or step (/etc/motd, nginx); default: all clauses.",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Show the state of each clause; exits with 1 when one has failed, is late, or is kept by no policy.

    It also exits with 1 when a policy without clauses, or the policy asked for, has failed or is late.
    """
    settings = settings_of(context)
    work = command_context(context)
    contract, of_hosts = work.head.contract, work.head.work
    with work.history() as ledger:
        traced = trace(contract, of_hosts, assess(contract, of_hosts, ledger, now=work.workspace.now))
        if not traced.clauses and not traced.unclaimed:
            raise NothingFound("nothing to trace: the contract has no clauses and no policies")
        target = None if name is None else find_target(traced, of_hosts, name)
        steps = trace_steps(contract, of_hosts, ledger, target=target) if target else ()
    zone = ZoneInfo(contract.zone)
    match form, target:
        case Format.JSON, None:
            sys.stdout.write(trace_json(traced))
        case Format.JSON, TraceTarget():
            sys.stdout.write(target_json(target, steps))
        case _, None:
            settings.stdout.show(trace_lines(traced, zone, language=contract.language))
        case _, TraceTarget():
            settings.stdout.show(target_lines(target, steps, zone))
    clauses = target.clauses if target else traced.clauses
    policies = target.policies if target else traced.unclaimed
    states = {each.state for each in clauses} | {one.state for each in policies for one in each.obligations}
    wrong = bool(states & {State.FAILED, State.LATE}) or not all(each.policies for each in clauses)
    return ExitCode.FINDINGS if wrong else ExitCode.CLEAN
