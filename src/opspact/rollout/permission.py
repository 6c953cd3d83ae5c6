"""Whether a plan may be carried out: by the approvals that the base asks for, or in an emergency without them.

In: the plan, approvals, the ledger. Out: nothing; Refused, with what is missing and how to get it. What is received of
approvals is recorded, and what is not waited for.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from opspact.errors import Refused
from opspact.evidence.approvals import (
    ApprovalStatus,
    Requirement,
    approval_status,
    missing_words,
    people_named,
    reason_not_checked,
)
from opspact.ledger.approval_events import ApprovalSkipped
from opspact.ledger.context import Context
from opspact.ledger.store import Ledger
from opspact.plan.plan import Plan
from opspact.rollout.approval_check import ApprovalSubject, received
from opspact.rollout.approval_requirements import requirements
from opspact.rollout.approval_statement import SignedApproval
from opspact.rollout.base import Base
from opspact.rollout.signed_commits import NOT_CHECKED, check_signed, signed_commits
from opspact.structs import Struct
from opspact.workspace.commits import authors
from opspact.workspace.workspace import Compiled, Workspace, actor, context

HINT = (
    "create the plan with `opspact plan --live --out FILE`, have it signed with `opspact plan approve FILE`, "
    "then `opspact apply FILE`"
)


class Permission(Struct):
    """What an apply is permitted by. `run`: its name; `plan`: the digest of the approved plan, empty without a file.

    `requester` made the plan file, `seal` is over its text. `given`: approvals that came with it. `emergency`: why
    nobody is waited for, empty: they are. `report` is given what is not checked.
    """

    workspace: Workspace
    head: Compiled
    ledger: Ledger
    run: str
    report: Callable[[str], None]
    plan: str = ""
    requester: str = ""
    seal: str = ""
    given: tuple[SignedApproval, ...] = ()
    emergency: str = ""

    def check(self, plan: Plan, base: Base) -> None:
        """Given the plan as it is now, and what decides, raise Refused unless all approvals are there that it needs."""
        needed = requirements(base, self.head.contract, plan, day=self.head.day)
        commits = signed_commits(
            self.workspace.folder, base, self.head, needed=needed, at=self._context(plan.digest).at
        )
        check_signed(commits)
        if not commits.is_checked:
            self.report(NOT_CHECKED)
        for each in needed:
            if not each.is_checked:
                self.report(f"approval {each.approval.name} is not checked: {reason_not_checked(each)}")
        checked = [each for each in needed if each.is_checked]
        if not checked:
            return
        standings = self._standings(base, checked, self.plan or plan.digest, signers=commits.people)
        missing = [each for each in standings if each.missing]
        if missing and self.emergency:
            self._skip(base, missing, plan)
        elif missing:
            raise Refused("; ".join(map(missing_words, missing)), hint=HINT)

    def _standings(
        self, base: Base, needed: Iterable[Requirement], digest: str, *, signers: Iterable[str]
    ) -> Iterator[ApprovalStatus]:
        contract = self.head.contract
        thing = ApprovalSubject(contract.name, contract.digest, digest, self.requester or actor(), self.seal)
        recording = partial(self._context, digest)
        approvals = received(self.ledger, self.given, thing, base=base.contract, context=recording)
        asked = requested_by(self.workspace, base, self.head, names=(thing.requester, *signers))
        at = recording().at
        return (approval_status(each, approvals, requesters=asked, at=at) for each in needed)

    def _context(self, digest: str) -> Context:
        return context(self.head, plan_digest=digest)

    def _skip(self, base: Base, missing: list[ApprovalStatus], plan: Plan) -> None:
        """Record what is not waited for. Raise Refused where a policy does not allow that."""
        closed = [each.requirement.approval.name for each in missing if not each.requirement.approval.review_within]
        if closed:
            raise Refused(
                f"approval {', '.join(closed)} is needed in an emergency too: its policy has no `emergency`", hint=HINT
            )
        person = next(iter(sorted(people_named(base.contract, (actor(),)))), "")
        hosts = tuple(host.name for host in plan.hosts if not host.is_empty)
        events = [
            ApprovalSkipped(
                policy=each.requirement.approval.origin.policy,
                run=self.run,
                plan=plan.digest,
                person=person,
                approvers=tuple(name for name in each.requirement.signers if name != person),
                hosts=hosts,
                reason=self.emergency,
            )
            for each in missing
        ]
        self.ledger.record_all(events, context=self._context(plan.digest), skip_recorded=True)
        for each in events:
            whom = ", ".join(each.approvers) or "the approvers"
            self.report(f"{each.policy} is skipped in an emergency: notify {whom}; `opspact record` records the review")


def check_rebuild(head: Compiled, plan: Plan, base: Base) -> None:
    """Given the plan of a host that is rebuilt, raise Refused where its policies are others than those of the base.

    What was there is restored without an approval. Others come by an apply, which can be approved.
    """
    if base.contract.digest == head.contract.digest:
        return
    asked = requirements(base, head.contract, plan, day=head.day)
    if needed := [each for each in asked if each.is_checked or each.approval.signed_commits]:
        names = ", ".join(each.approval.name for each in needed)
        raise Refused(
            f"the policies have changed since the last apply, which needs approval {names}",
            hint=f"rebuild from commit {base.commit[:12]}; for the change, {HINT}",
        )


def requested_by(workspace: Workspace, base: Base, head: Compiled, *, names: Iterable[str]) -> frozenset[str]:
    """Given who made, applies and signed a change, return the people who asked for it, authors of commits included."""
    written = authors(workspace.folder, base.commit, head.commit) if base.commit and head.commit else frozenset()
    return people_named(base.contract, (*names, *written))
