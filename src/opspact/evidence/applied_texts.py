"""Which text of a policy is in effect, since when, with which schedules, and by which steps that is seen.

Comes in: a contract, each host's work, what is recorded. Goes out: texts, instants, steps.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import takewhile
from zoneinfo import ZoneInfo

from opspact.compile.policy_steps import PolicySteps, steps_by_policy
from opspact.compile.shape import Work
from opspact.evidence.check_attempts import is_kept
from opspact.evidence.recorded_events import RecordedEvents
from opspact.ledger.apply_events import AppliedJob, PolicyApplied
from opspact.ledger.events import Recorded
from opspact.ledger.policy_history import Texts
from opspact.model.contract import Contract
from opspact.obligations.schedule_history import AppliedSchedule
from opspact.steps.check import Reach

_BEFORE_RECORDS = datetime.min.replace(tzinfo=UTC)
"""Before everything that is recorded."""


class AppliedTexts:
    """The texts of the policies of a contract as they came into effect on hosts."""

    def __init__(self, contract: Contract, work: Mapping[str, Work], recorded: RecordedEvents) -> None:
        self._contract, self._work, self._recorded = contract, work, recorded

    def of(self, policy: str, host: str) -> Texts:
        """Return the texts of a policy (`kind/name`) in effect on a host without a gap, one after the other."""
        history = self._recorded.histories.get(policy)
        return history.hosts.get(host, ()) if history else ()

    def removed(self, policy: str, host: str) -> Recorded[PolicyApplied] | None:
        """Return what says that a policy was removed from a host; what is older says nothing of it any more."""
        history = self._recorded.histories.get(policy)
        return history.removed.get(host) if history else None

    def text_since(self, policy: str, host: str) -> datetime | None:
        """Return since when a policy's present text is in effect on a host; None: it is not.

        Where no apply is recorded, as in a ledger that is new, a check that found all of its steps there says that it
        is, and nobody knows since when.
        """
        if texts := self.of(policy, host):
            return self._present_since(texts, policy)
        reached = next((each for each in self._recorded.of_host(host) if each.event.reach is Reach.REACHED), None)
        wanted = self.steps(policy, host)
        return _BEFORE_RECORDS if reached and wanted and is_kept(reached, policy, wanted) else None

    def of_contract(self, policy: str) -> Texts:
        """Return the texts in which a policy was in the contract without a gap, wherever they came into effect."""
        history = self._recorded.histories.get(policy)
        known = takewhile(lambda one: one.event.digest, reversed(history.texts)) if history else ()
        return tuple(known)[::-1]

    def contract_text_since(self, policy: str) -> datetime | None:
        """Return since when a policy's present text is in effect anywhere; None: it is not."""
        texts = self.of_contract(policy)
        return self._present_since(texts, policy) if texts else None

    def _present_since(self, texts: Texts, policy: str) -> datetime | None:
        present = self._contract.policy_index.policies[policy].digest
        return next((each.at for each in _newest_alike(texts) if each.event.digest == present), None)

    def steps(self, policy: str, host: str) -> PolicySteps | None:
        """Return the steps of a policy on a host; None: it has none there."""
        return self._steps[id(self._work[host])].get(policy) if host in self._work else None

    @cached_property
    def _steps(self) -> Mapping[int, Mapping[str, PolicySteps]]:
        return steps_by_policy(self._work.values())


def jobs_since(texts: Texts, name: str) -> list[tuple[datetime, AppliedJob]]:
    """Return since when a job is in effect without a gap, as each text that came into effect says, the oldest first."""
    jobs = [(each.at, next((job for job in each.event.jobs if job.job == name), None)) for each in reversed(texts)]
    return [(at, job) for at, job in takewhile(lambda one: one[1] is not None, jobs) if job][::-1]


def schedules_of(jobs: Iterable[tuple[datetime, AppliedJob]]) -> tuple[AppliedSchedule, ...]:
    """Given since when a job is in effect, and how, return its schedules, the oldest first."""
    return tuple(AppliedSchedule(since, job.schedule, ZoneInfo(job.zone)) for since, job in jobs if job.schedule)


def _newest_alike(texts: Texts) -> Texts:
    """Return the newest text as it came into effect, before that in other zones, the oldest first."""
    alike = list(takewhile(lambda one: one.event.digest == texts[-1].event.digest, reversed(texts)))
    return tuple(reversed(alike))
