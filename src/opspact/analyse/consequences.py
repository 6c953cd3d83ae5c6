"""Which findings are consequences of which: a forest of causes with what follows from them.

Comes in: findings with the keys of `cause`. Goes out: the same findings, each with its causes; groups of them.

A finding has causes where other findings state all that it rests on: once they are remedied, so is it. What others
account for in part stays a cause of its own. Acceptance changes nothing here: a finding is accepted by itself, and what
follows from it is not.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from opspact.analyse.cause import Affected, Cause, is_empty, topics, without
from opspact.errors import Place
from opspact.model.finding import Finding, Severity
from opspact.structs import Struct, replace


class Claim(Struct):
    """A finding, what it states, and what it rests on: the nearest first.

    Keys of one class and condition belong together, and all of them must be accounted for.
    """

    finding: Finding
    states: tuple[Cause, ...] = ()
    rests_on: tuple[Cause, ...] = ()


class Group(Struct):
    """A finding that no other one causes, and all that follow from it, in order."""

    root: Finding
    consequences: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity:
        """How severe the worst finding of the group is."""
        return min((self.root, *self.consequences), key=lambda finding: finding.weight).severity

    @property
    def weight(self) -> tuple[int, str, Place, str]:
        """What groups are ordered by: the worst first, then as their roots are."""
        return replace(self.root, severity=self.severity).weight


def assign_causes(claims: Iterable[Claim]) -> tuple[Finding, ...]:
    """Given claims in any order, return their findings by code and place, each with an id and its direct causes."""
    ordered = sorted(claims, key=lambda claim: claim.finding.identity)
    causes = _Causes.of(ordered)
    # The last first: of findings that state the same, the first is the cause of the others.
    for number in reversed(range(len(ordered))):
        causes.find(number)
    keyed = [_with_id(claim.finding, number) for claim, number in zip(ordered, _numbers(ordered), strict=True)]
    return tuple(
        replace(finding, caused_by=tuple(keyed[cause].key for cause in causes.direct.get(number, ())))
        for number, finding in enumerate(keyed)
    )


def _numbers(claims: Sequence[Claim]) -> Iterator[int]:
    """Yield of each claim which one of its code it is, from 1."""
    for _, same in groupby(claims, key=lambda claim: claim.finding.code):
        yield from (number for number, _ in enumerate(same, start=1))


def _with_id(finding: Finding, number: int) -> Finding:
    return replace(finding, id=f"{finding.code}#{number}")


class _Causes(Struct):
    """Claims by their numbers: who states something about a topic, and the direct causes that are known so far."""

    claims: Sequence[Claim]
    stating: dict[str, list[int]]
    direct: dict[int, tuple[int, ...]]

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> "_Causes":
        stating: dict[str, list[int]] = {}
        for number, claim in enumerate(claims):
            for topic in dict.fromkeys(topic for each in claim.states for topic in topics(each)):
                stating.setdefault(topic, []).append(number)
        return cls(claims, stating, {})

    def find(self, number: int) -> None:
        """Find the direct causes of a claim: of its keys, the nearest that others state wholly."""
        for _, together in groupby(self.claims[number].rests_on, key=_kind):
            found: dict[int, None] = {}
            if all(self._account(number, each, found) for each in together) and found:
                self.direct[number] = tuple(sorted(found))
                return

    def _account(self, number: int, cause: Cause, found: dict[int, None]) -> bool:
        """Add to `found` who states a key that a claim rests on; return whether they do so wholly."""
        left = cause
        for other in sorted({each for topic in topics(cause) for each in self.stating.get(topic, ())}):
            if is_empty(left):
                break
            if other == number or self._follows(other, number):
                continue
            for stated in self.claims[other].states:
                less = without(left, stated)
                if less != left:
                    found[other] = None
                    left = less
        return is_empty(left)

    def _follows(self, number: int, cause: int) -> bool:
        """Whether a claim is a consequence of another one, directly or not."""
        ahead = dict.fromkeys(self.direct.get(number, ()))
        while ahead:
            each, _ = ahead.popitem()
            if each == cause:
                return True
            ahead |= dict.fromkeys(self.direct.get(each, ()))
        return False


def _kind(cause: Cause) -> tuple[type, tuple[str, ...]]:
    """Return by what keys of a claim belong together: their class, and of conditions which one."""
    return type(cause), (cause.condition,) if isinstance(cause, Affected) else ()


def group_findings(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Given findings, return each that has no cause with what follows from it, the heaviest group first.

    What follows from two is shown at both.
    """
    following: dict[str, list[Finding]] = {}
    roots = []
    for finding in findings:
        for cause in finding.caused_by:
            following.setdefault(cause.id, []).append(finding)
        if not finding.caused_by:
            roots.append(finding)
    found = (Group(root, tuple(_below(root, following))) for root in roots)
    return tuple(sorted(found, key=lambda group: group.weight))


def _below(root: Finding, following: dict[str, list[Finding]]) -> list[Finding]:
    """Return all that follow from a finding, each once, the heaviest first."""
    found: dict[str, Finding] = {}
    ahead = [root]
    for each in ahead:
        for consequence in following.get(each.id, ()):
            if consequence.id not in found:
                found[consequence.id] = consequence
                ahead.append(consequence)
    return sorted(found.values(), key=lambda finding: finding.weight)
