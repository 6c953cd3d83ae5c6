"""`opspact access grant|revoke|show`: emergency access for a time, before its end, and what became of it.

Comes in: the contract's folder, what is typed. Goes out: accounts opened or closed on hosts, all of it recorded.
"""

import sys
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from opspact.cli import times
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.compile.emergency_access import emergency_access_obligations
from opspact.errors import ExitCode, NothingFound
from opspact.evidence.assessment import Judged, judge_all
from opspact.evidence.emergency_grants import Grant
from opspact.evidence.ledger_evidence import LedgerEvidence
from opspact.jobs.collection import Collector
from opspact.jobs.emergency_access import AccessManager, emergency_policy, member, requested_access
from opspact.ledger.access_events import AccessOutcome
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract_jobs import emergency_access_job
from opspact.model.policies.access import Access
from opspact.obligations.obligation import State
from opspact.report.emergency_access import (
    closed_json,
    closed_lines,
    granted_json,
    granted_lines,
    grants_json,
    grants_lines,
)
from opspact.structs import replace
from opspact.workspace.workspace import context as recording_context

app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="NAME", help="The access policy; it has `emergency`.")]
Limit = Annotated[str | None, typer.Option("--limit", metavar="PATTERN", help="Only hosts that match this pattern.")]
Form = Annotated[Format, typer.Option("--format", help="Output format.")]


@app.command("grant", help="Open a person's emergency account on hosts; they close it by themselves.")
def grant(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    name: Name,
    *,
    person: Annotated[str, typer.Option("--person", metavar="PERSON", help="Who gets it, as named by the policies.")],
    length: Annotated[str, typer.Option("--for", metavar="D", help="For how long, such as 2h.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")],
    limit: Limit = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Record a grant and have hosts open it; OPERATION_FAILED: not all of them did."""
    settings = settings_of(context)
    work = command_context(context)
    contract = work.head.contract
    access = emergency_policy(contract, name)
    who = member(access, contract, person, day=work.head.day)
    asked = requested_access(access, who, length=times.elapsed("--for", length), reason=reason)
    asked = replace(asked, hosts=_hosts(work, access, limit))
    with work.ledger() as ledger, work.sessions(asked.hosts) as sessions:
        event, answers = AccessManager(sessions, ledger, partial(recording_context, work.head)).grant(asked)
    if form is Format.JSON:
        sys.stdout.write(granted_json(event, answers))
    else:
        settings.stdout.show(granted_lines(event, answers, ZoneInfo(contract.zone)))
    opened = all(each.outcome is AccessOutcome.OPENED for each in answers)
    return ExitCode.CLEAN if opened else ExitCode.OPERATION_FAILED


@app.command("revoke", help="Close emergency accounts on hosts before their time is over.")
def revoke(
    context: typer.Context,
    name: Name,
    *,
    person: Annotated[
        str | None, typer.Option("--person", metavar="PERSON", help="Whose; default: all of the policy.")
    ] = None,
    limit: Limit = None,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Have hosts close what is open, and collect what they say of it; OPERATION_FAILED: not all of them did."""
    settings = settings_of(context)
    work = command_context(context)
    contract = work.head.contract
    access = emergency_policy(contract, name)
    people = [each for each in access.people if person in {None, each, contract.people[each].account}]
    hosts = _hosts(work, access, limit)
    if not people or not hosts:
        raise NothingFound("no person or host of the policy is chosen")
    accounts = [names.emergency_account(contract.people[each].account) for each in people]
    with work.ledger() as ledger, work.sessions(hosts) as sessions:
        manager = AccessManager(sessions, ledger, partial(recording_context, work.head))
        closed = manager.revoke(access, accounts, hosts)
        Collector(sessions, ledger, manager.context).collect([emergency_access_job(access)], hosts)
        for each in _grants(work, ledger, access):
            for host in each.unknown:
                if closed.get((host, each.account)) == "":
                    manager.record_absent(access, each.grant, host)
    if form is Format.JSON:
        sys.stdout.write(closed_json(closed))
    else:
        settings.stdout.show(closed_lines(closed))
    return ExitCode.CLEAN if all(isinstance(each, str) for each in closed.values()) else ExitCode.OPERATION_FAILED


@app.command("show", help="Show what was granted, how it ended and who reviewed it, from the ledger.")
def show(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The access policy; default: all.")] = None,
    *,
    form: Form = Format.TEXT,
) -> ExitCode:
    """Show the grants; FINDINGS: a review is late, or an account could not be closed."""
    settings = settings_of(context)
    work = command_context(context)
    accesses = [each for each in work.head.contract.accesses if each.emergency]
    if name is not None:
        accesses = [emergency_policy(work.head.contract, name)]
    if not accesses:
        raise NothingFound("no access policy of this contract has `emergency`")
    with work.history() as ledger:
        grants = [grant for access in accesses for grant in _grants(work, ledger, access)]
        judged = _judged(work, ledger, accesses)
    if form is Format.JSON:
        sys.stdout.write(grants_json(grants, judged))
    else:
        settings.stdout.show(grants_lines(grants, judged, ZoneInfo(work.head.contract.zone)))
    return ExitCode.FINDINGS if any(each.state in {State.FAILED, State.LATE} for each in judged) else ExitCode.CLEAN


def _hosts(work: CommandContext, access: Access, limit: str | None) -> tuple[str, ...]:
    chosen = set(work.head.chosen(limit))
    return tuple(host for host in access.hosts if host in chosen)


def _grants(work: CommandContext, ledger: Ledger | None, access: Access) -> list[Grant]:
    """Return what was granted by a policy, as the ledger has it now."""
    contract = work.head.contract
    evidence = LedgerEvidence(contract, work.head.work, ledger)
    owed = (each for each in emergency_access_obligations(contract) if each.policy == access.origin.policy)
    return [grant for each in owed for grant in evidence.grants(each)]


def _judged(work: CommandContext, ledger: Ledger | None, accesses: list[Access]) -> tuple[Judged, ...]:
    """Return how the reviews of policies stand."""
    contract, policies = work.head.contract, {access.origin.policy for access in accesses}
    evidence = LedgerEvidence(contract, work.head.work, ledger)
    owed = (each for each in emergency_access_obligations(contract) if each.policy in policies)
    return judge_all(owed, evidence, now=work.workspace.now)
