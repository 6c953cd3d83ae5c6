"""What differs on hosts that no policy change explains: since when, who applied there last, how often before.

In: a survey, the ledger, the contract. Out: the drift of each host, with what is intended or unknown beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from opspact.ledger.apply_events import ApplyFinished
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.plan.change import Change
from opspact.plan.change_reason import ChangeReason
from opspact.plan.manifest_state import HostManifest
from opspact.plan.plan import HostPlan
from opspact.rollout import planner
from opspact.rollout.change_reasons import last_applies, reasons_of
from opspact.rollout.drift_history import RECENT, drift_periods, recent_checks
from opspact.rollout.survey import Survey
from opspact.steps.check import Check, HostResult, Reach, State
from opspact.structs import Struct, field, replace
from opspact.workspace.workspace import Compiled, Workspace


class Difference(Struct):
    """One step that is not ok, though its policy is the same, or nobody knows whether it is (`reason`).

    `since`: the first check that found it so, None where the check could not be made. `earlier`: when drift of it began
    before, within `RECENT`.
    """

    check: Check
    reason: ChangeReason
    since: datetime | None = None
    earlier: tuple[datetime, ...] = ()


class HostDrift(Struct):
    """What differs on a host. `intended`: changes of policies that are not applied yet, which are no drift.

    `applied`: the last apply to it, if the ledger knows one.
    """

    result: HostResult
    differences: tuple[Difference, ...] = ()
    intended: tuple[Change, ...] = ()
    manifest: HostManifest = field(default_factory=HostManifest)
    applied: Recorded[ApplyFinished] | None = None

    @property
    def is_checked(self) -> bool:
        """Whether the host answered."""
        return self.result.reach is Reach.REACHED

    def of(self, reason: ChangeReason) -> tuple[Difference, ...]:
        """Given a reason, return what differs for it."""
        return tuple(each for each in self.differences if each.reason is reason)

    @property
    def is_clean(self) -> bool:
        """Whether the host was reached, and nothing differs there but what is intended."""
        return self.is_checked and not (self.differences or self.manifest.detail)


class DriftReport(Struct):
    """The drift of all chosen hosts."""

    hosts: tuple[HostDrift, ...]

    @property
    def is_clean(self) -> bool:
        """Whether every host is clean."""
        return all(host.is_clean for host in self.hosts)

    @property
    def unreachable(self) -> int:
        """How many hosts were not reached."""
        return sum(not host.is_checked for host in self.hosts)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs on all hosts."""
        return tuple(each for host in self.hosts for each in host.differences)


def find_drift(survey: Survey, ledger: Ledger, *, workspace: Workspace, head: Compiled) -> DriftReport:
    """Given a survey that is recorded already, the ledger and the contract, return what differs on each host."""
    plan = planner.live(head, survey)
    reasons = reasons_of(plan, survey, ledger, workspace=workspace, head=head)
    plans = planner.by_host(plan)
    differing = {name for name in survey.results if plans[name].changes}
    applied = last_applies(ledger, head.contract.name, differing) if differing else {}
    history = _History(ledger, head.contract, workspace.now)
    return DriftReport(
        tuple(
            HostDrift(
                result,
                tuple(history.differences(name, _differences(result, reasons.get(name, {})))),
                _intended(plans[name], reasons.get(name, {})),
                survey.manifests.get(name, _NO_MANIFEST),
                applied.get(name),
            )
            for name, result in survey.results.items()
        )
    )


_NO_MANIFEST = HostManifest()


class _History(Struct):
    """What the ledger says of earlier checks. `now`: the instant from which `RECENT` reaches back."""

    ledger: Ledger
    contract: Contract
    now: datetime

    def differences(self, host: str, found: Iterable[Difference]) -> Iterator[Difference]:
        """Given a host and what differs there, yield that with since when, and when before."""
        names = [name for name in (self.contract.name, self.contract.formerly) if name]
        failed = [it.check.step for it in found if it.check.state is State.FAILED]
        wanted = {step.identity: frozenset(origin.policy for origin in step.origins) for step in failed}
        recent = self.now - RECENT
        seen = recent_checks(self.ledger, host, wanted, contracts=names, since=recent) if wanted else ()
        for each in found:
            if (identity := each.check.step.identity) in wanted:
                *before, current = drift_periods(seen, identity, wanted[identity])
                earlier = tuple(it.began for it in before if it.is_drift and it.began >= recent)
                yield replace(each, since=current.began, earlier=earlier)
            else:
                yield each


def _differences(result: HostResult, reasons: Mapping[str, ChangeReason]) -> list[Difference]:
    """Return what differs on a host that was reached, in the order of its steps."""
    if result.reach is not Reach.REACHED:
        return []
    found = (
        Difference(check, reasons.get(check.step.identity, ChangeReason.UNKNOWN))
        for check in result.checks
        if check.state is not State.OK
    )
    return [each for each in found if each.reason is not ChangeReason.INTENDED]


def _intended(plan: HostPlan, reasons: Mapping[str, ChangeReason]) -> tuple[Change, ...]:
    return tuple(it for it in plan.changes if reasons.get(it.step.identity) is ChangeReason.INTENDED)
