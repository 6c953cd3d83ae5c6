"""What commands that need approvals have in common: where these are, and why nobody waits for them.

In: arguments. Out: signed approvals; a reason.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.approved_plan import ApprovedPlan
from opspact.cli.hosts import CommandContext
from opspact.errors import Refused
from opspact.ledger.store import Ledger
from opspact.plan.plan import Plan
from opspact.report.plan_file import check_content
from opspact.rollout.apply_run import ApplyRun
from opspact.rollout.approval_statement import (
    SUFFIX,
    SignedApproval,
    parse_approval,
    read_approval,
)
from opspact.rollout.base import Base
from opspact.rollout.permission import Permission
from opspact.structs import Struct
from opspact.workspace.commits import approvals_at

Approvals = Annotated[
    list[Path] | None,
    typer.Option(
        "--approval",
        metavar="FILE",
        help="A file from `opspact plan approve`; default: those beside the plan file, and git notes of its commit.",
    ),
]
_LONGEST_REASON = 2000


class ApprovalOptions(Struct):
    """What was said of approvals: the plan file, approvals of it, why nobody is waited for (empty: they are)."""

    plan: ApprovedPlan | None
    given: tuple[SignedApproval, ...]
    emergency: str

    def permit(
        self, work: CommandContext, ledger: Ledger, run: ApplyRun, *, report: Callable[[str], None]
    ) -> Callable[[Plan, Base], None]:
        """Given a run, return what raises Refused, given the plan as it is then, where approvals are missing."""
        permission = Permission(
            work.workspace,
            work.head,
            ledger,
            run.id,
            report,
            plan=run.arguments.plan,
            requester=run.arguments.requester,
            seal=self.plan.seal if self.plan else "",
            given=self.given,
            emergency=self.emergency,
        )

        def permit(plan: Plan, base: Base) -> None:
            if self.plan is not None:
                check_content(self.plan.content, plan)
            permission.check(plan, base)

        return permit


def read_approvals(work: CommandContext, plan: Path | None, named: Sequence[Path] | None) -> tuple[SignedApproval, ...]:
    """Given a plan file and files that were named, return the approvals in those.

    Without such files: in all that lie beside the plan, and in the notes on its commit; a note that is no approval is
    left out, as anybody who may push can write one. Raise Refused when a file is no approval.
    """
    if named:
        return tuple(read_approval(file) for file in named)
    if plan is None:
        return ()
    begin = f"{plan.name}."
    beside = sorted(plan.parent.glob(f"*{SUFFIX}"))
    return (*(read_approval(file) for file in beside if file.name.startswith(begin)), *_noted(work))


def _noted(work: CommandContext) -> Iterator[SignedApproval]:
    """Yield the approvals in notes on the commit that was compiled."""
    commit = work.head.commit.partition("+")[0]
    notes = approvals_at(work.workspace.folder, commit) if commit else {}
    for ref, data in notes.items():
        with suppress(Refused):
            yield parse_approval(data, ref)


def emergency_reason(reason: str, *, emergency: bool, sure: bool) -> str:
    """Given what was said of an emergency, return why nobody is waited for; empty: it is none. Raise Refused."""
    reason = reason.strip()
    if emergency and not reason:
        raise Refused("--emergency: a reason is required", hint="--reason TEXT; it is recorded and reviewed")
    if reason and not emergency:
        raise Refused("--reason is for --emergency")
    if emergency and not sure:
        raise Refused("--emergency: nobody is asked again", hint="use it with --yes or a plan file")
    if len(reason) > _LONGEST_REASON:
        raise Refused(f"--reason: expected at most {_LONGEST_REASON} characters, got {len(reason)}")
    return reason
