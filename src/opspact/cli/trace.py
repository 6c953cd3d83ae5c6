"""`opspact trace`: from a clause to what keeps it, what that asks of hosts, what was seen; and from a policy back.

Comes in: the contract's folder, its ledger if there is one. Goes out: what is traced. Reaches no host.
"""

import sys
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli.hosts import at_work
from opspact.cli.settings import Settings, settings_of
from opspact.errors import ExitCode, NothingThere, Refused
from opspact.model.trace import ClauseTrace, PolicyTrace, Standing, Trace
from opspact.report.trace import clause_lines, policy_lines, trace_json, trace_lines
from opspact.rollout import tracing
from opspact.rollout.workspace import Compiled, now
from opspact.schema.suggest import did_you_mean


class Format(StrEnum):
    """The forms of a trace."""

    TEXT = "text"
    JSON = "json"


def command(
    context: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Argument(metavar="[CLAUSE|POLICY]", help="One clause (B3), or one policy (backup/daily).")
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
    clauses, policies = _chosen(traced, name)
    if form is Format.JSON:
        sys.stdout.write(trace_json(clauses, policies, now()))
    else:
        _tell(settings, work.head, traced, clauses=clauses if name else (), policies=() if clauses else policies)
    wrong = {Standing.UNKEPT, Standing.FAILED}
    return ExitCode.FINDINGS if any(each.standing(now()) in wrong for each in clauses) else ExitCode.CLEAN


def _chosen(traced: Trace, name: str | None) -> tuple[tuple[ClauseTrace, ...], tuple[PolicyTrace, ...]]:
    """Return the clauses and policies asked for. Raise Refused when the name is neither's."""
    policies = {str(each.policy): each for clause in traced.clauses for each in clause.policies}
    policies |= {str(each.policy): each for each in traced.unclaimed}
    if name is None:
        return traced.clauses, tuple(policies[key] for key in sorted(policies))
    clauses = tuple(clause for clause in traced.clauses if clause.clause.name == name)
    if clauses:
        return clauses, clauses[0].policies
    if name in policies:
        return (), (policies[name],)
    known = [*(clause.clause.name for clause in traced.clauses), *policies]
    raise Refused(f"there is no clause and no policy {name!r}", hint=did_you_mean(name, known))


def _tell(
    settings: Settings,
    head: Compiled,
    traced: Trace,
    *,
    clauses: tuple[ClauseTrace, ...],
    policies: tuple[PolicyTrace, ...],
) -> None:
    zone = ZoneInfo(head.contract.zone)
    if clauses:
        settings.out.show(clause_lines(clauses[0], now(), zone))
    elif policies:
        settings.out.show(policy_lines(policies[0], zone))
    else:
        settings.out.show(trace_lines(traced, now(), zone, language=head.contract.language))
