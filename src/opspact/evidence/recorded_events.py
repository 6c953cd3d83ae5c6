"""What a ledger holds of a contract's jobs and hosts: the newest event of every subject, older ones when needed.

Comes in: a ledger or none, a contract's name. Goes out: recorded events.

It costs by the number of subjects, not by that of events.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from opspact.evidence.check_attempts import is_whole
from opspact.evidence.server_reports import Taken
from opspact.ledger.apply_events import CheckSource as Source
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.event import SealedEvent
from opspact.ledger.event_type import EventType
from opspact.ledger.events import Recorded
from opspact.ledger.host_answers import HostAnswer, first_unreachable, newest_answers
from opspact.ledger.job_events import HostReach, JobResult
from opspact.ledger.person_events import PersonRecorded
from opspact.ledger.policy_history import PolicyHistory, policy_histories
from opspact.ledger.redaction_events import RedactionChecked
from opspact.ledger.review_events import LogBaseline, LogsReviewed
from opspact.ledger.runbook_events import RunbookStarted
from opspact.ledger.store import Ledger
from opspact.obligations.evidence import Unreachable
from opspact.steps.check import Reach

E = TypeVar("E", bound=EventType)


class RecordedEvents:
    """Events of one contract, the newest first. Every look-up is made once, when it is asked for first."""

    def __init__(self, contract: str, ledger: Ledger | None) -> None:
        self._contract, self._ledger = contract, ledger
        self._silent: dict[str, Unreachable] = {}
        self._applies: dict[str, HostChecked | None] = {}
        self._looks: dict[str, tuple[Recorded[HostChecked], ...]] = {}

    @cached_property
    def results(self) -> Mapping[str, Taken]:
        """The newest result of each job on each host, by subject."""
        return self._newest(JobResult, "job/")

    @cached_property
    def checks(self) -> Mapping[str, Recorded[HostChecked]]:
        """The newest check of each host, by subject."""
        return self._newest(HostChecked, "host/")

    @cached_property
    def baselines(self) -> Mapping[str, Recorded[LogBaseline]]:
        """What is usual by each log review on each host, by subject."""
        return self._newest(LogBaseline, "job/")

    @cached_property
    def reviews(self) -> Mapping[str, Recorded[LogsReviewed]]:
        """The newest record that the reports of each log review on each host were read, by subject."""
        return self._newest(LogsReviewed, "job/")

    @cached_property
    def histories(self) -> Mapping[str, PolicyHistory]:
        """The history of each policy (`kind/name`) that was ever applied."""
        return policy_histories(self._ledger, self._contract) if self._ledger else {}

    def newest_record(self, policy: str, what: str) -> Recorded[PersonRecorded] | None:
        """Given a policy (`kind/name`) and what is owed, return what a person recorded of it last; None: nothing."""
        records = self._all(self._records, f"policy/{policy}")
        return next((each for each in records if each.event.what == what), None)

    def of_policy(self, kind: type[E], policy: str) -> Iterator[Recorded[E]]:
        """Yield all events of a type that are about a policy (`kind/name`), the oldest first."""
        if self._ledger is not None:
            yield from self._ledger.read(kind, contract=self._contract, subject=f"policy/{policy}")

    def of_run(self, kind: type[E], run: str) -> Iterator[Recorded[E]]:
        """Yield all events of a type that are about a run, the oldest first."""
        if self._ledger is not None:
            yield from self._ledger.read(kind, contract=self._contract, subject=f"run/{run}")

    @cached_property
    def runbook_runs(self) -> Mapping[str, tuple[Recorded[RunbookStarted], ...]]:
        """The runs of each runbook, by its name, the oldest first."""
        found: dict[str, tuple[Recorded[RunbookStarted], ...]] = {}
        for each in self._ledger.read(RunbookStarted, contract=self._contract) if self._ledger else ():
            found[each.event.runbook] = (*found.get(each.event.runbook, ()), each)
        return found

    def of_job(self, subject: str) -> Iterator[Taken]:
        """Yield the results of a job on a host, the newest first; more than that one is read when it is asked for."""
        return self._all(self.results, subject)

    def of_job_since(self, subject: str, since: datetime) -> Iterator[Taken]:
        """Yield the results of a job on a host that were recorded since a time (aware), the oldest first."""
        if self._ledger:
            yield from self._ledger.read(JobResult, contract=self._contract, subject=subject, since=since)

    def of_host(self, host: str) -> tuple[Recorded[HostChecked], ...]:
        """Return the checks of a host, the newest first, back to the first one that left no step unknown."""
        if host not in self._looks:
            found = []
            for each in self._all(self.checks, f"host/{host}"):
                found.append(each)
                if is_whole(each.event):
                    break
            self._looks[host] = tuple(found)
        return self._looks[host]

    def newest_apply(self, subject: str) -> HostChecked | None:
        """Given a host (`host/NAME`), return the check that ended the newest apply that reached it; None: none did."""
        if self._ledger is None:
            return None
        if subject not in self._applies:
            checks = self._ledger.read(HostChecked, contract=self._contract, subject=subject, newest_first=True)
            applies = (each.event for each in checks if each.event.source is Source.APPLY)
            self._applies[subject] = next((each for each in applies if each.reach is Reach.REACHED), None)
        return self._applies[subject]

    def unreachable(self, host: str) -> Unreachable | None:
        """Return since when a host does not answer; None: it did when it was last asked, or nobody ever asked."""
        subject = f"host/{host}"
        newest = self._answers.get(subject)
        if newest is None or self._ledger is None or not newest.event.reach.is_unreachable:
            return None
        if host not in self._silent:
            first = first_unreachable(self._ledger, subject, contract=self._contract)
            self._silent[host] = Unreachable(first.at, first.event.detail or first.event.reach.value)
        return self._silent[host]

    @cached_property
    def redaction_checks(self) -> Mapping[str, Recorded[RedactionChecked]]:
        """The newest check of each redaction, by subject."""
        return self._newest(RedactionChecked, "policy/")

    @cached_property
    def _records(self) -> Mapping[str, Recorded[PersonRecorded]]:
        return self._newest(PersonRecorded, "policy/")

    @cached_property
    def _answers(self) -> Mapping[str, HostAnswer]:
        return newest_answers(self._newest(HostReach, "host/"), self.checks)

    def sealed(self, sequence: int) -> SealedEvent | None:
        """Return the event of a sequence number, of whatever contract; None: there is none."""
        return self._ledger.sealed_at(sequence) if self._ledger else None

    def _newest(self, kind: type[E], prefix: str) -> dict[str, Recorded[E]]:
        if self._ledger is None:
            return {}
        return self._ledger.newest_by_subject(kind, contract=self._contract, prefix=prefix)

    def _all(self, known: Mapping[str, Recorded[E]], subject: str) -> Iterator[Recorded[E]]:
        """Given the newest event by subject, yield all of that type and subject, the newest first, as they are read."""
        newest = known.get(subject)
        if newest is None or self._ledger is None:
            return
        yield newest
        kind = type(newest.event)
        for each in self._ledger.read(kind, contract=self._contract, subject=subject, newest_first=True):
            if each.sequence < newest.sequence:
                yield each
