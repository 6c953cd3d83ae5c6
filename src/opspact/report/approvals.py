"""Approvals of a plan, shown: what is needed, who approved, whose approval does not count and why.

Comes in: how requirements stand. Goes out: lines, JSON.
"""

from collections.abc import Iterator, Sequence

from opspact.evidence.approvals import ApprovalStatus, reason_not_checked
from opspact.report.document import document
from opspact.report.lines import Line, line
from opspact.report.plan_requirements import commit_data, commit_lines, requirement_data
from opspact.rollout.base import Base
from opspact.rollout.signed_commits import CommitSignatures
from opspact.text.counts import format_count


def approval_lines(standings: Sequence[ApprovalStatus], base: Base, commits: CommitSignatures) -> Iterator[Line]:
    """Given how requirements stand, whose policies they are of, and who signed the commits, yield that for people."""
    yield line(("base: ", "title"), base.why or f"commit {base.commit[:12]}")
    if not standings:
        yield line("no approval is needed")
    for each in standings:
        approval = each.requirement.approval
        needs = f"{format_count(approval.count, 'approver')} from {approval.role}"
        for_what = " and ".join(each.requirement.occasions)
        yield line((f"{approval.name}  ", "title"), _state(each), f" ({for_what}: {needs})")
        for person in each.approvers:
            yield line((person, "good"), " approved", indent=2)
        for who, why in each.others:
            yield line((who, "doubt"), f" does not count: {why}", indent=2)
    yield from commit_lines(commits)


def _state(each: ApprovalStatus) -> tuple[str, str]:
    if not each.requirement.is_checked:
        return f"not checked: {reason_not_checked(each.requirement)}", "doubt"
    if each.missing:
        return f"{format_count(each.missing, 'approval')} missing", "bad"
    return "approved", "good"


def approval_json(plan: str, standings: Sequence[ApprovalStatus], base: Base, *, commits: CommitSignatures) -> str:
    """Given a plan's digest and the same, return it for scripts."""
    return document(
        "approvals",
        {
            "plan": plan,
            "base": base.commit,
            "complete": not (commits.refused or any(each.missing for each in standings)),
            "approvals": [
                {
                    **requirement_data(each.requirement),
                    "missing": each.missing,
                    "approved": list(each.approvers),
                    "not_counted": [{"who": who, "why": why} for who, why in each.others],
                }
                for each in standings
            ],
            **commit_data(commits),
        },
    )
