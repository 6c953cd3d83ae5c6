"""What differs on hosts that no policy change explains: since when, who applied there last, how often before.

In: a survey, the ledger, the contract. Out: the drift of each host, with what is intended or unknown beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from opspact.ledger.apply_events import ApplyFinished
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model.contract import Contract
from opspact.model.policies.known_drift import KnownDrift
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
    before, within `RECENT`. `known`: the policy that accepts it, maybe an expired one.
    """

    check: Check
    reason: ChangeReason
    since: datetime | None = None
    earlier: tuple[datetime, ...] = ()
    known: KnownDrift | None = None
    is_known: bool = False


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
        """Given a reason, return what differs for it and is not known."""
        return tuple(each for each in self.differences if each.reason is reason and not each.is_known)

    @property
    def known(self) -> tuple[Difference, ...]:
        """What differs and is known, until a day that is still to come."""
        return tuple(each for each in self.differences if each.is_known)

    @property
    def is_clean(self) -> bool:
        """Whether the host was reached, and nothing differs there but what is intended or known."""
        return self.is_checked and not (len(self.known) < len(self.differences) or self.manifest.detail)


class DriftReport(Struct):
    """The drift of all chosen hosts. `unused`: known drift of steps that none of them has.

    `fixed`: identities of steps that were fixed, by host; `why_not_fixed`: why other drift of a host was not; `notes`:
    what came of the fix besides.
    """

    hosts: tuple[HostDrift, ...]
    unused: tuple[KnownDrift, ...] = ()
    fixed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why_not_fixed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether every host is clean."""
        return all(host.is_clean for host in self.hosts)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many steps are drift, unknown, known and intended."""
        return {
            "drift": sum(len(host.of(ChangeReason.DRIFT)) for host in self.hosts),
            "unknown": sum(len(host.of(ChangeReason.UNKNOWN)) for host in self.hosts),
            "known": sum(len(host.known) for host in self.hosts),
            "intended": sum(len(host.intended) for host in self.hosts),
        }

    @property
    def unreachable(self) -> int:
        """How many hosts were not reached."""
        return sum(not host.is_checked for host in self.hosts)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs on all hosts."""
        return tuple(each for host in self.hosts for each in host.differences)


def find_drift(survey: Survey, ledger: Ledger, base: Contract, *, workspace: Workspace, head: Compiled) -> DriftReport:
    """Given a survey that is recorded already, the ledger and the contract, return what differs on each host.

    `base`: the contract that decides which drift is known: the one that was applied last.
    """
    plan = planner.live(head, survey)
    reasons = reasons_of(plan, survey, ledger, workspace=workspace, head=head)
    plans = planner.by_host(plan)
    differing = {name for name in survey.results if plans[name].changes}
    applied = last_applies(ledger, head.contract.name, differing) if differing else {}
    history = _History(ledger, head.contract, base.known_drifts, workspace.now, head.day)
    hosts = tuple(
        HostDrift(
            result,
            tuple(history.differences(name, _differences(result, reasons.get(name, {})))),
            _intended(plans[name], reasons.get(name, {})),
            survey.manifests.get(name, _NO_MANIFEST),
            applied.get(name),
        )
        for name, result in survey.results.items()
    )
    return DriftReport(hosts, _unused(base.known_drifts, survey))


_NO_MANIFEST = HostManifest()


class _History(Struct):
    """What the ledger says of earlier checks, and what drift is accepted.

    `now`: the instant from which `RECENT` reaches back; `today`: the day in the contract's zone.
    """

    ledger: Ledger
    contract: Contract
    accepted: tuple[KnownDrift, ...]
    now: datetime
    today: date

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
                known = self._known(host, identity)
                is_known = known is not None and self.today <= known.until
                yield replace(each, since=current.began, earlier=earlier, known=known, is_known=is_known)
            else:
                yield each

    def _known(self, host: str, identity: str) -> KnownDrift | None:
        """Return what accepts drift of a step, for the longest time."""
        found = (it for it in self.accepted if it.is_about(host, identity))
        return max(found, key=lambda it: it.until, default=None)


def _unused(known: Iterable[KnownDrift], survey: Survey) -> tuple[KnownDrift, ...]:
    """Return known drift all of whose hosts were checked and of whose steps none is wanted there."""
    steps = {name: [check.step.identity for check in result.checks] for name, result in survey.results.items()}
    return tuple(
        it
        for it in known
        if steps.keys() >= set(it.hosts)
        and not any(it.is_about(name, each) for name in it.hosts for each in steps[name])
    )


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
