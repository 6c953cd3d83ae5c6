"""What a verify comes to, in numbers: the checks, and what is wrong beside them.

In: a survey, the hosts that left the inventory. Out: values for the reports of verify.
"""

from collections import Counter
from collections.abc import Mapping

from opspact.plan.change import Action, Change
from opspact.plan.manifest_state import HostManifest, ManifestState
from opspact.plan.orphan import OrphanHost
from opspact.rollout.outcome import is_converged
from opspact.rollout.survey import Survey
from opspact.steps.check import Reach, State
from opspact.structs import Struct, field


class HostFindings(Struct):
    """What is wrong beside one host's checks: orphans (steps that left the policies), and its manifest.

    `removable`: orphans that apply removes; `kept`: orphans that stay.
    """

    removable: tuple[Change, ...] = ()
    kept: tuple[Change, ...] = ()
    manifest: HostManifest = field(default_factory=HostManifest)

    @property
    def orphans(self) -> int:
        """How many steps left the policies and are still in the host's manifest."""
        return len(self.removable) + len(self.kept)

    @property
    def number(self) -> int:
        """How many findings that is."""
        return self.orphans + bool(self.manifest.detail)


NO_FINDINGS = HostFindings()


class VerifyResult(Struct):
    """A survey in numbers. `findings`: the hosts on which something beside the checks is wrong, and what.

    `orphan_hosts` are hosts that left the inventory with something of ours on them: they cannot be checked.
    """

    survey: Survey
    findings: Mapping[str, HostFindings]
    orphan_hosts: tuple[OrphanHost, ...] = ()

    def of(self, host: str) -> HostFindings:
        """Given a host, return what is wrong there beside its checks."""
        return self.findings.get(host, NO_FINDINGS)

    def count(self, state: State) -> int:
        """Return how many checks are in that state, over all hosts."""
        return sum(result.count(state) for result in self.survey.results.values())

    @property
    def planned(self) -> int:
        """How many checks there are."""
        return sum(len(result.checks) for result in self.survey.results.values())

    @property
    def orphans(self) -> int:
        """How many steps left the policies and are still in manifests on hosts."""
        return sum(findings.orphans for findings in self.findings.values())

    @property
    def manifests(self) -> Mapping[ManifestState, int]:
        """How many hosts' manifests are in each state but ok."""
        return Counter(it.manifest.state for it in self.findings.values() if it.manifest.state is not ManifestState.OK)

    @property
    def unreachable(self) -> int:
        """How many hosts were not reached."""
        return sum(result.reach is not Reach.REACHED for result in self.survey.results.values())

    def is_good(self, name: str) -> bool:
        """Whether a host was reached, all its checks and its manifest are ok, and it has no orphans."""
        return is_converged(self.survey.results[name]) and name not in self.findings

    @property
    def is_clean(self) -> bool:
        """Whether every host is good, and none left the inventory with something on it."""
        return self.count(State.OK) == self.planned and not (self.findings or self.unreachable or self.orphan_hosts)


def verify_result(survey: Survey, orphan_hosts: tuple[OrphanHost, ...] = ()) -> VerifyResult:
    """Given a survey and the hosts that left the inventory, return what it comes to."""
    found = {
        plan.name: HostFindings(
            plan.of(Action.REMOVE), plan.of(Action.RELEASE), survey.manifests.get(plan.name, NO_FINDINGS.manifest)
        )
        for plan in survey.plans()
    }
    return VerifyResult(survey, {name: findings for name, findings in found.items() if findings.number}, orphan_hosts)
