"""Who can approve, compared with before a change: somebody else, somebody longer, or nobody any more.

Comes in: a rule context, `before` included. Goes out: violations of OP506, which `reductions` lists. Without it,
whoever may change policies could first let themselves approve, and then approve.
"""

from collections.abc import Iterator
from datetime import date, datetime

from opspact.analyse.rule import RuleContext, Violation
from opspact.model.contract import Contract
from opspact.model.policies.approval import Approval
from opspact.model.policies.person import Person, SigningKey
from opspact.values.period import OpenPeriod

_Keys = dict[tuple[str, str], list[tuple[Person, SigningKey]]]


def find_other_approvers(context: RuleContext) -> Iterator[Violation]:
    """Given two versions of a contract, find who can give an approval and could not, and what nobody can any more."""
    if context.before is None:
        return
    for approval in context.before.approvals:
        before = _keys(context.before, approval)
        if not before:
            continue  # whose keys are the first ones is for people to see
        after = _keys(context.contract, approval)
        subject = f"approval/{approval.name}"
        if subject not in context.contract.policy_index.policies:
            if not approval.origin.clauses:  # else OP500
                yield Violation("", f"approval {approval.name} is removed", subject=subject)
        elif not after:
            yield Violation(subject, f"nobody can give approval {approval.name} any more: no signing key is left")
        for (name, key), entries in after.items():
            if not all(any(_within(new, old) for old in before.get((name, key), ())) for new in entries):
                known = "longer than before" if (name, key) in before else "who could not before"
                message = f"{name} can give approval {approval.name} by the key …{key[-12:]}, {known}"
                yield Violation(f"person/{name}", message, ("signing_keys",), subject=f"{subject} {key}")


def _keys(contract: Contract, approval: Approval) -> _Keys:
    """Return the keys that can give an approval, by person and key; a key may be written twice, for two spans."""
    found: _Keys = {}
    for person in contract.people.values():
        for key in person.signing_keys if approval.role in person.teams else ():
            found.setdefault((person.name, key.key.split()[1]), []).append((person, key))
    return found


def _within(new: tuple[Person, SigningKey], old: tuple[Person, SigningKey]) -> bool:
    """Whether a key signs at no time at which it did not before."""
    (person, key), (former, former_key) = new, old
    days = OpenPeriod(key.first or date.min, key.last)
    former_days = OpenPeriod(former_key.first or date.min, former_key.last)
    employed = all(any(_is_in(one, other) for other in former.employed) for one in person.employed)
    return employed and _is_in(days, former_days) and _end(key) <= _end(former_key)


def _is_in(one: OpenPeriod, other: OpenPeriod) -> bool:
    return other.first <= one.first and (one.last or date.max) <= (other.last or date.max)


def _end(key: SigningKey) -> float:
    return float("inf") if key.revoked is None else datetime.timestamp(key.revoked)
