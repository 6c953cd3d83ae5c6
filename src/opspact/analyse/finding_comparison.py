"""What the analysis finds after a change of the policies that it did not find before, and the other way round.

In: findings of a contract before and after. Out: those that are new, gone, or weigh differently.
"""

from collections.abc import Iterable, Mapping

from opspact.model.finding import Finding
from opspact.structs import Struct

Identity = tuple[str, str, str]


class FindingComparison(Struct):
    """Findings that are `new`, those that are `gone`, and those that weigh differently (before, after): accepted."""

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    changed: tuple[tuple[Finding, Finding], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether both sides have the same findings."""
        return not (self.new or self.gone or self.changed)


def compare_findings(before: Iterable[Finding], after: Iterable[Finding]) -> FindingComparison:
    """Given what is found before and after a change, return what differs.

    A finding is the same by its code, its policy and its message; the line on which it is written does not count.
    """
    was, now = _by_identity(before), _by_identity(after)
    return FindingComparison(
        new=tuple(finding for identity, finding in now.items() if identity not in was),
        gone=tuple(finding for identity, finding in was.items() if identity not in now),
        changed=tuple(
            (was[identity], finding)
            for identity, finding in now.items()
            if identity in was and was[identity].severity is not finding.severity
        ),
    )


def _by_identity(findings: Iterable[Finding]) -> Mapping[Identity, Finding]:
    return {(finding.code, finding.policy, finding.message): finding for finding in findings}
