"""What is owed in time before and after a change of the policies, without looking at any evidence.

In: two contracts with each host's work. Out: obligations that are new, gone, due at other times or owed otherwise.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from opspact.compile.obligations import (
    check_obligation,
    checked_hosts,
    evidence_limit,
    evidence_limits,
    policy_obligations,
)
from opspact.compile.shape import Work
from opspact.model.contract import Contract
from opspact.obligations.obligation import AfterEach, Due, Obligation, Proof, Scheduled, Within
from opspact.structs import Struct, replace

Terms = tuple[object, ...]
"""What distinguishes how two obligations are owed: when, by which proof, for which clauses. Not in which words."""


class ObligationGroup(Struct):
    """What one policy owes under one name (`backup run`) on the same terms of these subjects; `first` is one of it."""

    first: Obligation
    subjects: tuple[str, ...]


Obligations = Mapping[tuple[str, str], Mapping[Terms, ObligationGroup]]
"""What a contract owes, by policy and name, then by terms: ten thousand hosts are compared by a few."""


class ObligationDifference(StrEnum):
    """How an obligation differs after a change; the values are those of a plan's JSON."""

    NEW = "new"
    GONE = "gone"
    DUE = "due"  # owed at other times
    TERMS = "terms"  # proved in another way, for other clauses, or carried out now and not before


class ObligationChange(Struct):
    """How what a policy owes of these subjects differs; `before` and `after` are one of it, None where it is not."""

    difference: ObligationDifference
    subjects: tuple[str, ...]
    before: Obligation | None
    after: Obligation | None

    @property
    def obligation(self) -> Obligation:
        """The obligation as it is, or as it was where it is gone."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a change has an obligation before or after")
        return found


def obligation_groups(contract: Contract, work: Mapping[str, Work]) -> Obligations:
    """Given a contract and each host's work, return what is owed, subjects on the same terms together."""
    limits = evidence_limits(contract)
    found: dict[tuple[str, str], dict[Terms, tuple[Obligation, list[str]]]] = {}

    def subjects_of(each: Obligation) -> list[str]:
        first = replace(each, evidence_within=evidence_limit(each.clauses, limits))
        return found.setdefault((each.policy, each.what), {}).setdefault(_terms(first), (first, []))[1]

    for policy, hosts in checked_hosts(work).items():
        subjects_of(check_obligation(contract, policy, hosts[0], limits=limits)).extend(
            f"host/{host}" for host in hosts
        )
    known: dict[tuple[object, ...], tuple[list[str], Obligation]] = {}  # kept, so that no other has its parts' ids
    for each in policy_obligations(contract):
        alike = (id(each.origin), each.what, id(each.due), each.source is None)
        if alike not in known:
            known[alike] = (subjects_of(each), each)
        known[alike][0].append(each.subject)
    return {
        name: {terms: ObligationGroup(first, tuple(subjects)) for terms, (first, subjects) in of_name.items()}
        for name, of_name in found.items()
    }


def _terms(obligation: Obligation) -> Terms:
    is_carried_out = obligation.source is not None
    limit = None if obligation.proof is Proof.CHECK else obligation.evidence_within
    return (_due_terms(obligation.due), obligation.proof, is_carried_out, obligation.clauses, limit)


def _due_terms(due: Due | None) -> Due | None:
    """Return when something is owed without the words for it: `daily at 02:00` is `0 2 * * *`."""
    match due:
        case Scheduled():
            return replace(due, schedule=replace(due.schedule, text=""))
        case Within() | AfterEach():
            return replace(due, text="")
        case None:
            return None


def compare_obligations(before: Obligations, after: Obligations) -> tuple[ObligationChange, ...]:
    """Given what was and what is owed, return what differs, by policy and name, subjects that differ alike together."""
    return tuple(
        change for name in sorted({*before, *after}) for change in _of_name(before.get(name, {}), after.get(name, {}))
    )


def _of_name(
    before: Mapping[Terms, ObligationGroup], after: Mapping[Terms, ObligationGroup]
) -> Iterator[ObligationChange]:
    """Yield how what one policy owes under one name differs."""
    if before.keys() == after.keys() and all(before[terms].subjects == after[terms].subjects for terms in before):
        return
    old = {subject: terms for terms, of_terms in before.items() for subject in of_terms.subjects}
    new = {subject: terms for terms, of_terms in after.items() for subject in of_terms.subjects}
    groups: dict[tuple[Terms | None, Terms | None], list[str]] = {}
    for subject in {**old, **new}:
        was, now = old.get(subject), new.get(subject)
        if was != now:
            groups.setdefault((was, now), []).append(subject)
    for (was, now), subjects in groups.items():
        yield ObligationChange(
            _difference(was, now),
            tuple(subjects),
            before=before[was].first if was else None,
            after=after[now].first if now else None,
        )


def _difference(was: Terms | None, now: Terms | None) -> ObligationDifference:
    if was is None:
        return ObligationDifference.NEW
    if now is None:
        return ObligationDifference.GONE
    return ObligationDifference.DUE if was[0] != now[0] else ObligationDifference.TERMS
