"""Whose signatures the commits of a change have, where an approval of the base asks for signed commits.

In: the base, the contract as it is to be, what is needed. Out: who signed; commits that do not count, each with why.
Keys have to be valid when opspact sees the commits: the time that a commit names is the word of whoever made it.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from opspact.errors import Refused
from opspact.evidence.approvals import Requirement
from opspact.fleet.signers import signers_of
from opspact.fleet.ssh_signature import InvalidSignature, Signer, verify
from opspact.rollout.base import Base
from opspact.structs import Struct
from opspact.text.names import list_names
from opspact.workspace.commit_signature import GIT_NAMESPACE, CommitSignature, commit_signature
from opspact.workspace.commits import new_commits
from opspact.workspace.workspace import Compiled

UNCOMMITTED, UNKNOWN = "uncommitted", "unknown"
NOT_CHECKED = "signatures of commits are not checked: nobody has a signing key"
_SHOWN = 3


class RefusedCommit(Struct):
    """A commit whose signature does not count, and why; `UNCOMMITTED` files; or commits that are `UNKNOWN`."""

    commit: str
    why: str


class CommitSignatures(Struct):
    """What was found of a change's commits. `approvals`: names of those that ask for signatures; none: nobody does.

    `people` have signed those that count. `is_checked`: somebody of the base has a key; else nobody could sign.
    """

    approvals: tuple[str, ...] = ()
    people: frozenset[str] = frozenset()
    refused: tuple[RefusedCommit, ...] = ()
    is_checked: bool = True

    @property
    def words(self) -> str:
        """Return what is wrong in words; empty: nothing is."""
        if not self.refused:
            return ""
        reasons = list_names([f"{each.commit[:12]}: {each.why}" for each in self.refused], _SHOWN)
        return f"commits are not signed as approval {', '.join(self.approvals)} asks: {reasons}"


def signed_commits(
    folder: Path, base: Base, head: Compiled, *, needed: Iterable[Requirement], at: datetime
) -> CommitSignatures:
    """Given the contract's folder, what decides, what is to be applied, and its requirements, check what is new there.

    Where nothing was applied before, the head alone is: it names all that is before it. What git cannot read does not
    count.
    """
    asking = tuple(each.approval.name for each in needed if each.approval.signed_commits)
    signers = signers_of(base.contract)
    if not asking or not signers:
        return CommitSignatures(asking, is_checked=not asking)
    commit, _, dirty = head.commit.partition("+")
    refused = [RefusedCommit(UNCOMMITTED, "files differ from the commit")] if dirty else []
    if not commit:
        refused.append(RefusedCommit(UNCOMMITTED, "the contract is not in git"))
    people, new = set(), {}
    try:
        new = new_commits(folder, "" if base.why else base.commit, commit) if commit else {}
    except Refused as error:
        refused.append(RefusedCommit(UNKNOWN, f"{error.args[0]}; {error.hint}"))
    for name, data in new.items():
        try:
            people.add(_signed_by(commit_signature(name, data), signers, at))
        except InvalidSignature as error:
            refused.append(RefusedCommit(name, str(error)))
    return CommitSignatures(asking, frozenset(people), tuple(refused))


def _signed_by(found: CommitSignature, signers: tuple[Signer, ...], at: datetime) -> str:
    if not found.signature:
        raise InvalidSignature("it is not signed")
    return verify(found.content, found.signature, signers, namespace=GIT_NAMESPACE, at=at).person


def check_signed(found: CommitSignatures) -> None:
    """Given what was found, raise Refused where commits are not signed as they have to be."""
    if found.refused:
        raise Refused(
            found.words,
            hint="sign them by a key of the contract: `git rebase --exec 'git commit --amend -S --no-edit'`",
        )
