"""`opspact plan approvals FILE`: who approved a plan, whose approval counts, what is missing.

In: the contract's folder, a plan file, approvals. Out: how the requirements of the base stand. No host is contacted.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.approvals import Approvals, read_approvals
from opspact.cli.approved_plan import ApprovedPlan, read_plan
from opspact.cli.hosts import CommandContext, command_context
from opspact.cli.output_format import Format
from opspact.cli.settings import settings_of
from opspact.errors import ExitCode
from opspact.evidence.approvals import ApprovalStatus, approval_status, merged
from opspact.ledger.store import Ledger
from opspact.report.approvals import approval_json, approval_lines
from opspact.rollout.approval_check import ApprovalSubject, judged, received, recorded
from opspact.rollout.approval_requirements import reductions_of, requirements_of
from opspact.rollout.approval_statement import SignedApproval
from opspact.rollout.base import Base
from opspact.rollout.base_for_apply import base_for_apply
from opspact.rollout.permission import requested_by
from opspact.rollout.signed_commits import CommitSignatures, signed_commits
from opspact.workspace.workspace import context as recording_context


def command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan file from `opspact plan --live --out FILE`.")],
    *,
    approval: Approvals = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record those that count as received now; `apply` does so too.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TEXT,
) -> ExitCode:
    """Show the approvals of a plan; FINDINGS: some are missing, or commits are not signed."""
    settings = settings_of(context)
    work = command_context(context)
    plan, given = read_plan(file, work.head), read_approvals(work, file, approval)
    if record:
        with work.ledger() as ledger:
            base, standings, commits = _standings(work, ledger, plan, given=given, record=True)
    else:
        with work.known_history() as ledger_or_none:
            base, standings, commits = _standings(work, ledger_or_none, plan, given=given)
    if form is Format.JSON:
        sys.stdout.write(approval_json(plan.digest, standings, base, commits=commits))
    else:
        settings.stdout.show(approval_lines(standings, base, commits))
    is_missing = commits.refused or any(each.missing for each in standings)
    return ExitCode.FINDINGS if is_missing else ExitCode.CLEAN


def _standings(
    work: CommandContext,
    ledger: Ledger | None,
    plan: ApprovedPlan,
    *,
    given: Sequence[SignedApproval],
    record: bool = False,
) -> tuple[Base, list[ApprovalStatus], CommitSignatures]:
    head, at = work.head, work.workspace.now
    base = base_for_apply(work.workspace, head, ledger, hosts=plan.hosts)
    reductions = partial(reductions_of, base, head.contract, head.day)
    needed = requirements_of(base, head.contract, acts=plan.acts, destroys=plan.destroys, reductions=reductions)
    thing = ApprovalSubject(head.contract.name, head.contract.digest, plan.digest, plan.requester, plan.seal)
    if ledger is not None and record:
        recording = partial(recording_context, head, plan_digest=plan.digest)
        approvals = received(ledger, given, thing, base=base.contract, context=recording)
    else:
        seen = (judged(each, thing, base.contract, at=at) for each in given)
        approvals = merged(recorded(ledger, thing), seen)
    commits = signed_commits(work.workspace.folder, base, head, needed=needed, at=at)
    asked = requested_by(work.workspace, base, head, names=(plan.requester, *commits.people))
    return base, [approval_status(each, approvals, requesters=asked, at=at) for each in needed], commits
