"""What apply asks for before it carries a plan out, shown: approvals, and commits that are not signed.

Comes in: requirements, what was found of commits. Goes out: lines, JSON.
"""

from collections.abc import Iterator

from opspact.evidence.approvals import Requirement
from opspact.report.lines import Line, line
from opspact.rollout.plan_requirements import PlanRequirements
from opspact.rollout.signed_commits import NOT_CHECKED, CommitSignatures
from opspact.text.counts import format_count

_MOST_COMMITS = 20


def approval_words(requirements: PlanRequirements) -> str:
    """Given what a plan needs, return the approvals that apply will ask for; empty: none."""
    return "; ".join(_asked(each) for each in requirements.approvals)


def _asked(requirement: Requirement) -> str:
    approval = requirement.approval
    besides = ", not the requester" if approval.not_requester else ""
    who = f"{format_count(approval.count, 'approver')} from {approval.role}{besides}"
    return f"{approval.name} ({' and '.join(requirement.occasions)}): {who}"


def requirement_lines(requirements: PlanRequirements) -> Iterator[Line]:
    """Given what a plan needs, yield the approvals that apply will ask for, and the commits that do not count."""
    if words := approval_words(requirements):
        yield line(("approval needed: ", "title"), words, hang=4)
    yield from commit_lines(requirements.commits)


def commit_title(commits: CommitSignatures) -> str:
    """Given what was found of commits, return what is wrong with those that do not count."""
    return f"Commits not signed as approval {', '.join(commits.approvals)} asks ({len(commits.refused):,})"


def commit_lines(commits: CommitSignatures) -> Iterator[Line]:
    """Given what was found of commits, yield those that do not count; nothing where all do, or none has to."""
    if not commits.is_checked:
        yield line((NOT_CHECKED, "doubt"))
    if commits.refused:
        yield line((commit_title(commits), "bad"))
    for each in commits.refused[:_MOST_COMMITS]:
        yield line((f"{each.commit[:12]}  ", "title"), each.why, indent=2)
    if (more := len(commits.refused) - _MOST_COMMITS) > 0:
        yield line(f"and {more:,} more: use --format json to list all", indent=2)


def requirement_data(requirement: Requirement) -> dict[str, object]:
    """Given a requirement, return it for scripts."""
    approval = requirement.approval
    return {
        "policy": approval.origin.policy,
        "for": list(requirement.occasions),
        "role": approval.role,
        "count": approval.count,
        "not_requester": approval.not_requester,
        "expires": str(approval.expires),
        "checked": requirement.is_checked,
    }


def commit_data(commits: CommitSignatures) -> dict[str, object]:
    """Given what was found of commits, return it for scripts; nothing where no signatures are asked for."""
    if not commits.approvals:
        return {}
    refused = [{"commit": each.commit, "why": each.why} for each in commits.refused]
    return {"signed_commits": {"checked": commits.is_checked, "refused": refused}}


def requirements_data(requirements: PlanRequirements) -> dict[str, object]:
    """Given what a plan needs, return it for scripts, as keys of the plan."""
    approvals = [requirement_data(each) for each in requirements.approvals]
    return {"approvals": approvals, **commit_data(requirements.commits)}
