"""Findings that are lived with, openly.

Comes in: values from `resolve.contract`. Goes out: frozen values, held by the contract.
"""

from datetime import date

from opspact.model.finding import Finding
from opspact.model.origin import Origin
from opspact.structs import Struct


class Accepted(Struct):
    """One finding about one policy, accepted by somebody (a person's or a team's name) until a day, that day included.

    `file` and `policy` (the name alone) are those of the policy that the finding is about; `only`: the hosts.
    """

    name: str
    finding: str
    file: str
    policy: str
    only: tuple[str, ...]
    reason: str
    by: str
    until: date
    origin: Origin

    def is_about(self, finding: Finding) -> bool:
        """Whether a finding is the one that is meant, of whatever hosts."""
        about = (finding.code, finding.place.file, finding.policy.partition("/")[2])
        return about == (self.finding, self.file, self.policy)

    def holds_for(self, finding: Finding) -> bool:
        """Whether a finding is accepted by this: the one that is meant, and about no other hosts."""
        narrows_nothing = bool(self.only) and not finding.about
        return self.is_about(finding) and not narrows_nothing and set(finding.about) <= set(self.only)
